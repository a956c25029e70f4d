/**
 * Takes a study out of the PACS into the pack: each instance is cut, hashed and sealed as it passes, once, and is offered
 * to the transfer as soon as it is durable. What is in the pack already is not retrieved again.
 */
import type { Uid } from '@interhosp/core/dicom';
import { InterhospError, isInterhospError, PacsError, type ErrorCode } from '@interhosp/core/errors';
import type { InstanceSummary, PacsSource } from '@interhosp/core/pacs';
import { cutInstance, manifestRootOf, transferIdOf, type InstanceEntry, type MemberId } from '@interhosp/core/study';
import type { QuarantinedRecord, SealRecord, SenderEvent } from '@interhosp/core/transfer';
import type { Crypto, Log } from '@interhosp/core/world';
import type { LiveExchange } from '../member/live-exchange.ts';
import { errorFields } from '../observe/logger.ts';
import type { Pack } from '../spool/index.ts';
import { crashpoint, release } from '../world/index.ts';

/** What retrieval needs. */
export interface RetrievePorts {
  readonly source: PacsSource;
  readonly crypto: Crypto;
  readonly log: Log;
  readonly federationId: string;
  readonly self: MemberId;
}

/** Where instances that are durable in the pack are announced. */
export type Announce = (event: SenderEvent) => void;

/**
 * Completes the pack and records the seal.
 *
 * @throws {PacsError} `PACS_STUDY_UNKNOWN`, `PACS_INCOMPLETE` and others of the adapter.
 * @throws {DicomError} when not one instance can be sent.
 */
export async function retrieveStudy(
  x: LiveExchange,
  pack: Pack,
  announce: Announce,
  ports: RetrievePorts,
  signal: AbortSignal,
): Promise<SealRecord> {
  for (const { entry, ordinal } of pack.instances()) announce({ entry, ordinal, type: 'instance' });
  const seal = await x.step('SEALED', async () => {
    const quarantined = await retrieveMissing(x, pack, announce, ports, signal);
    crashpoint('C5', 'sender');
    return sealOf(
      x,
      [...pack.instances()].map(({ entry }) => entry),
      quarantined,
      ports,
    );
  });
  announce({ seal, type: 'sealed' });
  return seal;
}

async function retrieveMissing(
  x: LiveExchange,
  pack: Pack,
  announce: Announce,
  ports: RetrievePorts,
  signal: AbortSignal,
): Promise<readonly QuarantinedRecord[]> {
  const { studyInstanceUid } = x.facts;
  const held = new Set([...pack.instances()].map(({ entry }) => entry.sopInstanceUid));
  const missing = new Map<Uid, InstanceSummary>();
  for await (const summary of ports.source.findInstances(studyInstanceUid, { signal })) {
    if (!held.has(summary.sopInstanceUid)) missing.set(summary.sopInstanceUid, summary);
  }
  // It was there when it was accepted. A PACS that is starting, or indexing, shows less than it holds: never seal that.
  const { instances } = x.required('DISCOVERED');
  const shown = held.size + missing.size;
  if (shown === 0) throw new PacsError('PACS_STUDY_UNKNOWN', { details: { studyInstanceUid }, retry: 'later' });
  if (shown < instances)
    throw new PacsError('PACS_INCOMPLETE', { details: { count: instances - shown, studyInstanceUid }, retry: 'later' });
  if (missing.size === 0) return [];
  const announcer = createAnnouncer(pack, announce);
  const failures: ErrorCode[] = [];
  // All of it in as few requests as the PACS likes; by name only what a break left out.
  const wanted = held.size === 0 ? { signal } : { instances: [...missing.values()], signal };
  for await (const instance of ports.source.retrieve(studyInstanceUid, wanted)) {
    crashpoint('C2', 'sender');
    const cut = await cutIntoPack(pack, instance, ports, signal);
    if (typeof cut === 'string') {
      failures.push(cut);
      continue;
    }
    x.progress.instances++;
    missing.delete(cut.entry.sopInstanceUid);
    announcer.declared(cut);
  }
  await announcer.flush();
  return accountFor(x, [...missing.keys()], failures, pack);
}

interface Declared {
  readonly ordinal: number;
  readonly entry: InstanceEntry;
}

/** One instance into the pack, or the code for which it stays behind. */
async function cutIntoPack(
  pack: Pack,
  instance: Parameters<typeof cutInstance>[0],
  { crypto, log }: RetrievePorts,
  signal: AbortSignal,
): Promise<Declared | ErrorCode> {
  const ordinal = pack.beginInstance();
  try {
    const { entry } = await cutInstance(
      instance,
      crypto,
      ({ index }, bytes) => {
        const writing = pack.writeBlock(ordinal, index, bytes);
        // Sealed already; what is queued is the ciphertext.
        release(bytes);
        return writing;
      },
      { signal },
    );
    await pack.declareInstance(ordinal, entry);
    return { entry, ordinal };
  } catch (error) {
    pack.discardInstance(ordinal);
    signal.throwIfAborted();
    // Only what is wrong with the bytes themselves stays behind alone; everything else is tried again as a whole.
    if (!isInterhospError(error) || !error.code.startsWith('DICOM_')) throw error;
    log.write('warn', 'retrieve.instance.quarantined', errorFields(error));
    return error.code;
  }
}

/** What was listed and did not come: unreadable ones are named in the seal, anything else means to try again. */
function accountFor(
  x: LiveExchange,
  missing: readonly Uid[],
  failures: readonly ErrorCode[],
  pack: Pack,
): readonly QuarantinedRecord[] {
  const [first] = failures;
  if (missing.length > failures.length) {
    const { studyInstanceUid } = x.facts;
    throw new PacsError('PACS_INCOMPLETE', { details: { count: missing.length - failures.length, studyInstanceUid } });
  }
  // Not one can be sent: held under the code that says why.
  if (first !== undefined && pack.instances().length === 0) throw new InterhospError(first, { retry: 'no' });
  return missing.map((sopInstanceUid, index) => ({ code: failures[index] ?? 'DICOM_MALFORMED', sopInstanceUid }));
}

function sealOf(
  x: LiveExchange,
  entries: readonly InstanceEntry[],
  quarantined: readonly QuarantinedRecord[],
  ports: RetrievePorts,
): SealRecord {
  const { crypto, federationId, self } = ports;
  const { peer, purpose, studyInstanceUid } = x.facts;
  const manifestRoot = manifestRootOf(entries, crypto);
  const identity = { federationId, manifestRoot, purpose, receiver: peer, sender: self, studyInstanceUid };
  return {
    bytes: entries.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
    instances: entries.length,
    manifestRoot,
    quarantined,
    transferId: transferIdOf(identity, crypto),
  };
}

interface Announcer {
  declared(instance: Declared): void;
  flush(): Promise<void>;
}

/**
 * Announces instances once a sync has made them durable: after a loss of power an ordinal must not mean another instance
 * than the receiver was told. Those that become complete while a sync runs share the next.
 */
function createAnnouncer(pack: Pack, announce: Announce): Announcer {
  let waiting: Declared[] = [];
  let running: Promise<void> | undefined;
  let failure: Error | undefined;
  const run = async () => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await pack.sync();
      for (const { entry, ordinal } of batch) announce({ entry, ordinal, type: 'instance' });
    }
  };
  return {
    declared: (instance) => {
      waiting.push(instance);
      running ??= run()
        .catch((error: unknown) => (failure = error as Error))
        .then(() => (running = undefined));
    },
    flush: async () => {
      while (running !== undefined) await running;
      if (failure !== undefined) throw failure;
    },
  };
}
