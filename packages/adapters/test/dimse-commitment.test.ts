// Storage commitment in both roles: against one another, over restarts, and against a real Orthanc.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateStudy, type SampleStudy } from '@interhosp/core/conformance';
import { parseUid } from '@interhosp/core/dicom';
import { part10Header } from '@interhosp/core/dicom';
import type { InstanceReference, StorableInstance } from '@interhosp/core/pacs';
import type { Clock } from '@interhosp/core/world';
import { memoryPacs, type MemoryPacs } from '@interhosp/adapters/memory';
import { debianIsMissing, freePorts, startOrthanc, type Orthanc } from '@interhosp/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import {
  encodeCommitmentReport,
  FAILURE_REASONS,
  readCommitmentRequest,
} from '../src/dimse/commitment/commitment-message.ts';
import { COMMANDS } from '../src/dimse/association/command-set.ts';
import {
  openCommitmentScp,
  type CommitmentScp,
  type CommitmentScpOptions,
} from '../src/dimse/commitment/commitment-scp.ts';
import { openCommitmentScu, type CommitmentScu } from '../src/dimse/commitment/commitment-scu.ts';
import { commitmentService } from '../src/dimse/commitment/commitment-service.ts';
import {
  COMMITMENT_FOR_MS,
  MAX_COMMITMENT_REFERENCES,
  MAX_COMMITMENT_REFERENCES_IN_ALL,
  REPORT_FOR_MS,
} from '../src/dimse/limits.ts';
import { dimsePacs, type DimsePacs } from '../src/dimse/dimse-pacs.ts';
import { dimseServer, type DimseServer, type DimseServerOptions } from '../src/dimse/server/dimse-server.ts';
import type { Listener } from '../src/dimse/association/listener.ts';
import type { PeerAddress } from '../src/dimse/association/request-association.ts';
import { answer, openDimseServer, type DimseService } from '../src/dimse/server/service.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from '../src/dimse/association/uids.ts';
import { verificationService } from '../src/dimse/server/verification-service.ts';
import { testClock } from './clock.ts';
import { sampleInstance } from './dimse-samples.ts';

const ARCHIVE = parseAeTitle('ARCHIVE');
const MEMBER = parseAeTitle('MEMBER');
const CT = parseUid('1.2.840.10008.5.1.4.1.1.2');
const held: InstanceReference = { sopClassUid: CT, sopInstanceUid: parseUid('1.2.3.1') };
const lost: InstanceReference = { sopClassUid: CT, sopInstanceUid: parseUid('1.2.3.2') };
const other: InstanceReference = {
  sopClassUid: parseUid('1.2.840.10008.5.1.4.1.1.4'),
  sopInstanceUid: parseUid('1.2.3.1'),
};

let folder: string;
const ends: (() => Promise<unknown> | void)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-commitment-'));
});

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  await rm(folder, { recursive: true, force: true });
});

/** Promises what is held under the class that is named. */
function verifyBy(classOf: (reference: InstanceReference) => string | undefined): CommitmentScpOptions['verify'] {
  return async (references) =>
    references.map((reference) => {
      const found = classOf(reference);
      if (found === undefined) return FAILURE_REASONS.noSuchInstance;
      return found === reference.sopClassUid ? undefined : FAILURE_REASONS.classInstanceConflict;
    });
}

const verify = verifyBy(({ sopInstanceUid }) =>
  sopInstanceUid === held.sopInstanceUid ? held.sopClassUid : undefined,
);

/** A performer behind a listener. */
async function archive(
  options: {
    readonly port?: number;
    readonly clock?: Clock;
    readonly reportTo?: () => PeerAddress | undefined;
    readonly verify?: typeof verify;
  } = {},
): Promise<{ readonly scp: CommitmentScp; readonly listener: Listener }> {
  const scp = await openCommitmentScp({
    folder: join(folder, 'archive'),
    clock: options.clock ?? testClock(),
    verify: options.verify ?? verify,
    reportTo: options.reportTo ?? (() => undefined),
  });
  const listener = await openDimseServer({
    port: options.port ?? 0,
    aeTitles: [ARCHIVE],
    callers: [{ aeTitle: MEMBER }],
    services: [verificationService, commitmentService({ scp })],
  });
  ends.push(
    () => scp.stop(),
    () => listener.stop(),
  );
  return { scp, listener };
}

/** An invoker, behind a listener when it has a port. */
async function member(
  archivePort: number,
  options: {
    readonly port?: number;
    readonly clock?: Clock;
    readonly reportHereMs?: number;
    readonly reportWithinMs?: number;
  } = {},
): Promise<CommitmentScu> {
  const scu = await openCommitmentScu({
    peer: { host: '127.0.0.1', port: archivePort, calledAe: ARCHIVE, callingAe: MEMBER },
    folder: join(folder, 'member'),
    clock: testClock(),
    ...options,
  });
  ends.push(() => scu.stop());
  if (options.port === undefined) return scu;
  const listener = await openDimseServer({
    port: options.port,
    aeTitles: [MEMBER],
    callers: [{ aeTitle: ARCHIVE }],
    services: [commitmentService({ scu })],
  });
  ends.push(() => listener.stop());
  return scu;
}

/** An archive that agrees to report, and never does. */
async function silentArchive(): Promise<Listener> {
  const silent: DimseService = {
    name: 'storage-commitment',
    syntaxesOf: (abstractSyntax) => (abstractSyntax === SOP_CLASSES.storageCommitment ? PLAIN_SYNTAXES : undefined),
    async perform(association, message) {
      message.dataSet?.discard();
      await answer(association, message, { status: 0 });
    },
  };
  const listener = await openDimseServer({
    port: 0,
    aeTitles: [ARCHIVE],
    callers: [{ aeTitle: MEMBER }],
    services: [silent],
  });
  ends.push(() => listener.stop());
  return listener;
}

function memberAt(port: number): PeerAddress {
  return { host: '127.0.0.1', port, calledAe: MEMBER, callingAe: ARCHIVE };
}

async function files(name: string): Promise<readonly string[]> {
  return await readdir(join(folder, name));
}

describe('storage commitment (PS3.4 J)', () => {
  it('is reported on the association that it was asked on, instance by instance', async () => {
    const { listener, scp } = await archive();
    const scu = await member(listener.port);
    expect(await scu.commit([held, lost])).toEqual({
      committed: [held],
      failed: [{ ...lost, reason: FAILURE_REASONS.noSuchInstance }],
    });
    expect(await scu.commit([other])).toEqual({
      committed: [],
      failed: [{ ...other, reason: FAILURE_REASONS.classInstanceConflict }],
    });
    expect([scp.pending, scu.waiting]).toEqual([0, 0]);
    expect([...(await files('archive')), ...(await files('member'))]).toEqual([]);
  });

  it('is reported on another association, with the roles reversed', async () => {
    const [port = 0] = await freePorts(1);
    const { listener, scp } = await archive({ reportTo: () => memberAt(port) });
    const scu = await member(listener.port, { port });
    expect((await scu.commit([held]))?.committed).toEqual([held]);
    await expect.poll(() => scp.pending).toBe(0);
  });

  it('is reported after a restart of the archive, which was told while nobody could be reached', async () => {
    const [port = 0] = await freePorts(1);
    const first = await archive({ reportTo: () => memberAt(port) });
    const early = await member(first.listener.port, { reportHereMs: 50, reportWithinMs: 200 });
    expect(await early.commit([held, lost])).toBeUndefined();
    await first.scp.stop();
    await first.listener.stop();
    expect(await files('archive')).toHaveLength(1);

    // The member is restarted too, and asks the same again: the question is not put twice.
    const scu = await member(1, { port });
    const commitment = scu.commit([lost, held]);
    const second = await archive({ reportTo: () => memberAt(port) });
    expect(second.scp.pending).toBe(1);
    expect((await commitment)?.committed).toEqual([held]);
    await expect.poll(() => files('archive')).toEqual([]);
    expect(await files('member')).toEqual([]);
  });

  it('keeps a report that nobody waits for', async () => {
    const [port = 0] = await freePorts(1);
    const { listener, scp } = await archive({ reportTo: () => memberAt(port) });
    const scu = await member(listener.port, { port, reportHereMs: 1, reportWithinMs: 1 });
    const soon = await scu.commit([held]);
    await expect.poll(() => scp.pending).toBe(0);
    expect((soon ?? (await scu.commit([held])))?.committed).toEqual([held]);
  });

  it('is asked anew for what was stored since: a late report of an earlier filing promises nothing of it', async () => {
    const [port = 0] = await freePorts(1);
    const kept = new Set([held.sopInstanceUid]);
    const { listener, scp } = await archive({
      reportTo: () => memberAt(port),
      verify: verifyBy(({ sopInstanceUid }) => (kept.has(sopInstanceUid) ? CT : undefined)),
    });
    const scu = await member(listener.port, { port, reportHereMs: 1, reportWithinMs: 1 });
    /** Also what comes when nobody waits any more. */
    const told = async (filing: string) => {
      const soon = await scu.commit([held], { filing });
      await expect.poll(() => scp.pending).toBe(0);
      return () => soon ?? scu.commit([held], { filing });
    };
    const first = await told('first');
    kept.clear();
    const second = await told('second');
    expect(await second()).toMatchObject({ committed: [], failed: [held] });
    expect(await first()).toMatchObject({ committed: [held] });
  });

  it('goes on asking a PACS that agrees and never reports', async () => {
    const { port } = await silentArchive();
    const scu = await member(port, { reportHereMs: 1, reportWithinMs: 1 });
    const times = MAX_COMMITMENT_REFERENCES_IN_ALL / MAX_COMMITMENT_REFERENCES;
    for (let study = 0; study <= times; study++) {
      const references = Array.from({ length: MAX_COMMITMENT_REFERENCES }, (_, index) => ({
        sopClassUid: CT,
        sopInstanceUid: parseUid(`1.2.${study}.${index}`),
      }));
      expect(await scu.commit(references)).toBeUndefined();
    }
    await expect.poll(() => files('member')).toHaveLength(times);
    expect(scu.waiting).toBe(0);
  });

  it('forgets a question that is too old when it asks the next', async () => {
    const { port } = await silentArchive();
    let aheadMs = 0;
    const clock = { ...testClock(), now: () => Date.now() + aheadMs };
    const scu = await member(port, { clock, reportHereMs: 1, reportWithinMs: 1 });
    await scu.commit([held]);
    await scu.commit([lost]);
    expect(await files('member')).toHaveLength(2);
    aheadMs = COMMITMENT_FOR_MS + 60_000;
    await scu.commit([other]);
    await expect.poll(() => files('member')).toHaveLength(1);
  });

  it('reports later what cannot be told now', async () => {
    const [port = 0] = await freePorts(1);
    let asked = 0;
    const { listener } = await archive({
      reportTo: () => memberAt(port),
      verify: async (references) => {
        if (asked++ === 0) throw new Error('the disk is away');
        return await verify(references, AbortSignal.timeout(1_000));
      },
    });
    const scu = await member(listener.port, { port });
    expect((await scu.commit([held]))?.committed).toEqual([held]);
    expect(asked).toBe(2);
  });

  it('gives up on a report after a week, and forgets what it was asked', async () => {
    const clock = testClock();
    const [port = 0] = await freePorts(1);
    const options = { folder: join(folder, 'archive'), clock, verify, reportTo: () => memberAt(port) };
    const scp = await openCommitmentScp(options);
    const listener = await openDimseServer({
      port: 0,
      aeTitles: [ARCHIVE],
      callers: [{ aeTitle: MEMBER }],
      services: [commitmentService({ scp })],
    });
    ends.push(() => listener.stop());
    const scu = await member(listener.port, { reportHereMs: 1, reportWithinMs: 1 });
    await scu.commit([held]);
    await scp.stop();
    expect(await files('archive')).toHaveLength(1);
    const later = await openCommitmentScp({ ...options, clock: testClock(REPORT_FOR_MS + 60_000) });
    ends.push(() => later.stop());
    await expect.poll(() => files('archive')).toEqual([]);
  });

  it('believes no report of somebody else, of a question that was not asked, or that leaves an instance out', async () => {
    const [port = 0] = await freePorts(1);
    const { listener, scp } = await archive({
      reportTo: () => memberAt(port),
      // Says nothing of the second.
      verify: async () => [undefined],
    });
    const scu = await member(listener.port, { port });
    expect(await scu.commit([held, lost])).toEqual({
      committed: [held],
      failed: [{ ...lost, reason: FAILURE_REASONS.processingFailure }],
    });
    const stranger = await openCommitmentScu({
      peer: { host: '127.0.0.1', port: listener.port, calledAe: ARCHIVE, callingAe: MEMBER },
      folder: join(folder, 'stranger'),
      clock: testClock(),
      reportedBy: ['SOMEBODY'],
      reportHereMs: 1,
      reportWithinMs: 500,
    });
    ends.push(() => stranger.stop());
    // The report goes to the member, who did not ask, and takes none.
    expect(await stranger.commit([held])).toBeUndefined();
    expect(scp.pending).toBe(1);
    // What is not taken does not keep others from being told.
    expect((await scu.commit([lost]))?.committed).toEqual([lost]);
  });

  it('believes nothing of an instance that a report leaves out, names twice or calls by another class', async () => {
    const twice = { ...held, sopInstanceUid: parseUid('1.2.3.3') };
    const sloppy: DimseService = {
      name: 'storage-commitment',
      syntaxesOf: (abstractSyntax) => (abstractSyntax === SOP_CLASSES.storageCommitment ? PLAIN_SYNTAXES : undefined),
      async perform(association, message, signal) {
        const { context, dataSet } = message;
        const { transactionUid } = await readCommitmentRequest(dataSet, context.transferSyntax);
        await answer(association, message, { status: 0 });
        const report = {
          transactionUid,
          committed: [held, { ...lost, sopClassUid: other.sopClassUid }, twice],
          failed: [{ ...twice, reason: FAILURE_REASONS.resourceLimitation }],
        };
        await association.send(
          {
            contextId: context.id,
            command: { field: COMMANDS.eventReportRequest, messageId: 7, eventTypeId: 2 },
            dataSet: encodeCommitmentReport(report, context.transferSyntax),
          },
          signal,
        );
        await association.receive({ signal });
      },
    };
    const listener = await openDimseServer({
      port: 0,
      aeTitles: [ARCHIVE],
      callers: [{ aeTitle: MEMBER }],
      services: [sloppy],
    });
    ends.push(() => listener.stop());
    const scu = await member(listener.port);
    const unmentioned = { ...held, sopInstanceUid: parseUid('1.2.3.4') };
    expect(await scu.commit([held, lost, twice, unmentioned])).toEqual({
      committed: [held],
      failed: [
        { ...lost, reason: FAILURE_REASONS.processingFailure },
        { ...twice, reason: FAILURE_REASONS.resourceLimitation },
        { ...unmentioned, reason: FAILURE_REASONS.processingFailure },
      ],
    });
  });

  it('rethrows the reason of its caller, and asks anew the next time', async () => {
    const { listener } = await archive({ reportTo: () => memberAt(1) });
    const scu = await member(listener.port, { reportHereMs: 10_000 });
    const caller = new AbortController();
    const commitment = scu.commit([held], { signal: caller.signal });
    setTimeout(() => caller.abort(new Error('enough')), 100);
    await expect(commitment).rejects.toThrow('enough');
  });

  it('is refused by a PACS that does not do it', async () => {
    const listener = await openDimseServer({
      port: 0,
      aeTitles: [ARCHIVE],
      callers: [{ aeTitle: MEMBER }],
      services: [verificationService],
    });
    ends.push(() => listener.stop());
    const scu = await member(listener.port);
    await expect(scu.commit([held])).rejects.toMatchObject({ code: 'PACS_REFUSED' });
    expect(await files('member')).toEqual([]);
  });
});

describe('the DIMSE server over a PACS', () => {
  const [first, second] = [1, 2].map((instance) => sampleInstance({ study: 1, instance })) as [
    StorableInstance,
    StorableInstance,
  ];
  const referenceTo = ({ sopClassUid, sopInstanceUid }: StorableInstance): InstanceReference => ({
    sopClassUid,
    sopInstanceUid,
  });

  async function server(
    options: Partial<DimseServerOptions>,
    isAskable = true,
  ): Promise<{ pacs: MemoryPacs; server: DimseServer }> {
    const pacs = memoryPacs();
    await pacs.seed([first, second, sampleInstance({ study: 2 })]);
    const made = dimseServer({
      pacs,
      aeTitle: 'ARCHIVE',
      ...(isAskable && { commitment: { folder: join(folder, 'archive') } }),
      ...options,
    });
    await made.start();
    ends.push(() => made.stop());
    return { pacs, server: made };
  }

  it('promises what the PACS lists when it is asked, and nothing else', async () => {
    const { pacs, server: made } = await server({});
    const scu = await member(made.port);
    const references = [referenceTo(first), { ...referenceTo(second), sopClassUid: CT }, held];
    expect(await scu.commit(references)).toEqual({
      committed: [referenceTo(first)],
      failed: [
        { ...references[1], reason: FAILURE_REASONS.classInstanceConflict },
        { ...held, reason: FAILURE_REASONS.noSuchInstance },
      ],
    });
    pacs.deleteStudy(first.studyInstanceUid);
    expect(await scu.commit([referenceTo(first)], { filing: 'later' })).toMatchObject({ committed: [] });
  });

  it('takes the word of the PACS that it holds an instance where that does not say of what class', async () => {
    const pacs = memoryPacs();
    await pacs.seed([first]);
    const findInstances = pacs.findInstances.bind(pacs);
    pacs.findInstances = async function* (...args) {
      for await (const { sopClassUid: _, ...rest } of findInstances(...args)) yield rest;
    };
    const { server: made } = await server({ pacs });
    expect((await (await member(made.port)).commit([referenceTo(first)]))?.committed).toHaveLength(1);
  });

  it('reports to a destination, also what it was asked before it was started anew', async () => {
    const [port = 0] = await freePorts(1);
    const options = { destinations: { MEMBER: { host: '127.0.0.1', port } } };
    const { server: before } = await server(options);
    const early = await member(before.port, { reportHereMs: 1, reportWithinMs: 1 });
    expect(await early.commit([referenceTo(first)])).toBeUndefined();
    await before.stop();
    expect(await files('archive')).toHaveLength(1);
    const scu = await member(1, { port });
    const commitment = scu.commit([referenceTo(first)]);
    await before.start();
    expect((await commitment)?.committed).toHaveLength(1);
    await expect.poll(() => files('archive')).toEqual([]);
  });

  it('is asked by the adapter in as many parts as it takes', async () => {
    const { server: made } = await server({});
    const pacs = adapter(made.port);
    await pacs.start();
    const others = Array.from({ length: MAX_COMMITMENT_REFERENCES }, (_, index) => ({
      sopClassUid: CT,
      sopInstanceUid: parseUid(`1.2.3.${index}`),
    }));
    const answer = await pacs.commit?.([...others, referenceTo(first), referenceTo(second)], { filing: 'one' });
    expect(answer?.committed).toHaveLength(2);
    expect(answer?.failed).toHaveLength(MAX_COMMITMENT_REFERENCES);
    expect(await files('adapter/commitment')).toEqual([]);
  });

  it('says nothing of instances that a PACS does not answer for, or cannot be asked about', async () => {
    const { port } = await silentArchive();
    const { server: without } = await server({}, false);
    for (const archivePort of [port, without.port]) {
      const pacs = adapter(archivePort, 1);
      await pacs.start();
      expect(await pacs.commit?.([held], { filing: 'one' })).toEqual({ committed: [], failed: [] });
      await pacs.stop();
    }
  });

  function adapter(port: number, commitmentWaitMs = 30_000): DimsePacs {
    const pacs = dimsePacs({
      peer: { host: '127.0.0.1', port, calledAe: ARCHIVE, callingAe: MEMBER },
      folder: join(folder, 'adapter'),
      commitment: 'when-supported',
      commitmentWaitMs,
    });
    ends.push(() => pacs.stop());
    return pacs;
  }

  it('promises nothing where nobody said that the PACS may', async () => {
    const pacs = memoryPacs();
    const made = dimseServer({ pacs, aeTitle: 'ARCHIVE' });
    await made.start();
    ends.push(() => made.stop());
    await expect((await member(made.port)).commit([held])).rejects.toMatchObject({ code: 'PACS_REFUSED' });
    Object.assign(pacs, { capabilities: { ...pacs.capabilities, source: false } });
    const blind = () => dimseServer({ pacs, commitment: { folder } });
    expect(blind).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('takes no more instances than it can hold in memory, and again when what is too old is gone', async () => {
    let aheadMs = 0;
    const clock = { ...testClock(), now: () => Date.now() + aheadMs };
    const { listener, scp } = await archive({ clock, reportTo: () => memberAt(1) });
    const ask = async (study: number): Promise<unknown> => {
      const scu = await openCommitmentScu({
        peer: { host: '127.0.0.1', port: listener.port, calledAe: ARCHIVE, callingAe: MEMBER },
        folder: join(folder, `member-${study}`),
        clock: testClock(),
        reportHereMs: 1,
        reportWithinMs: 1,
      });
      const references = Array.from({ length: MAX_COMMITMENT_REFERENCES }, (_, index) => ({
        sopClassUid: CT,
        sopInstanceUid: parseUid(`1.2.${study}.${index}`),
      }));
      return await scu.commit(references).catch((error: { readonly code?: string }) => error.code);
    };
    const times = MAX_COMMITMENT_REFERENCES_IN_ALL / MAX_COMMITMENT_REFERENCES;
    for (let study = 0; study < times; study++) expect(await ask(study)).toBeUndefined();
    expect([await ask(times), scp.pending]).toEqual(['PACS_BUSY', times]);
    aheadMs = REPORT_FOR_MS + 60_000;
    expect([await ask(times), scp.pending]).toEqual([undefined, 1]);
  }, 30_000);
});

describe.skipIf(debianIsMissing())('storage commitment with Orthanc', () => {
  let orthanc: Orthanc;
  let port: number;
  let study: SampleStudy;

  beforeAll(async () => {
    [port = 0] = await freePorts(1);
    orthanc = await startOrthanc({ aeTitle: 'ARCHIVE', modalities: { member: ['MEMBER', '127.0.0.1', port] } });
    study = generateStudy({ instances: 2, seed: 'commitment' });
    for (const instance of study.instances) {
      const body = Buffer.concat([part10Header(instance), instance.dataSet]);
      await fetch(`${orthanc.url}/instances`, { method: 'POST', body });
    }
  });
  afterAll(async () => await orthanc.stop());

  it('asks Orthanc, which reports on another association', async () => {
    const scu = await member(orthanc.dicomPort, { port });
    const unknown = { sopClassUid: CT, sopInstanceUid: parseUid('1.2.3.4.5') };
    const references = [
      ...study.instances.map(({ sopClassUid, sopInstanceUid }) => ({ sopClassUid, sopInstanceUid })),
      unknown,
    ];
    expect(await scu.commit(references)).toEqual({
      committed: references.slice(0, 2),
      failed: [{ ...unknown, reason: FAILURE_REASONS.noSuchInstance }],
    });
  });

  it('is asked by Orthanc, and reports to it', async () => {
    const scp = await openCommitmentScp({
      folder: join(folder, 'archive'),
      clock: testClock(),
      verify,
      reportTo: () => ({ host: '127.0.0.1', port: orthanc.dicomPort, calledAe: ARCHIVE, callingAe: MEMBER }),
    });
    const listener = await openDimseServer({
      port,
      aeTitles: [MEMBER],
      callers: [{ aeTitle: ARCHIVE }],
      services: [verificationService, commitmentService({ scp })],
    });
    ends.push(
      () => scp.stop(),
      () => listener.stop(),
    );
    const body = JSON.stringify({
      DicomInstances: [held, lost].map((each) => ({
        SOPClassUID: each.sopClassUid,
        SOPInstanceUID: each.sopInstanceUid,
      })),
    });
    const asked = await fetch(`${orthanc.url}/modalities/member/storage-commitment`, { method: 'POST', body });
    const { ID } = (await asked.json()) as { readonly ID: string };
    await expect
      .poll(async () => await (await fetch(`${orthanc.url}/storage-commitment/${ID}`)).json(), { timeout: 10_000 })
      .toMatchObject({
        Status: 'Failure',
        Success: [{ SOPInstanceUID: held.sopInstanceUid }],
        Failures: [{ SOPInstanceUID: lost.sopInstanceUid, FailureReason: FAILURE_REASONS.noSuchInstance }],
      });
    await expect.poll(() => scp.pending).toBe(0);
  });
});
