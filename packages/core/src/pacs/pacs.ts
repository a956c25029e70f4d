/**
 * Port: a PACS, as source and as destination. Adapters implement it; `@interhosp/core/conformance` tests them.
 *
 * Bytes move as the PACS gave them: a data set (no preamble, no file meta information) in its own transfer syntax.
 * Every method that waits takes a signal and rethrows its reason untouched.
 */
import type { Uid } from '../dicom/uid.ts';
import type { InstanceIdentity, IssuedId, PersonNameGroups, Sex, StudyHeader } from '../study/index.ts';

/** What an adapter can do; the conformance suite and the journeys branch on it. */
export interface PacsCapabilities {
  /** Can search and retrieve. */
  readonly source: boolean;
  /** Can store. */
  readonly destination: boolean;
  /** Stored data sets come back byte for byte. */
  readonly preservesBytes: boolean;
  /** A second object with the same SOP Instance UID: kept beside, replaced, or ignored in favour of the first. */
  readonly onDuplicate: 'ignore' | 'replace' | 'unknown';
}

/** Options of every call that waits. */
export interface PacsOptions {
  readonly signal?: AbortSignal;
}

/** Keys of a study search; all given ones must match (PS3.4 C.2.2.2). An empty query asks for every study. */
export interface StudyQuery {
  readonly studyInstanceUid?: Uid;
  readonly patientId?: string;
  readonly accessionNumber?: string;
  /** `YYYY-MM-DD`, inclusive. */
  readonly studyDateFrom?: string;
  /** `YYYY-MM-DD`, inclusive. */
  readonly studyDateTo?: string;
}

/** The patient a PACS shows a study under. */
export interface PacsPatient {
  readonly patientId: IssuedId;
  readonly name?: PersonNameGroups;
  readonly birthDate?: string;
  readonly sex?: Sex;
}

/** Keys of a patient search; all given ones must match, and one at least is given. */
export interface PatientQuery {
  readonly patientId?: string;
  /** One component group of a PN value, where `*` stands for any text; how case and diacritics count is the PACS's own. */
  readonly name?: string;
  /** `YYYY-MM-DD` */
  readonly birthDate?: string;
}

/** One study as the PACS lists it. A study that stands under two patients is listed twice. */
export interface StudySummary {
  readonly studyInstanceUid: Uid;
  readonly patient: PacsPatient;
  readonly header: StudyHeader;
  /** Number of Study Related Instances (0020,1208): what the PACS holds now. Undefined when it does not say. */
  readonly instances?: number;
}

/** One instance as the PACS lists it. */
export interface InstanceSummary {
  readonly seriesInstanceUid: Uid;
  readonly sopInstanceUid: Uid;
  readonly sopClassUid?: Uid;
}

/**
 * An instance on its way out of a PACS. `dataSet` must be read to its end, or ended, before the next instance is asked for.
 * It throws a `DICOM_…` code where this one instance cannot be read; those behind it come all the same.
 */
export interface RetrievedInstance {
  readonly transferSyntaxUid: Uid;
  /** As the PACS names it beside its bytes, where it does: tells which instance it is when the bytes cannot be read. */
  readonly sopInstanceUid?: Uid;
  readonly dataSet: AsyncIterable<Uint8Array>;
}

/** An instance to be stored; `dataSet()` may be called again when an attempt is repeated and yields identical bytes. */
export interface StorableInstance extends InstanceIdentity {
  readonly lengthBytes: number;
  dataSet(options?: PacsOptions): AsyncIterable<Uint8Array>;
}

/**
 * What became of one instance. `stored` and `warned` are the PACS's word only, to be confirmed by a search;
 * `duplicate` says that it already holds an object of this UID; `unknown` must be treated as indeterminate.
 */
export interface StoreOutcome {
  readonly sopInstanceUid: Uid;
  readonly status: 'stored' | 'warned' | 'duplicate' | 'refused' | 'unknown';
  /** Whether repeating may help; only with `refused` and `unknown`. */
  readonly retry?: 'no' | 'later';
  /** The PACS's own status: a DIMSE status (PS3.7 C) or a failure reason (0008,1197). */
  readonly statusCode?: number;
}

/** An instance by class and UID. */
export type InstanceReference = Pick<InstanceIdentity, 'sopClassUid' | 'sopInstanceUid'>;

/** How a PACS is asked to keep instances. */
export interface CommitOptions extends PacsOptions {
  /**
   * Names what the question belongs to. Asked again under the same name, as after a restart, it waits on for the same answer;
   * under another it is asked anew, as a promise says nothing of what was stored after it.
   */
  readonly filing: string;
}

/** What a PACS promised. Instances that are in neither list were not answered for: not in time, or it cannot be asked. */
export interface StorageCommitment {
  /** Kept for good. */
  readonly committed: readonly InstanceReference[];
  /** Not kept, with the reason (0008,1197). */
  readonly failed: readonly (InstanceReference & { readonly reason: number })[];
}

/** A PACS that can be searched and retrieved from. */
export interface PacsSource {
  /**
   * Finds studies. Answers are checked against the query by the adapter: a PACS that ignores a key does not widen it.
   *
   * @throws {PacsError} `PACS_UNREACHABLE`, `PACS_UNAUTHORIZED`, `PACS_REFUSED`, `PACS_PROTOCOL`
   */
  findStudies(query: StudyQuery, options?: PacsOptions): AsyncIterable<StudySummary>;
  /**
   * Finds patients, for a directory over a PACS; one may come more than once, as different studies show it. IDs and dates are
   * checked by the adapter as those of studies are; names are the PACS's word. Absent where patients cannot be searched.
   *
   * @throws {PacsError} as {@link findStudies}
   */
  findPatients?(query: PatientQuery, options?: PacsOptions): AsyncIterable<PacsPatient>;
  /** Every instance of a study the PACS holds now, in no particular order; empty when it holds none. */
  findInstances(studyInstanceUid: Uid, options?: PacsOptions): AsyncIterable<InstanceSummary>;
  /**
   * Retrieves a study, or the named instances of it, each in the transfer syntax it is stored in.
   *
   * @throws {PacsError} `PACS_STUDY_UNKNOWN` when nothing is held under this UID; `PACS_INCOMPLETE` when the transport
   *   ended before its own end mark.
   */
  retrieve(
    studyInstanceUid: Uid,
    options?: PacsOptions & { readonly instances?: readonly InstanceSummary[] },
  ): AsyncIterable<RetrievedInstance>;
  /**
   * Studies in which something has changed, as the adapter is told (instances pushed to it, notifications): hints that
   * spare waiting for the next search, and may be missed or doubled. Absent where nothing tells.
   */
  changes?(options: PacsOptions): AsyncIterable<Uid>;
  /**
   * What the hospital's own order says of a study: whether more is to come. Absent, or `unknown`, where nothing says so.
   *
   * @see DICOM PS3.4 K.6 (worklist, Scheduled Procedure Step Status (0040,0020))
   */
  orderStatus?(study: StudySummary, options?: PacsOptions): Promise<OrderStatus>;
  /**
   * Says who knows whether a study that was pushed to us, with so many instances, may be erased here: it was passed on to whoever
   * shall have it. Without that word nothing is ever erased, however long it was held. For the time until `stop`; absent where
   * nothing is kept.
   */
  erasesWhen?(isPassedOn: IsPassedOn): void;
}

/** Whether a study that was pushed to us has gone to whoever shall have it. */
export type IsPassedOn = (study: PushedStudy) => Promise<boolean>;

/** A study that was pushed to us. */
export interface PushedStudy extends StudySummary {
  /** How many lie here. */
  readonly instances: number;
  /** When the last of them came. */
  readonly receivedMs: number;
}

/** Whether the procedure that a study belongs to goes on. */
export type OrderStatus = 'open' | 'complete' | 'unknown';

/** A PACS that can be stored to. */
export interface PacsDestination {
  /**
   * Stores instances, one outcome each, in any order. Outcomes of refused instances do not end the iteration.
   * An adapter may send several instances in one request.
   *
   * @throws {PacsError} only when nothing more can be stored at all; instances without an outcome are then indeterminate.
   */
  store(
    instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
    options?: PacsOptions,
  ): AsyncIterable<StoreOutcome>;
  /**
   * Transfer syntaxes in which the PACS takes instances of this SOP class, as learned by asking it once and remembered;
   * empty when it takes none of the class. Undefined where it cannot be known beforehand: a store then tells.
   *
   * @throws {PacsError} when it must be asked first and cannot be.
   */
  acceptedSyntaxes?(sopClassUid: Uid, options?: PacsOptions): Promise<readonly Uid[] | undefined>;
  /**
   * Asks the PACS to keep for good what was stored, and waits a bounded time for its answer. It strengthens what a search
   * showed and replaces nothing of it: an instance that fails is not delivered, one without an answer is believed as far as
   * it was seen. Absent where the PACS has nothing of the kind, or the site does not want to ask.
   *
   * @throws {PacsError} when it cannot be asked now.
   * @see DICOM PS3.4 J (storage commitment)
   */
  commit?(instances: readonly InstanceReference[], options: CommitOptions): Promise<StorageCommitment>;
}

/**
 * One PACS behind one adapter. Its searches and retrievals answer with what the PACS itself holds and with nothing else: they
 * are what a delivery is confirmed by.
 */
export interface Pacs extends PacsSource, PacsDestination {
  readonly capabilities: PacsCapabilities;
  /**
   * The PACS together with what was pushed to the adapter and need not be anywhere else, as one source: what studies leave
   * from. Absent where the adapter keeps nothing of its own.
   */
  readonly withPushed?: PacsSource;
  /** Opens what the adapter needs. Calling it twice is fine; a PACS that is down is not an error here. */
  start(): Promise<void>;
  /** Leaves no timer, socket or temporary file. Calling it twice is fine. */
  stop(): Promise<void>;
  /** Asks whether the PACS answers (C-ECHO, or the cheapest request there is). @throws {PacsError} */
  echo(options?: PacsOptions): Promise<void>;
}

/** What studies leave from: the PACS, and what was pushed to its adapter. Never what a delivery is confirmed by. */
export function sourceOf(pacs: Pacs): PacsSource {
  return pacs.withPushed ?? pacs;
}
