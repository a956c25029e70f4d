// The PACS suite over DIMSE against real ones: Orthanc and DCMTK's dcmqrscp, by C-MOVE and by C-GET.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pacsConformance, type PacsHarness } from '@interhosp/core/conformance';
import { part10Header, TRANSFER_SYNTAXES } from '@interhosp/core/dicom';
import type { PacsCapabilities, StorableInstance } from '@interhosp/core/pacs';
import {
  debianIsMissing,
  freePorts,
  startDcmqrscp,
  startOrthanc,
  type DcmtkServer,
  type Orthanc,
} from '@interhosp/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import { dimsePacs, type DimsePacs } from '../src/dimse/dimse-pacs.ts';
import { OURS, peerAt } from './dimse-archive.ts';
import { heldBytes } from './held-bytes.ts';
import { all } from './streams.ts';

type Way = 'move' | 'get';
const isLong = process.env['INTERHOSP_DOSE'] === 'long';

/** A PACS that is known to it under a port that stays the same. */
function adapterAt(
  port: number,
  ourPort: number,
  aeTitle: string,
  retrieve: Way,
  capabilities: PacsCapabilities,
  { associations, folder }: { readonly associations?: number; readonly folder?: string } = {},
): DimsePacs {
  const { onDuplicate, preservesBytes } = capabilities;
  return dimsePacs({
    peer: peerAt(port, aeTitle),
    retrieve,
    preservesBytes,
    onDuplicate,
    ...(associations !== undefined && { associations }),
    ...(folder !== undefined && { folder, commitment: 'when-supported' as const }),
    listen: { port: ourPort, callers: [{ aeTitle: parseAeTitle(aeTitle), addresses: ['127.0.0.1'] }] },
  });
}

async function unreachable(capabilities: PacsCapabilities): Promise<DimsePacs> {
  const [port = 0, ours = 0] = await freePorts(2);
  return adapterAt(port, ours, 'NOBODY', 'get', capabilities);
}

describe.skipIf(debianIsMissing())('Orthanc over DIMSE', () => {
  const capabilities: PacsCapabilities = {
    source: true,
    destination: true,
    preservesBytes: true,
    onDuplicate: 'ignore',
  };
  let orthanc: Orthanc;
  let ourPort = 0;
  beforeAll(async () => {
    [ourPort = 0] = await freePorts(1);
    orthanc = await startOrthanc({ modalities: { member: [OURS, '127.0.0.1', ourPort] } });
  });
  afterAll(() => orthanc.stop());

  for (const retrieve of ['move', 'get'] as const) {
    pacsConformance(
      { describe, it },
      {
        name: `Orthanc, C-${retrieve.toUpperCase()}`,
        capabilities,
        create: async () => {
          await orthanc.clear();
          const folder = await mkdtemp(join(tmpdir(), 'interhosp-dimse-'));
          return {
            pacs: adapterAt(orthanc.dicomPort, ourPort, orthanc.aeTitle, retrieve, capabilities, { folder }),
            seed: (instances) => upload(orthanc, instances),
            dispose: () => rm(folder, { force: true, recursive: true }),
          };
        },
        createUnreachable: () => unreachable(capabilities),
        heldBytes,
        // Its DIMSE side inflates and deflates again; see also dimse-orthanc.test.ts.
        rewrittenSyntaxes: [TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian],
      },
    );
  }
});

/**
 * What dcmqrscp agrees to: storage in explicit VR little endian alone. Left to itself it takes others too, and gives everything
 * back in one.
 */
const ONE_SYNTAX = `[[TransferSyntaxes]]
[Explicit]
TransferSyntax1 = LittleEndianExplicit
[Plain]
TransferSyntax1 = LittleEndianExplicit
TransferSyntax2 = LittleEndianImplicit
[[PresentationContexts]]
[All]
PresentationContext1 = VerificationSOPClass\\Plain
PresentationContext2 = FINDStudyRootQueryRetrieveInformationModel\\Plain
PresentationContext3 = MOVEStudyRootQueryRetrieveInformationModel\\Plain
PresentationContext4 = GETStudyRootQueryRetrieveInformationModel\\Plain
PresentationContext5 = SecondaryCaptureImageStorage\\Explicit
[[SCPSCURoleSelection]]
[Roles]
Role1 = SecondaryCaptureImageStorage\\Both
[[Profiles]]
[IN]
PresentationContexts = All
SCPSCURoleSelection = Roles
[OUT]
PresentationContexts = All
`;

describe.skipIf(debianIsMissing())('dcmqrscp over DIMSE', () => {
  // It rewrites what it is given: lengths of sequences and groups, and it sends what it has written.
  const capabilities: PacsCapabilities = {
    source: true,
    destination: true,
    preservesBytes: false,
    onDuplicate: 'unknown',
  };
  let ourPort = 0;
  beforeAll(async () => {
    [ourPort = 0] = await freePorts(1);
  });

  // A process for each test takes its time: one way in the gate, both at night.
  for (const retrieve of isLong ? (['move', 'get'] as const) : (['move'] as const)) {
    pacsConformance(
      { describe, it },
      {
        name: `dcmqrscp, C-${retrieve.toUpperCase()}`,
        capabilities,
        create: async () => await overDcmqrscp(retrieve),
        createUnreachable: () => unreachable(capabilities),
        heldBytes,
        syntaxes: [TRANSFER_SYNTAXES.ExplicitVRLittleEndian],
      },
    );
  }

  async function overDcmqrscp(retrieve: Way): Promise<PacsHarness> {
    const folder = await mkdtemp(join(tmpdir(), 'interhosp-dimse-'));
    const file = join(folder, 'associations.cfg');
    await writeFile(file, ONE_SYNTAX);
    const server: DcmtkServer = await startDcmqrscp({
      args: ['-xf', file, 'IN', 'OUT'],
      peers: [[OURS, '127.0.0.1', ourPort]],
    });
    // Two that store at the same time overwrite each other's entry in its index: it answers Success and lists one.
    const pacs = adapterAt(server.port, ourPort, server.aeTitle, retrieve, capabilities, { associations: 1, folder });
    return {
      pacs,
      seed: async (instances) => void (await all(pacs.store(instances))),
      dispose: async () => {
        await server.stop();
        await rm(folder, { force: true, recursive: true });
      },
    };
  }
});

/** By the REST API: no DIMSE service of ours has touched what comes back. */
async function upload({ url }: Orthanc, instances: readonly StorableInstance[]): Promise<void> {
  for (const instance of instances) {
    const body = Buffer.concat([part10Header(instance), ...(await all(instance.dataSet()))]);
    const answer = await fetch(`${url}/instances`, { method: 'POST', body: new Uint8Array(body) });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`Orthanc took no instance: ${answer.status}`);
  }
}
