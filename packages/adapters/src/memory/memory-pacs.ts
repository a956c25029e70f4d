/**
 * A PACS in memory: complete and honest, for tests, demonstrations and embedding. It keeps data sets as they came, lists a
 * study under each patient its instances name, refuses what it cannot read, and fails on request (see faults.ts).
 */
import type { Uid } from '@interhosp/core/dicom';
import { errorCodeOf, PacsError } from '@interhosp/core/errors';
import { createStudyIndex, readInstance, type IndexedInstance } from '@interhosp/core/pacs';
import type {
  InstanceSummary,
  Pacs,
  PacsCapabilities,
  PacsOptions,
  RetrievedInstance,
  StorableInstance,
  StoreOutcome,
  StudyQuery,
  StudySummary,
} from '@interhosp/core/pacs';
import type { Clock } from '@interhosp/core/world';
import type { MemoryPacsFaults } from './faults.ts';
import { chunkSource, collect, LostConnection, NotAsAnnounced, pieces } from './stored-bytes.ts';

/** Statuses of the storage service (PS3.4 B.2.3, PS3.7 C). */
const STATUS = {
  success: 0x0000,
  coercion: 0xb000,
  duplicate: 0x0111,
  outOfResources: 0xa700,
  identityMismatch: 0xa900,
  classNotSupported: 0x0122,
  cannotUnderstand: 0xc000,
} as const;

/** How a memory PACS is made. */
export interface MemoryPacsOptions {
  /** What happens to a second object of the same UID; default `ignore`, answered as a duplicate. */
  readonly onDuplicate?: 'ignore' | 'replace';
  /**
   * What a duplicate is: the same SOP Instance UID (`uid`, the default), or the same UID under the same patient
   * (`patient`, as in Orthanc: the same study under a second Patient ID is then held twice).
   */
  readonly duplicateBy?: 'uid' | 'patient';
  /** Room for data sets, in bytes; a store beyond it is refused with 0xA700. Default unlimited. */
  readonly capacityBytes?: number;
  /** What it takes, and says so when it is asked; default anything, and nothing is said. */
  readonly accepts?: MemoryPacsAccepts;
  /** Waits for `delayMs`; default the time of this process. */
  readonly clock?: Pick<Clock, 'sleep'>;
  readonly faults?: MemoryPacsFaults;
}

/** What a memory PACS takes. */
export interface MemoryPacsAccepts {
  readonly syntaxes: readonly Uid[];
  /** SOP classes; default any. */
  readonly classes?: readonly Uid[];
}

/** An object as the memory PACS holds it. */
export interface MemoryInstance extends IndexedInstance {
  readonly lengthBytes: number;
  readonly chunks: readonly Uint8Array[];
}

/** A PACS in memory with its back door. */
export interface MemoryPacs extends Pacs {
  /** What goes wrong; set it at any time. Counts such as `refuseEvery` begin anew. */
  faults: MemoryPacsFaults;
  /** What it takes from now on, where it was made with {@link MemoryPacsOptions.accepts}. */
  accepts: MemoryPacsAccepts | undefined;
  /** Puts instances in, whatever the faults. @throws {DicomError} when one cannot be read. */
  seed(instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>): Promise<void>;
  /** Everything held, whatever the faults. */
  held(): readonly MemoryInstance[];
  /** Forgets a study, as somebody would who deletes it in the PACS. */
  deleteStudy(studyInstanceUid: Uid): void;
}

/** Makes a PACS in memory. */
export function memoryPacs(options: MemoryPacsOptions = {}): MemoryPacs {
  return new Memory(options);
}

class Memory implements MemoryPacs {
  readonly capabilities: PacsCapabilities;
  /** Absent where it takes anything: a PACS that cannot be asked. */
  readonly acceptedSyntaxes?: NonNullable<Pacs['acceptedSyntaxes']>;
  accepts: MemoryPacsAccepts | undefined;
  readonly #options: MemoryPacsOptions;
  readonly #index = createStudyIndex<MemoryInstance>();
  /** Stored while `isIndexingLate` is set: held, and not shown. */
  #hidden: ReadonlySet<MemoryInstance> = new Set();
  /** Everything held, the oldest first. */
  readonly #byAge = new Set<MemoryInstance>();
  #heldBytes = 0;
  #faults: MemoryPacsFaults;
  #attempts = 0;

  constructor(options: MemoryPacsOptions) {
    this.#options = options;
    this.#faults = options.faults ?? {};
    const { onDuplicate = 'ignore' } = options;
    this.capabilities = { source: true, destination: true, preservesBytes: true, onDuplicate };
    this.accepts = options.accepts;
    if (options.accepts !== undefined) {
      this.acceptedSyntaxes = async (sopClassUid, how = {}) => {
        await this.#answer(how);
        return this.#syntaxesOf(sopClassUid);
      };
    }
  }

  get faults(): MemoryPacsFaults {
    return this.#faults;
  }

  set faults(faults: MemoryPacsFaults) {
    this.#faults = faults;
    this.#attempts = 0;
    if (faults.isIndexingLate !== true) this.#hidden = new Set();
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async echo(options: PacsOptions = {}): Promise<void> {
    await this.#answer(options);
  }

  async *findStudies(query: StudyQuery, options: PacsOptions = {}): AsyncGenerator<StudySummary> {
    await this.#answer(options);
    for (const study of this.#visibleStudies(query)) {
      options.signal?.throwIfAborted();
      yield study;
    }
  }

  async *findInstances(studyInstanceUid: Uid, options: PacsOptions = {}): AsyncGenerator<InstanceSummary> {
    await this.#answer(options);
    for (const { seriesInstanceUid, sopInstanceUid, sopClassUid } of this.#visible(studyInstanceUid)) {
      options.signal?.throwIfAborted();
      yield { seriesInstanceUid, sopInstanceUid, sopClassUid };
    }
  }

  async *retrieve(
    studyInstanceUid: Uid,
    options: PacsOptions & { readonly instances?: readonly InstanceSummary[] } = {},
  ): AsyncGenerator<RetrievedInstance> {
    await this.#answer(options);
    const held = this.#visible(studyInstanceUid);
    if (options.instances?.length === 0) return;
    if (held.length === 0) throw new PacsError('PACS_STUDY_UNKNOWN', { details: { studyInstanceUid } });
    const wanted = namedInstances(held, options.instances);
    const { omitEvery } = this.#faults;
    for (const [index, instance] of wanted.entries()) {
      options.signal?.throwIfAborted();
      if (omitEvery !== undefined && (index + 1) % omitEvery === 0) continue;
      await this.#pause(options);
      yield { transferSyntaxUid: instance.transferSyntaxUid, dataSet: this.#read(instance, options) };
    }
  }

  async *store(
    instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
    options: PacsOptions = {},
  ): AsyncGenerator<StoreOutcome> {
    await this.#answer(options);
    for await (const instance of instances) {
      options.signal?.throwIfAborted();
      yield { sopInstanceUid: instance.sopInstanceUid, ...(await this.#storeOne(instance, options)) };
    }
  }

  async seed(instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>): Promise<void> {
    for await (const instance of instances) {
      const chunks = await collect(instance, {});
      const read = await readInstance(chunkSource(chunks), instance.transferSyntaxUid);
      this.#keep({ ...read, lengthBytes: instance.lengthBytes, chunks });
    }
  }

  held(): readonly MemoryInstance[] {
    return this.#index
      .studies({})
      .map((study) => study.studyInstanceUid)
      .filter((uid, index, all) => all.indexOf(uid) === index)
      .flatMap((uid) => this.#index.instances(uid));
  }

  deleteStudy(studyInstanceUid: Uid): void {
    for (const instance of this.#index.instances(studyInstanceUid)) this.#forget(instance);
  }

  async #storeOne(instance: StorableInstance, options: PacsOptions): Promise<Omit<StoreOutcome, 'sopInstanceUid'>> {
    this.#attempts++;
    await this.#pause(options);
    const refusal = this.#refusal(instance);
    if (refusal !== undefined) return refusal;
    const kept = await this.#take(instance, options);
    if ('status' in kept) return kept;
    if (isNth(this.#attempts, this.#faults.dropEvery)) return { status: 'stored', statusCode: STATUS.success };
    const outcome = this.#file(kept);
    if (isNth(this.#attempts, this.#faults.loseAnswerEvery)) return { status: 'unknown', retry: 'later' };
    return outcome;
  }

  /** Reads an instance whole and checks that it is what it says. */
  async #take(
    instance: StorableInstance,
    options: PacsOptions,
  ): Promise<MemoryInstance | Omit<StoreOutcome, 'sopInstanceUid'>> {
    const { cutStoreAtBytes, delayMs } = this.#faults;
    const refuse = (statusCode: number) => ({ status: 'refused', retry: 'no', statusCode }) as const;
    try {
      const chunks = await collect(instance, {
        ...options,
        ...(cutStoreAtBytes !== undefined && { cutAtBytes: cutStoreAtBytes }),
        ...(delayMs !== undefined && { pause: () => this.#pause(options) }),
      });
      const read = await readInstance(chunkSource(chunks), instance.transferSyntaxUid, options);
      if (!isSameIdentity(read, instance)) return refuse(STATUS.identityMismatch);
      return { ...read, lengthBytes: instance.lengthBytes, chunks };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof LostConnection) throw new PacsError('PACS_UNREACHABLE', { cause: error });
      if (error instanceof NotAsAnnounced) return refuse(STATUS.cannotUnderstand);
      if (errorCodeOf(error)?.startsWith('DICOM_') === true) return refuse(STATUS.cannotUnderstand);
      throw error;
    }
  }

  #file(instance: MemoryInstance): Omit<StoreOutcome, 'sopInstanceUid'> {
    const earlier = this.#index
      .withUid(instance)
      .filter((each) => this.#options.duplicateBy !== 'patient' || isSamePatient(each, instance));
    if (earlier.length > 0 && this.capabilities.onDuplicate === 'ignore') {
      if (this.#faults.hidesDuplicates === true) return { status: 'stored', statusCode: STATUS.success };
      return { status: 'duplicate', statusCode: STATUS.duplicate };
    }
    const freed = earlier.reduce((sum, each) => sum + each.lengthBytes, 0);
    const { capacityBytes = Number.POSITIVE_INFINITY } = this.#options;
    if (this.#heldBytes - freed + instance.lengthBytes > capacityBytes) return OUT_OF_RESOURCES;
    for (const each of earlier) this.#forget(each);
    this.#keep(instance);
    for (const oldest of this.#byAge) {
      if (this.#byAge.size <= (this.#faults.recyclesOver ?? Number.POSITIVE_INFINITY)) break;
      this.#forget(oldest);
    }
    if (this.#faults.isIndexingLate === true) this.#hidden = new Set([...this.#hidden, instance]);
    if (this.#faults.warns === true) return { status: 'warned', statusCode: STATUS.coercion };
    return { status: 'stored', statusCode: STATUS.success };
  }

  #refusal(instance: StorableInstance): Omit<StoreOutcome, 'sopInstanceUid'> | undefined {
    const { isFull, refuse, refuseEvery, refusedRetry = 'no', refusedStatusCode } = this.#faults;
    if (isFull === true) return OUT_OF_RESOURCES;
    if (this.#syntaxesOf(instance.sopClassUid)?.includes(instance.transferSyntaxUid) === false) {
      return { status: 'refused', retry: 'no', statusCode: STATUS.classNotSupported };
    }
    if (!isNth(this.#attempts, refuseEvery) && refuse?.(instance) !== true) return undefined;
    return { status: 'refused', retry: refusedRetry, statusCode: refusedStatusCode ?? STATUS.cannotUnderstand };
  }

  #syntaxesOf(sopClassUid: Uid): readonly Uid[] | undefined {
    if (this.accepts?.classes?.includes(sopClassUid) === false) return [];
    return this.accepts?.syntaxes;
  }

  async *#read(instance: MemoryInstance, { signal }: PacsOptions): AsyncGenerator<Uint8Array> {
    const { cutRetrieveAtBytes = Number.POSITIVE_INFINITY, altersBytes, delayMs } = this.#faults;
    let offset = 0;
    for (const piece of pieces(instance.chunks)) {
      signal?.throwIfAborted();
      if (delayMs !== undefined) await this.#pause({ ...(signal !== undefined && { signal }) });
      const left = cutRetrieveAtBytes - offset;
      if (left < piece.length) {
        if (left > 0) yield piece.subarray(0, left);
        throw new PacsError('PACS_INCOMPLETE', { details: { sopInstanceUid: instance.sopInstanceUid } });
      }
      offset += piece.length;
      yield altersBytes === true && offset === instance.lengthBytes ? withLastByteChanged(piece) : piece;
    }
    signal?.throwIfAborted();
  }

  #visibleStudies(query: StudyQuery): readonly StudySummary[] {
    const { listsUnder } = this.#faults;
    const { patientId, ...keys } = query;
    const studies = this.#index.studies(listsUnder === undefined ? query : keys);
    const shown = studies.filter((study) => this.#visible(study.studyInstanceUid).length > 0);
    if (listsUnder === undefined) return shown;
    return shown
      .map((study) => ({
        ...study,
        patient: { ...study.patient, patientId: listsUnder },
        header: { ...study.header, patient: { ...study.header.patient, patientId: listsUnder } },
      }))
      .filter(() => patientId === undefined || patientId === listsUnder.id);
  }

  #visible(studyInstanceUid: Uid): readonly MemoryInstance[] {
    return this.#index.instances(studyInstanceUid).filter((each) => !this.#hidden.has(each));
  }

  #keep(instance: MemoryInstance): void {
    this.#index.add(instance);
    this.#byAge.add(instance);
    this.#heldBytes += instance.lengthBytes;
  }

  #forget(instance: MemoryInstance): void {
    this.#index.remove(instance);
    this.#byAge.delete(instance);
    this.#heldBytes -= instance.lengthBytes;
  }

  /** Comes before each answer: the signal, the faults of the whole PACS, and its slowness. */
  async #answer(options: PacsOptions): Promise<void> {
    options.signal?.throwIfAborted();
    await this.#pause(options);
    if (this.#faults.isDown === true) throw new PacsError('PACS_UNREACHABLE');
    if (this.#faults.isLocked === true) throw new PacsError('PACS_UNAUTHORIZED');
  }

  async #pause(options: PacsOptions): Promise<void> {
    const { delayMs = 0 } = this.#faults;
    if (delayMs > 0) await (this.#options.clock ?? processClock).sleep(delayMs, options);
  }
}

const OUT_OF_RESOURCES = { status: 'refused', retry: 'later', statusCode: STATUS.outOfResources } as const;

/** Time of this process. */
const processClock: Pick<Clock, 'sleep'> = {
  sleep: (ms, options) =>
    new Promise((resolve, reject) => {
      const signal = options?.signal;
      const stop = () => {
        clearTimeout(timer);
        // Untouched, whatever it is: a cancelled call is no failure.
        // oxlint-disable-next-line prefer-promise-reject-errors
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, ms);
      signal?.addEventListener('abort', stop, { once: true });
    }),
};

function isNth(count: number, every: number | undefined): boolean {
  return every !== undefined && count % every === 0;
}

/** @throws {PacsError} `PACS_INCOMPLETE` when one of the named instances is not held. */
function namedInstances(
  held: readonly MemoryInstance[],
  named: readonly InstanceSummary[] | undefined,
): readonly MemoryInstance[] {
  if (named === undefined) return held;
  const uids = new Set(named.map((each) => each.sopInstanceUid));
  const wanted = held.filter((each) => uids.has(each.sopInstanceUid));
  const found = new Set(wanted.map((each) => each.sopInstanceUid));
  if (found.size < uids.size) throw new PacsError('PACS_INCOMPLETE', { details: { instances: found.size } });
  return wanted;
}

function isSameIdentity(read: IndexedInstance, said: StorableInstance): boolean {
  return (
    read.sopInstanceUid === said.sopInstanceUid &&
    read.studyInstanceUid === said.studyInstanceUid &&
    read.seriesInstanceUid === said.seriesInstanceUid &&
    read.sopClassUid === said.sopClassUid
  );
}

function isSamePatient(left: IndexedInstance, right: IndexedInstance): boolean {
  const [one, other] = [left.header.patient.patientId, right.header.patient.patientId];
  return one?.id === other?.id && one?.issuer === other?.issuer;
}

function withLastByteChanged(piece: Uint8Array): Uint8Array {
  const changed = piece.slice();
  const last = changed.length - 1;
  changed[last] = (changed[last] ?? 0) ^ 0x01;
  return changed;
}
