/**
 * The records of an exchange, as the journal keeps them: one type for each arrow of DESIGN.md §7 and for what happens
 * aside. A payload holds what a later step needs and what a person will ask about; it is sealed under the exchange's key,
 * but for receipts, which name no patient and outlive it.
 */
import type { Uid } from '../dicom/uid.ts';
import type { DecisionRecord } from '../reconciliation/decision-record.ts';
import type { Digest, LocalPatient, MemberId, Priority, Purpose, StudyHeader, TransferId } from '../study/index.ts';

/** Why a study was sent: a rule that was approved, or a person. */
export type SendReason =
  { readonly kind: 'rule'; readonly ruleId: string } | { readonly kind: 'person'; readonly by: string };

/** An instance that stays behind, and why. */
export interface QuarantinedRecord {
  readonly sopInstanceUid: Uid;
  readonly code: string;
}

/** Transfer syntaxes of an instance that was not filed in the one in which it came. */
export interface SyntaxChange {
  readonly from: Uid;
  readonly to: Uid;
}

/** What became of one instance in the PACS. */
export interface FilingOutcome {
  readonly sopInstanceUid: Uid;
  readonly status: 'filed' | 'quarantined';
  /** Only with `quarantined`. */
  readonly code?: string;
  /** Only with `filed`: it was decoded without loss, or its elements written in the other VR form. */
  readonly rewritten?: SyntaxChange;
}

/** What makes coercion byte-deterministic: fixed once per filing, so that a repeated store is identical. */
export interface CoercionTime {
  readonly coercionTimeMs: number;
  readonly utcOffsetMinutes: number;
}

type Nothing = Readonly<Record<string, never>>;

/** What a sealed study is. */
export interface SealRecord {
  readonly transferId: TransferId;
  readonly manifestRoot: Digest;
  readonly instances: number;
  readonly bytes: number;
  /** Instances that the source could not give. */
  readonly quarantined: readonly QuarantinedRecord[];
}

/** A signed envelope as it went over the wire, as text. */
export interface ReceiptRecord {
  readonly envelope: string;
}

/** Payload by type. */
export interface RecordPayloads {
  // The sender.
  readonly DISCOVERED: {
    readonly header: StudyHeader;
    readonly receiver: MemberId;
    readonly priority: Priority;
    readonly purpose: Purpose;
    readonly because: SendReason;
    /** What the PACS held when the study was taken. */
    readonly instances: number;
    readonly supersedes?: TransferId;
    /** From 1; left out it is the next. A re-send after undo, recall or deletion is a new attempt. */
    readonly attempt?: number;
  };
  readonly OFFERED: { readonly rosterVersion: number };
  readonly SENDING: Nothing;
  readonly REMOTE_DURABLE: ReceiptRecord;
  readonly REMOTE_CONFIRMED: ReceiptRecord;
  /** The receiver took R2 back: what was delivered there is not any more. */
  readonly REMOTE_WITHDRAWN: ReceiptRecord;
  // Both.
  readonly SEALED: SealRecord;
  readonly CLOSED: Nothing;
  readonly EXPUNGED: Nothing;
  // The receiver: bytes.
  readonly OFFER_SEEN: {
    readonly header: StudyHeader;
    readonly sender: MemberId;
    readonly priority: Priority;
    readonly purpose: Purpose;
    readonly rosterVersion: number;
    readonly expectedInstances?: number;
    readonly expectedBytes?: number;
    readonly supersedes?: TransferId;
    /** As offered; left out it is the next. */
    readonly attempt?: number;
  };
  readonly ADMITTED: Nothing;
  readonly RECEIVING: Nothing;
  readonly VERIFIED: Nothing;
  readonly R1_SIGNED: ReceiptRecord;
  // The receiver: patient.
  readonly RECONCILING: { readonly decision: DecisionRecord };
  readonly REVIEW: Nothing;
  readonly AWAITING_PATIENT: Nothing;
  readonly PROVISIONAL: { readonly patient: LocalPatient };
  /** What a person said; the record stays beside the link that follows from it. */
  readonly DECIDED: {
    readonly kind: 'link' | 'new' | 'reject';
    readonly by: string;
    readonly patientId?: string;
    readonly reason?: string;
    /** With `new`: local patients that the person was shown and that it is not. */
    readonly notPatientIds?: readonly string[];
  };
  readonly LINKED: { readonly patient: LocalPatient; /** `automatic`, or the person. */ readonly by: string };
  /** A person took the link back, after R2 was withdrawn where it was signed. What was filed is to be filed anew. */
  readonly UNLINKED: { readonly by: string; readonly reason: string };
  // The receiver: filing.
  /** Before the seal, marked incomplete: emergencies only. */
  readonly EARLY_STORING: CoercionTime;
  /** Again for each batch. */
  readonly EARLY_STORED: { readonly outcomes: readonly FilingOutcome[] };
  readonly STORING: CoercionTime & {
    /** What the PACS held of this study before. */
    readonly alreadyHeld: readonly Uid[];
  };
  /** Again when what a PACS lost since is stored a second time: the newest says what became of each. */
  readonly STORED: { readonly outcomes: readonly FilingOutcome[] };
  readonly CONFIRMED: { readonly evidence: 'query' | 'commitment'; readonly instances: readonly FilingOutcome[] };
  readonly R2_SIGNED: ReceiptRecord;
  /** R2 taken back; allowed after everything else, also after the erasure. */
  readonly R2_WITHDRAWN: ReceiptRecord & { readonly by: string; readonly reason: string };
  // Aside.
  readonly REPRIORITISED: { readonly priority: Priority; readonly by: string };
  readonly RETRY_WAIT: { readonly code: string; readonly failures: number; readonly untilMs: number };
  readonly QUARANTINE: QuarantinedRecord;
  readonly HELD: { readonly code: string };
  readonly RELEASED: { readonly by: string };
  readonly CANCELLED: { readonly by: string; readonly reason: string };
  readonly EXPIRED: { readonly policy: string };
  readonly RECALLED: { readonly by: string; readonly reason: string };
}

/** A type of record. */
export type RecordType = keyof RecordPayloads;

/**
 * Records that need not be durable before the next effect: losing one costs a repetition and nothing else. All others are
 * synced before anything is done or said on their strength.
 */
export const LAZY_RECORDS: ReadonlySet<RecordType> = new Set<RecordType>([
  'SENDING',
  'RECEIVING',
  'RECONCILING',
  'EARLY_STORED',
  'RETRY_WAIT',
]);

/**
 * Records that outlive the erasure of an exchange: receipts, which name no patient, and its end. They are sealed under
 * the node's own key; all others under the key of the exchange.
 */
export const OUTLIVING_RECORDS: ReadonlySet<RecordType> = new Set<RecordType>([
  'R1_SIGNED',
  'R2_SIGNED',
  'R2_WITHDRAWN',
  'REMOTE_DURABLE',
  'REMOTE_CONFIRMED',
  'REMOTE_WITHDRAWN',
  'CLOSED',
  'EXPUNGED',
]);
