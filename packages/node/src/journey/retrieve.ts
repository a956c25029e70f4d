/**
 * Takes a study out of the PACS into the pack: each instance is cut, hashed and sealed as it passes, once, and is offered
 * to the transfer as soon as it is durable. What is in the pack already is not retrieved again.
 */
import type { Uid } from '@interhosp/core/dicom';
import { InterhospError, isInterhospError, PacsError, TransferError, type ErrorCode } from '@interhosp/core/errors';
import type { InstanceSummary, PacsSource, RetrievedInstance } from '@interhosp/core/pacs';
import {
  cutInstance,
  manifestRootOf,
  transferIdOf,
  type InstanceEntry,
  type MemberId,
  type StudyHeader,
} from '@interhosp/core/study';
import type { QuarantinedRecord, SealRecord, SenderEvent } from '@interhosp/core/transfer';
import type { Crypto, Log } from '@interhosp/core/world';
import type { LiveExchange } from '../member/live-exchange.ts';
import { errorFields } from '../observe/logger.ts';
import type { Pack } from '../spool/index.ts';
import { crashpoint, nodeInflate, release } from '../world/index.ts';
import { sameArrivingPatient } from './patient-match.ts';
import { namedAs } from './retrieve-name.ts';

const DAMAGED: ReadonlySet<ErrorCode> = new Set(['DICOM_MALFORMED', 'DICOM_NOT_PART10', 'DICOM_TRUNCATED']);

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
 * @throws {TransferError} `TRANSFER_STUDY_CONFLICT` when instances name two patients, or two differ under one name.
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
  const held = new Map(pack.instances().map(({ entry }) => [entry.sopInstanceUid, entry]));
  const listed = new Map<Uid, InstanceSummary>();
  for await (const summary of ports.source.findInstances(studyInstanceUid, { signal })) {
    if (!held.has(summary.sopInstanceUid)) listed.set(summary.sopInstanceUid, summary);
  }
  // It was there when it was accepted. A PACS that is starting, or indexing, shows less than it holds: never seal that.
  const { instances } = x.required('DISCOVERED');
  const shown = held.size + listed.size;
  if (shown === 0) throw new PacsError('PACS_STUDY_UNKNOWN', { details: { studyInstanceUid }, retry: 'later' });
  if (shown < instances)
    throw new PacsError('PACS_INCOMPLETE', { details: { count: instances - shown, studyInstanceUid }, retry: 'later' });
  if (listed.size === 0) return [];
  const announcer = createAnnouncer(pack, announce);
  const taking: Taking = { announcer, held, left: new Set(listed.keys()), pack, ports, refused: new Map(), signal, x };
  // All of it in as few requests as the PACS likes; by name only what a break left out.
  const nameless = await take(taking, held.size === 0 ? undefined : [...listed.values()]);
  // What failed without saying its name is asked for again by its name.
  const unnamed = nameless > 0 ? [...taking.left] : [];
  // What came damaged once may be whole the next time: an answer that was cut, a page that says to come again.
  const damaged = [...taking.refused].filter(([, code]) => DAMAGED.has(code)).map(([uid]) => uid);
  for (const uid of [...unnamed, ...damaged]) await take(taking, [listed.get(uid) as InstanceSummary]);
  await announcer.flush();
  return accountFor(taking);
}

/** A retrieval under way. */
interface Taking {
  readonly x: LiveExchange;
  readonly pack: Pack;
  readonly announcer: Announcer;
  readonly ports: RetrievePorts;
  readonly signal: AbortSignal;
  /** What is in the pack. */
  readonly held: Map<Uid, InstanceEntry>;
  /** Listed, and neither in the pack nor refused. */
  readonly left: Set<Uid>;
  readonly refused: Map<Uid, ErrorCode>;
}

/** Retrieves the named instances, or all, and returns how many failed without telling which they were. */
async function take(taking: Taking, instances: readonly InstanceSummary[] | undefined): Promise<number> {
  const { announcer, held, left, ports, refused, signal, x } = taking;
  let nameless = 0;
  for await (const instance of ports.source.retrieve(x.facts.studyInstanceUid, {
    signal,
    ...(instances !== undefined && { instances }),
  })) {
    crashpoint('C2', 'sender');
    const taken = await cutIntoPack(taking, instance);
    if (taken === undefined) continue;
    if ('entry' in taken) {
      const { sopInstanceUid } = taken.entry;
      held.set(sopInstanceUid, taken.entry);
      refused.delete(sopInstanceUid);
      left.delete(sopInstanceUid);
      x.progress.instances++;
      announcer.declared(taken);
      continue;
    }
    // One that was asked for alone is known by that.
    const uid = taken.sopInstanceUid ?? (instances?.length === 1 ? instances[0]?.sopInstanceUid : undefined);
    if (uid === undefined) nameless++;
    // A copy that can be read has come, or nobody listed it.
    else if (left.delete(uid)) refused.set(uid, taken.code);
  }
  return nameless;
}

interface Declared {
  readonly ordinal: number;
  readonly entry: InstanceEntry;
}

/** An instance that stays behind. */
interface Refused {
  readonly code: ErrorCode;
  /** Undefined when neither the PACS nor the bytes tell. */
  readonly sopInstanceUid: Uid | undefined;
}

/** One instance into the pack, or why it stays behind; undefined when it is there already. */
async function cutIntoPack(
  { held, pack, ports: { crypto, log }, signal, x }: Taking,
  instance: RetrievedInstance,
): Promise<Declared | Refused | undefined> {
  const ordinal = pack.beginInstance();
  const named = namedAs(instance);
  try {
    const { entry, header } = await cutInstance(
      { ...instance, dataSet: named.dataSet },
      crypto,
      ({ index }, bytes) => {
        const writing = pack.writeBlock(ordinal, index, bytes);
        // Sealed already; what is queued is the ciphertext.
        release(bytes);
        return writing;
      },
      { inflate: nodeInflate(), signal },
    );
    const { sopInstanceUid } = entry;
    if (entry.studyInstanceUid !== x.facts.studyInstanceUid) {
      pack.discardInstance(ordinal);
      log.write('warn', 'retrieve.instance.of-another-study', { exchangeId: x.id, sopInstanceUid });
      return { code: 'TRANSFER_STUDY_CONFLICT', sopInstanceUid };
    }
    mustBeOfOnePatient(x, header, sopInstanceUid);
    const earlier = held.get(sopInstanceUid);
    if (earlier !== undefined) {
      mustBeIdentical(earlier, entry);
      pack.discardInstance(ordinal);
      log.write('info', 'retrieve.instance.twice', { exchangeId: x.id, sopInstanceUid });
      return undefined;
    }
    await pack.declareInstance(ordinal, entry);
    return { entry, ordinal };
  } catch (error) {
    pack.discardInstance(ordinal);
    signal.throwIfAborted();
    // Only what is wrong with the bytes themselves stays behind alone; everything else is tried again as a whole.
    if (!isInterhospError(error) || !error.code.startsWith('DICOM_')) throw error;
    const sopInstanceUid = named.sopInstanceUid();
    log.write('warn', 'retrieve.instance.quarantined', {
      ...errorFields(error),
      ...(sopInstanceUid !== undefined && { sopInstanceUid }),
    });
    return { code: error.code, sopInstanceUid };
  }
}

/**
 * Whatever the PACS lists, the bytes go by their own word: which of two patients it is, a person must say.
 *
 * @throws {TransferError} `TRANSFER_STUDY_CONFLICT`
 */
function mustBeOfOnePatient(x: LiveExchange, { patient }: StudyHeader, sopInstanceUid: Uid): void {
  if (sameArrivingPatient(patient, x.required('DISCOVERED').header.patient)) return;
  throw new TransferError('TRANSFER_STUDY_CONFLICT', { details: { reason: 'other-patient', sopInstanceUid } });
}

/** Delivered twice is once; two of one name are held. @throws {TransferError} `TRANSFER_STUDY_CONFLICT` */
function mustBeIdentical(earlier: InstanceEntry, later: InstanceEntry): void {
  if (later.digest === earlier.digest && later.transferSyntaxUid === earlier.transferSyntaxUid) return;
  const { sopInstanceUid } = later;
  throw new TransferError('TRANSFER_STUDY_CONFLICT', { details: { reason: 'two-of-one-name', sopInstanceUid } });
}

/** What was listed and did not come: what cannot be sent is named in the seal, anything else means to try again. */
function accountFor({ left, pack, refused, x }: Taking): readonly QuarantinedRecord[] {
  const { studyInstanceUid } = x.facts;
  if (left.size > 0) throw new PacsError('PACS_INCOMPLETE', { details: { count: left.size, studyInstanceUid } });
  const [first] = refused.values();
  // Not one can be sent: held under the code that says why.
  if (first !== undefined && pack.instances().length === 0) throw new InterhospError(first, { retry: 'no' });
  return [...refused].map(([sopInstanceUid, code]) => ({ code, sopInstanceUid }));
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
