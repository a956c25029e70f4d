/**
 * Storing what a PACS does not hold yet, instance by instance: one that is not what its sender said, that cannot be
 * coerced, that the PACS refuses or that fails again and again waits alone, and the rest of the study goes on.
 */
import { coerceInstance, type CoercionPolicy } from '@interhosp/core/coercion';
import { readStudyHeader, spliceStream, type ByteSource, type Uid } from '@interhosp/core/dicom';
import { isInterhospError, PacsError, TransferError, type InterhospError } from '@interhosp/core/errors';
import type { Pacs, RetrievedInstance, StorableInstance, StoreOutcome } from '@interhosp/core/pacs';
import { isPlainSyntax, splicedSource } from '@interhosp/core/pixels';
import type { InstanceEntry, LocalPatient, MemberId } from '@interhosp/core/study';
import type { RecordPayloads, SyntaxChange } from '@interhosp/core/transfer';
import type { Clock, Crypto, Log, Random } from '@interhosp/core/world';
import type { LiveExchange } from '../member/live-exchange.ts';
import { errorFields } from '../observe/logger.ts';
import type { Pack } from '../spool/index.ts';
import { crashpoint, nodeInflate } from '../world/index.ts';
import { heldInstances, retrieveOne } from './filing-look.ts';
import { inPlainSyntax, isRefusalOfKind, refusal, syntaxFor, type Decoding } from './filing-syntax.ts';
import { sameArrivingPatient } from './patient-match.ts';
import { sameObject } from './read-back.ts';

/** How a site files. */
export interface FilingSettings {
  readonly self: MemberId;
  readonly coercion: CoercionPolicy;
  readonly utcOffsetMinutes: number;
}

/** What filing needs. */
export interface FilingPorts {
  readonly pacs: Pacs;
  readonly settings: FilingSettings;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly log: Log;
  /** Chooses what is read back. */
  readonly random: Random;
  /** Without one nothing is decoded. */
  readonly decoding?: Decoding;
}

/** What became of each instance. */
export type Outcomes = RecordPayloads['STORED']['outcomes'];
type Outcome = Outcomes[number];

/** An instance of the pack, ready to be coerced. */
export interface Arrived {
  readonly ordinal: number;
  readonly entry: InstanceEntry;
}

/** One filing, from its first step to its last. */
export interface Work {
  readonly sender: MemberId;
  readonly patient: LocalPatient;
  readonly ports: FilingPorts;
  readonly signal: AbortSignal;
  readonly storing: RecordPayloads['STORING'];
}

/** An instance that fails so often, over so long, is not tried again by itself: a short trouble is not its fault. */
const POISON_TRIES = 5;
const POISON_SPAN_MS = 3_600_000;

/** Tries of an instance that failed while others went well. */
interface Failure {
  readonly count: number;
  /** Monotonic time of the first. */
  readonly sinceMs: number;
}

/** Failures by instance. In memory alone: a restart may be what mends them. */
const failuresOf = new WeakMap<LiveExchange, Map<Uid, Failure>>();

/** What came of comparing what the PACS held before, by instance: each is retrieved once, and again after a release. */
const comparedOf = new WeakMap<object, Map<Uid, Outcome>>();

/**
 * Stores every instance that is not there yet.
 *
 * @throws {PacsError} `PACS_BUSY` when some may go in on another try; {StorageError} when their bytes could not be read.
 */
export async function storeAll(
  x: LiveExchange,
  pack: Pack,
  arrived: readonly Arrived[],
  work: Work,
): Promise<Outcomes> {
  const attempt = new Attempt(x, pack, work);
  const failures = failuresOf.get(x) ?? new Map<Uid, Failure>();
  failuresOf.set(x, failures);
  const missing = await attempt.lookAt(arrived);
  // Those that failed before come last and alone: what a PACS stumbles over must not take others with it.
  const isSuspect = ({ entry }: Arrived) => failures.has(entry.sopInstanceUid);
  const suspects = missing.filter(isSuspect).map((one) => [one]);
  for (const some of [missing.filter((one) => !isSuspect(one)), ...suspects]) await attempt.store(some);
  await attempt.settleFailures(failures, arrived);
  const { outcomes } = attempt;
  if (outcomes.size < arrived.length) {
    throw (
      attempt.trouble ??
      new PacsError('PACS_BUSY', { details: { count: arrived.length - outcomes.size, exchangeId: x.id } })
    );
  }
  return arrived.map(({ entry }) => outcomes.get(entry.sopInstanceUid) as Outcome);
}

/**
 * Where nothing is filed, nothing is delivered.
 *
 * @throws {TransferError} `TRANSFER_STUDY_CONFLICT`; {PacsError} where the PACS takes no instance of such a kind.
 */
export function mustHaveFiled(outcomes: Outcomes): void {
  if (outcomes.some(({ status }) => status === 'filed')) return;
  const code = outcomes[0]?.code;
  if (isRefusalOfKind(code) && outcomes.every((one) => one.code === code)) {
    throw new PacsError(code, { details: { count: outcomes.length } });
  }
  throw new TransferError('TRANSFER_STUDY_CONFLICT', {
    details: { count: outcomes.length, reason: outcomes[0]?.code ?? 'empty' },
  });
}

/** One pass over a study. */
class Attempt {
  readonly outcomes = new Map<Uid, Outcome>();
  /** Why our own copy of an instance could not be read, where that happened. */
  trouble: InterhospError | undefined;
  readonly #x: LiveExchange;
  readonly #pack: Pack;
  readonly #work: Work;
  /** What the PACS held of it from elsewhere when the filing began. */
  readonly #heldBefore: ReadonlySet<Uid>;
  /** By instance: the code under which it is quarantined when this happens too often. */
  readonly #failed = new Map<Uid, Outcome['code'] & string>();
  /** What was not given to the PACS in the syntax in which it came. */
  readonly #rewritten = new Map<Uid, SyntaxChange>();
  /** What broke while its bytes were given to the PACS. */
  readonly #broken = new Map<Uid, InterhospError>();
  /** Instances of which the PACS itself is the trouble: no fault of theirs. */
  readonly #delayed = new Set<Uid>();
  /** Whether the PACS took anything, out of what our disk gave. */
  #hasStored = false;

  constructor(x: LiveExchange, pack: Pack, work: Work) {
    this.#x = x;
    this.#pack = pack;
    this.#work = work;
    this.#heldBefore = new Set(work.storing.alreadyHeld);
  }

  /** Settles what the PACS holds already, and returns the others. */
  async lookAt(arrived: readonly Arrived[]): Promise<readonly Arrived[]> {
    const { ports, signal } = this.#work;
    const heldNow = await heldInstances(this.#x, ports, signal);
    const compared = this.#compared();
    for (const one of arrived) {
      const { sopInstanceUid } = one.entry;
      // Deleted there meanwhile: what comes next under this name is another copy.
      if (!heldNow.has(sopInstanceUid)) compared.delete(sopInstanceUid);
      else if (!this.#heldBefore.has(sopInstanceUid)) await this.#fileFromBefore(one);
      else await this.#compareOnce(one, compared);
    }
    return arrived.filter(({ entry }) => !heldNow.has(entry.sopInstanceUid));
  }

  /**
   * Stored by an earlier pass. In which syntax, the choice of today does not tell: a policy or a PACS that was set otherwise
   * since would have the receipt say less than was done. So where it is not taken as it came, the object itself is asked.
   */
  async #fileFromBefore({ entry }: Arrived): Promise<void> {
    const { ports, signal } = this.#work;
    const choice = await syntaxFor(entry, ports, signal);
    if (choice.kind !== 'as-stored') {
      const held = await syntaxHeld(retrieveOne(this.#x, entry, ports, signal));
      const chosen = choice.kind === 'rewritten' ? choice.transferSyntaxUid : entry.transferSyntaxUid;
      // We write no others: what is in another one was coded anew by the PACS.
      const isOurs = held !== undefined && (held === entry.transferSyntaxUid || isPlainSyntax(held));
      this.#noteSyntax(entry, isOurs ? held : chosen);
    }
    this.#file(entry.sopInstanceUid);
  }

  /** Lives as long as the PACS may be taken to hold the same: until a person, who may have mended it, releases. */
  #compared(): Map<Uid, Outcome> {
    const since = this.#x.recorded('RELEASED') ?? this.#work.storing;
    const compared = comparedOf.get(since) ?? new Map<Uid, Outcome>();
    comparedOf.set(since, compared);
    return compared;
  }

  async #compareOnce(one: Arrived, compared: Map<Uid, Outcome>): Promise<void> {
    const { sopInstanceUid } = one.entry;
    const before = compared.get(sopInstanceUid);
    if (before === undefined) await this.#orQuarantined(one, () => this.#compareHeld(one));
    else this.outcomes.set(sopInstanceUid, before);
    const outcome = this.outcomes.get(sopInstanceUid);
    if (outcome !== undefined) compared.set(sopInstanceUid, outcome);
  }

  /** Stores some instances. @throws {PacsError} when the PACS takes nothing more. */
  async store(some: readonly Arrived[]): Promise<void> {
    const { ports, signal } = this.#work;
    for (let left = some; left.length > 0; left = left.filter((one) => !this.#isTold(one))) {
      this.#broken.clear();
      try {
        for await (const outcome of ports.pacs.store(this.#coerced(left), { signal })) this.#told(outcome);
        return;
      } catch (error) {
        signal.throwIfAborted();
        // The bytes of one instance could not be read from the disk, or not be decoded: the PACS is not to blame, and the
        // others go on.
        const [first] = this.#broken;
        if (first === undefined) throw error;
        this.#breaks(...first);
      }
    }
  }

  /**
   * Counts what failed, and sets aside what failed too often for too long. Only where another instance went in on the same
   * pass is it the instance's failure, and not one of the PACS or of our disk; and what most of a study meets with is no
   * defect of single instances.
   *
   * @throws {PacsError} when the PACS does not answer.
   */
  async settleFailures(failures: Map<Uid, Failure>, arrived: readonly Arrived[]): Promise<void> {
    const { ports, signal } = this.#work;
    if (this.#failed.size === 0) return;
    await heldInstances(this.#x, ports, signal);
    // Also what is not counted is stored last and alone the next time.
    const nowMs = ports.clock.monotonicMs();
    const before = (sopInstanceUid: Uid) => failures.get(sopInstanceUid) ?? { count: 0, sinceMs: nowMs };
    for (const sopInstanceUid of this.#failed.keys()) failures.set(sopInstanceUid, before(sopInstanceUid));
    if (!this.#hasStored && !(await this.#takesCanary(arrived))) return;
    for (const sopInstanceUid of this.#failed.keys()) {
      const { count, sinceMs } = before(sopInstanceUid);
      failures.set(sopInstanceUid, { count: count + 1, sinceMs: count === 0 ? nowMs : sinceMs });
    }
    const filed = [...this.outcomes.values()].filter(({ status }) => status === 'filed').length;
    if (filed < this.#failed.size + this.#delayed.size) return;
    for (const [sopInstanceUid, code] of this.#failed) {
      const { count, sinceMs } = before(sopInstanceUid);
      if (count < POISON_TRIES || nowMs - sinceMs < POISON_SPAN_MS) continue;
      ports.log.write('error', 'filing.instance.quarantined', { code, count, exchangeId: this.#x.id, sopInstanceUid });
      this.#quarantine(sopInstanceUid, code);
    }
  }

  /**
   * Whether the PACS still takes what it took from us before: the smallest of that is stored once more, byte for byte the
   * same. What it holds from elsewhere is never touched.
   */
  async #takesCanary(arrived: readonly Arrived[]): Promise<boolean> {
    const { ports, signal } = this.#work;
    const isOurs = ({ entry: { sopInstanceUid } }: Arrived) =>
      this.outcomes.get(sopInstanceUid)?.status === 'filed' && !this.#heldBefore.has(sopInstanceUid);
    const [canary] = arrived.filter(isOurs).toSorted((one, other) => one.entry.lengthBytes - other.entry.lengthBytes);
    if (canary === undefined) return false;
    try {
      const instance = await storable(this.#x, this.#pack, canary, this.#work);
      let isTaken = false;
      for await (const { status } of ports.pacs.store([instance], { signal })) {
        isTaken = status !== 'refused' && status !== 'unknown';
      }
      return isTaken;
    } catch (error) {
      signal.throwIfAborted();
      if (!isInterhospError(error)) throw error;
      ports.log.write('warn', 'filing.canary.failed', { ...errorFields(error), exchangeId: this.#x.id });
      return false;
    }
  }

  #told({ retry, sopInstanceUid, status, statusCode }: StoreOutcome): void {
    crashpoint('C17', 'receiver');
    if (status === 'stored' || status === 'warned') this.#hasStored = true;
    if (status === 'refused') {
      const { log } = this.#work.ports;
      log.write('warn', 'filing.instance.refused', {
        exchangeId: this.#x.id,
        sopInstanceUid,
        status: statusCode ?? 0,
      });
    }
    const broken = status === 'stored' || status === 'warned' ? undefined : this.#broken.get(sopInstanceUid);
    if (broken !== undefined) this.#breaks(sopInstanceUid, broken);
    else if (status === 'unknown') this.#failed.set(sopInstanceUid, 'PACS_INSTANCE_REFUSED');
    else if (status === 'refused' && retry === 'later') this.#refusedForNow(sopInstanceUid, statusCode);
    else if (status === 'refused') this.#quarantine(sopInstanceUid, 'PACS_INSTANCE_REFUSED');
    // A duplicate appeared since we looked: whose it is, the confirmation sees.
    else this.#file(sopInstanceUid);
    crashpoint('C18', 'receiver');
  }

  #refusedForNow(sopInstanceUid: Uid, statusCode: number | undefined): void {
    // PS3.4 B.2.3: A7xx is out of resources; a refusal without a status came for a request as a whole.
    if (statusCode === undefined || statusCode >> 8 === 0xa7) this.#delayed.add(sopInstanceUid);
    else this.#failed.set(sopInstanceUid, 'PACS_INSTANCE_REFUSED');
  }

  #isTold({ entry: { sopInstanceUid } }: Arrived): boolean {
    return this.outcomes.has(sopInstanceUid) || this.#failed.has(sopInstanceUid) || this.#delayed.has(sopInstanceUid);
  }

  /** The same UID is in the PACS from elsewhere. The same pixels or content: it is the same. Else the first stays. */
  async #compareHeld(one: Arrived): Promise<void> {
    const { ports, signal } = this.#work;
    const source = this.#pack.source(one.ordinal);
    await mustBeAsSaid(this.#x, source, one.entry, signal);
    const held = retrieveOne(this.#x, one.entry, ports, signal);
    const isSame = await sameObject(
      { ...one, decoded: decodedFor(one, this.#pack, this.#work), pack: this.#pack },
      held,
      ports.crypto,
      signal,
    );
    if (!isSame) throw new TransferError('TRANSFER_STUDY_CONFLICT', { details: { reason: 'other-content' } });
    this.#file(one.entry.sopInstanceUid);
  }

  async *#coerced(some: readonly Arrived[]): AsyncGenerator<StorableInstance> {
    for (const one of some) {
      const instance = await this.#orQuarantined(one, () => storable(this.#x, this.#pack, one, this.#work));
      if (instance === undefined) continue;
      const { sopInstanceUid } = one.entry;
      this.#noteSyntax(one.entry, instance.transferSyntaxUid);
      yield {
        ...instance,
        dataSet: (options) =>
          sayingWhenBroken(instance.dataSet(options), (error) => this.#broken.set(sopInstanceUid, error)),
      };
    }
  }

  #noteSyntax({ sopInstanceUid, transferSyntaxUid }: InstanceEntry, to: Uid): void {
    if (to === transferSyntaxUid) this.#rewritten.delete(sopInstanceUid);
    else this.#rewritten.set(sopInstanceUid, { from: transferSyntaxUid, to });
  }

  /** One instance that is no good waits alone; the rest of the study goes on. */
  async #orQuarantined<T>(one: Arrived, work: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#work;
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!isInterhospError(error)) throw error;
      if (error.code.startsWith('PACS_') && !isRefusalOfKind(error.code)) throw error;
      this.#breaks(one.entry.sopInstanceUid, error);
      return undefined;
    }
  }

  /** What is wrong with the instance itself stays so; what is wrong with our copy of it, or our disk, may pass. */
  #breaks(sopInstanceUid: Uid, error: InterhospError): void {
    const isDefect = error.retry === 'no';
    this.#work.ports.log.write(
      isDefect ? 'warn' : 'error',
      isDefect ? 'filing.instance.quarantined' : 'filing.instance.unreadable',
      {
        ...errorFields(error),
        exchangeId: this.#x.id,
        sopInstanceUid,
      },
    );
    if (isDefect) return this.#quarantine(sopInstanceUid, error.code);
    this.trouble = error;
    this.#failed.set(sopInstanceUid, error.code);
  }

  #file(sopInstanceUid: Uid): void {
    const rewritten = this.#rewritten.get(sopInstanceUid);
    this.outcomes.set(sopInstanceUid, { sopInstanceUid, status: 'filed', ...(rewritten && { rewritten }) });
  }

  #quarantine(sopInstanceUid: Uid, code: string): void {
    this.outcomes.set(sopInstanceUid, { code, sopInstanceUid, status: 'quarantined' });
  }
}

/**
 * An instance as it is to be stored.
 *
 * @param syntax - The transfer syntax in which it was stored before; left out, it is chosen.
 * @throws {InterhospError} with `retry: 'no'` when it is not to be.
 */
export async function storable(
  x: LiveExchange,
  pack: Pack,
  { entry, ordinal }: Arrived,
  { patient, ports, sender, signal, storing }: Work,
  syntax?: Uid,
): Promise<StorableInstance> {
  const { coercion, self } = ports.settings;
  const source = pack.source(ordinal);
  await mustBeAsSaid(x, source, entry, signal);
  const to = syntax ?? (await chosenSyntax(entry, ports, signal));
  const time = timeOf(storing);
  const input = { patient, policy: coercion, receiver: self, sender, time };
  // The whole data set was walked when it was cut at the source, and its digest was checked on arrival.
  const { plan } = await coerceInstance(source, entry.transferSyntaxUid, input, {
    checkToEnd: false,
    inflate: nodeInflate(),
    signal,
  });
  const { seriesInstanceUid, sopClassUid, sopInstanceUid, studyInstanceUid, transferSyntaxUid } = entry;
  const identity = { seriesInstanceUid, sopClassUid, sopInstanceUid, studyInstanceUid };
  if (to === transferSyntaxUid || ports.decoding === undefined) {
    const { lengthBytes } = plan;
    return { ...identity, dataSet: (options) => spliceStream(plan, source, options), lengthBytes, transferSyntaxUid };
  }
  const by = { decoding: ports.decoding, member: self, signal, time };
  const plain = await inPlainSyntax(splicedSource(plan, source), { from: transferSyntaxUid, to }, by);
  const { lengthBytes } = plain;
  return { ...identity, dataSet: (options) => plain.dataSet(options), lengthBytes, transferSyntaxUid: to };
}

/** In which transfer syntax the PACS gives an object back; its bytes are not asked for. */
async function syntaxHeld(retrieved: AsyncIterable<RetrievedInstance>): Promise<Uid | undefined> {
  for await (const { transferSyntaxUid } of retrieved) return transferSyntaxUid;
  return undefined;
}

/** @throws {PacsError} `PACS_SYNTAX_REFUSED`, `PACS_CLASS_REFUSED` */
async function chosenSyntax(entry: InstanceEntry, ports: FilingPorts, signal: AbortSignal): Promise<Uid> {
  const choice = await syntaxFor(entry, ports, signal);
  if (choice.kind === 'refused') throw refusal(choice.code, entry);
  return choice.kind === 'rewritten' ? choice.transferSyntaxUid : entry.transferSyntaxUid;
}

/** The pixels of an instance decoded, to be compared with what a PACS holds in another syntax. */
export function decodedFor(
  { entry, ordinal }: Arrived,
  pack: Pack,
  { ports: { decoding, settings }, signal, storing }: Work,
): ((to: Uid) => ReturnType<typeof inPlainSyntax>) | undefined {
  if (decoding === undefined) return undefined;
  const by = { decoding, member: settings.self, signal, time: timeOf(storing) };
  return (to) => inPlainSyntax(pack.source(ordinal), { from: entry.transferSyntaxUid, to }, by);
}

function timeOf({ coercionTimeMs, utcOffsetMinutes }: Work['storing']) {
  return { epochMs: coercionTimeMs, utcOffsetMinutes };
}

/**
 * The manifest was checked against the bytes by digests only: whether they are of the instance and study that it names,
 * and of the patient whose traits were reconciled, only the bytes tell.
 */
async function mustBeAsSaid(
  x: LiveExchange,
  source: ByteSource,
  entry: InstanceEntry,
  signal: AbortSignal,
): Promise<void> {
  const { header, identity } = await readStudyHeader(source, entry.transferSyntaxUid, {
    inflate: nodeInflate(),
    signal,
  });
  const field = IDENTIFIERS.find((name) => identity[name] !== entry[name]);
  if (field !== undefined) throw new TransferError('TRANSFER_MANIFEST_MISMATCH', { details: { field } });
  if (!sameArrivingPatient(header.patient, x.required('OFFER_SEEN').header.patient)) {
    throw new TransferError('TRANSFER_STUDY_CONFLICT', { details: { reason: 'other-patient' } });
  }
}

const IDENTIFIERS = ['studyInstanceUid', 'seriesInstanceUid', 'sopInstanceUid', 'sopClassUid'] as const;

async function* sayingWhenBroken(
  dataSet: AsyncIterable<Uint8Array>,
  onBroken: (error: InterhospError) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* dataSet;
  } catch (error) {
    if (isInterhospError(error)) onBroken(error);
    throw error;
  }
}
