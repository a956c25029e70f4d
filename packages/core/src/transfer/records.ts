/**
 * The records of an exchange, as the journal keeps them: one type for each arrow of DESIGN.md §7 and for what happens
 * aside. A payload holds what a later step needs and what a person will ask about; it is sealed under the exchange's key,
 * but for receipts, which name no patient and outlive it.
 */
import type { Uid } from '../dicom/uid.ts';
import { TransferError } from '../errors/interhosp-error.ts';
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

/** What became of one instance in the PACS. */
export interface FilingOutcome {
  readonly sopInstanceUid: Uid;
  readonly status: 'filed' | 'quarantined';
  /** Only with `quarantined`. */
  readonly code?: string;
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
  };
  readonly OFFERED: { readonly rosterVersion: number };
  readonly SENDING: Nothing;
  readonly REMOTE_DURABLE: ReceiptRecord;
  readonly REMOTE_CONFIRMED: ReceiptRecord;
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
  };
  readonly LINKED: { readonly patient: LocalPatient; /** `automatic`, or the person. */ readonly by: string };
  // The receiver: filing.
  readonly STORING: {
    /** Fixed once per attempt, so that a repeated store is identical. */
    readonly coercionTimeMs: number;
    readonly utcOffsetMinutes: number;
    /** What the PACS held of this study before. */
    readonly alreadyHeld: readonly Uid[];
  };
  readonly STORED: { readonly outcomes: readonly FilingOutcome[] };
  readonly CONFIRMED: { readonly evidence: 'query' | 'commitment'; readonly instances: readonly FilingOutcome[] };
  readonly R2_SIGNED: ReceiptRecord;
  // Aside.
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

/** Version of the payloads' form; a higher one was written by a newer program. */
const PAYLOAD_VERSION = 1;

/** A payload as the journal keeps it. */
export function encodeRecord<T extends RecordType>(_type: T, payload: RecordPayloads[T]): object {
  return { payload, v: PAYLOAD_VERSION };
}

/**
 * A payload read back from the journal, whose seal and chain have shown that we wrote it.
 *
 * @param stored - Undefined when the key was erased; so is the answer then.
 * @throws {TransferError} `TRANSFER_RECORD_VERSION`, `TRANSFER_RECORD_INVALID`
 */
export function decodeRecord<T extends RecordType>(type: T, stored: unknown): RecordPayloads[T] | undefined {
  if (stored === undefined) return undefined;
  const { payload, v } = stored as { readonly payload?: unknown; readonly v?: unknown };
  if (typeof v === 'number' && v > PAYLOAD_VERSION) {
    throw new TransferError('TRANSFER_RECORD_VERSION', { details: { kind: type, version: v } });
  }
  if (v !== PAYLOAD_VERSION || typeof payload !== 'object' || payload === null || !(type in REQUIRED)) {
    throw new TransferError('TRANSFER_RECORD_INVALID', { details: { kind: type } });
  }
  for (const field of REQUIRED[type]) {
    if (!Object.hasOwn(payload, field))
      throw new TransferError('TRANSFER_RECORD_INVALID', { details: { field, kind: type } });
  }
  return payload as RecordPayloads[T];
}

/** Fields without which a payload cannot be used. */
const REQUIRED: Readonly<Record<RecordType, readonly string[]>> = {
  DISCOVERED: ['header', 'receiver', 'priority', 'purpose', 'because', 'instances'],
  OFFERED: ['rosterVersion'],
  SENDING: [],
  REMOTE_DURABLE: ['envelope'],
  REMOTE_CONFIRMED: ['envelope'],
  SEALED: ['transferId', 'manifestRoot', 'instances', 'bytes', 'quarantined'],
  CLOSED: [],
  EXPUNGED: [],
  OFFER_SEEN: ['header', 'sender', 'priority', 'purpose', 'rosterVersion'],
  ADMITTED: [],
  RECEIVING: [],
  VERIFIED: [],
  R1_SIGNED: ['envelope'],
  RECONCILING: ['decision'],
  REVIEW: [],
  AWAITING_PATIENT: [],
  PROVISIONAL: ['patient'],
  DECIDED: ['kind', 'by'],
  LINKED: ['patient', 'by'],
  STORING: ['coercionTimeMs', 'utcOffsetMinutes', 'alreadyHeld'],
  STORED: ['outcomes'],
  CONFIRMED: ['evidence', 'instances'],
  R2_SIGNED: ['envelope'],
  RETRY_WAIT: ['code', 'failures', 'untilMs'],
  QUARANTINE: ['sopInstanceUid', 'code'],
  HELD: ['code'],
  RELEASED: ['by'],
  CANCELLED: ['by', 'reason'],
  EXPIRED: ['policy'],
  RECALLED: ['by', 'reason'],
};
