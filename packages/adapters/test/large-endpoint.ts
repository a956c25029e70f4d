/**
 * One side of a transfer, as a process of its own so that its memory can be measured: our server, whose PACS makes and
 * digests instances instead of keeping them, or our client. It is told what to do, and tells how it went, by messages.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dicomwebPacs, dicomwebServer } from '@interhosp/adapters/dicomweb';
import { dimsePacs, dimseServer, parseAeTitle } from '@interhosp/adapters/dimse';
import type { Pacs, StorableInstance } from '@interhosp/core/pacs';
import { openStoreInbox } from '../src/dimse/pushed/store-inbox.ts';
import { processClock } from '../src/dimse/pacs-options.ts';
import { openDimseServer } from '../src/dimse/server/service.ts';
import { storageService } from '../src/dimse/store/storage-service.ts';
import { digestOf, largeInstance } from './large-instance.ts';

/** Over which protocol, and to what: a PACS of ours, or the inbox of a member, on its disk. */
export type Way = 'dicomweb' | 'dimse' | 'dimse-inbox';

/** What a process is told. */
export type Order =
  | { readonly kind: 'serve'; readonly way: Way; readonly lengthBytes: number }
  | { readonly kind: 'store' | 'retrieve'; readonly way: Way; readonly address: string; readonly lengthBytes: number }
  | { readonly kind: 'usage' };

/** What it answers. */
export interface Report {
  /** A URL for DICOMweb, a port for DIMSE. */
  readonly address?: string;
  /** Of what was stored here or retrieved. */
  readonly digests?: ReadonlyArray<{ readonly sha256: string; readonly bytes: number }>;
  readonly statuses?: readonly string[];
  readonly seconds?: number;
  /** VmHWM, in MB of 10^6 bytes: the most this process ever held. */
  readonly peakRssMb?: number;
  readonly error?: string;
}

const SERVER_AE = parseAeTitle('SERVER');
const digests: { readonly sha256: string; readonly bytes: number }[] = [];

process.on('message', (order: Order) => {
  obey(order).then(
    (report) => process.send?.(report),
    (error: unknown) => process.send?.({ error: String(error) } satisfies Report),
  );
});
process.once('disconnect', () => process.exit());

/** Reads what an inbox holds; undefined without one. */
let readInbox: (() => Promise<void>) | undefined;

async function obey(order: Order): Promise<Report> {
  if (order.kind === 'usage') {
    const peak = await peakRssMb();
    await readInbox?.();
    return { digests, peakRssMb: peak };
  }
  const instance = await largeInstance(order.lengthBytes);
  if (order.kind === 'serve') return { address: await serve(order.way, instance) };
  const pacs = order.way === 'dicomweb' ? dicomwebPacs({ baseUrl: order.address }) : dimse(Number(order.address));
  const startedMs = performance.now();
  const statuses: string[] = [];
  if (order.kind === 'store') {
    for await (const { status } of pacs.store([instance])) statuses.push(status);
  } else {
    for await (const { dataSet } of pacs.retrieve(instance.studyInstanceUid)) digests.push(await digestOf(dataSet));
  }
  const seconds = (performance.now() - startedMs) / 1000;
  await pacs.stop();
  return { statuses, digests, seconds, peakRssMb: await peakRssMb() };
}

function dimse(port: number): Pacs {
  const peer = { host: '127.0.0.1', port, calledAe: SERVER_AE, callingAe: parseAeTitle('LARGE') };
  return dimsePacs({ peer, retrieve: 'get' });
}

async function serve(way: Way, instance: StorableInstance): Promise<string> {
  if (way === 'dimse-inbox') return await serveInbox(instance);
  const pacs = streamingPacs(instance);
  const server = way === 'dicomweb' ? dicomwebServer({ pacs }) : dimseServer({ pacs, aeTitle: SERVER_AE });
  await server.start();
  return 'url' in server ? server.url : String(server.port);
}

async function serveInbox({ studyInstanceUid }: StorableInstance): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'interhosp-large-'));
  const inbox = await openStoreInbox({ folder, clock: processClock });
  readInbox = async () => {
    try {
      for await (const { dataSet } of inbox.retrieve(studyInstanceUid)) digests.push(await digestOf(dataSet));
    } finally {
      // Five gigabytes, which a process that is killed would leave behind.
      await rm(folder, { recursive: true });
    }
  };
  const callers = [{ aeTitle: parseAeTitle('LARGE'), addresses: ['127.0.0.1'] }];
  const services = [storageService({ take: inbox.take })];
  const { port } = await openDimseServer({ port: 0, aeTitles: [SERVER_AE], callers, services });
  return String(port);
}

async function peakRssMb(): Promise<number> {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(await readFile('/proc/self/status', 'utf8'))?.[1];
  return Math.round((Number(kilobytes) * 1024) / 1e5) / 10;
}

/** Holds one instance, made anew each time, and takes any. */
function streamingPacs(instance: StorableInstance): Pacs {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid, sopClassUid, transferSyntaxUid } = instance;
  return {
    capabilities: { source: true, destination: true, preservesBytes: true, onDuplicate: 'ignore' },
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    echo: () => Promise.resolve(),
    async *findStudies(query) {
      if (query.studyInstanceUid !== studyInstanceUid) return;
      const patient = { patientId: { id: 'P' } };
      yield { studyInstanceUid, patient, header: { studyInstanceUid, patient, modalities: [] }, instances: 1 };
    },
    async *findInstances() {
      yield { seriesInstanceUid, sopInstanceUid, sopClassUid };
    },
    async *retrieve() {
      yield { sopInstanceUid, transferSyntaxUid, dataSet: instance.dataSet() };
    },
    async *store(instances) {
      for await (const each of instances) {
        digests.push(await digestOf(each.dataSet()));
        yield { sopInstanceUid: each.sopInstanceUid, status: 'stored' };
      }
    },
  };
}
