/**
 * Payloads of records as the journal keeps them. They are checked when they are written as when they are read back: what
 * could not be read after a crash must never be written, and what is damaged must not be acted on.
 */
import { parseUid, type Uid } from '../dicom/uid.ts';
import { TransferError } from '../errors/interhosp-error.ts';
import { parseDecisionRecord } from '../reconciliation/decision-record.ts';
import { parseDigest, parseMemberId, parseTransferId } from '../study/identifiers.ts';
import { MAX_INSTANCES, MAX_STUDY_BYTES } from '../study/manifest.ts';
import { PRIORITIES, PURPOSES } from '../study/study.ts';
import { localPatientShape, studyHeaderShape } from './header.ts';
import { MAX_ATTEMPT, MAX_RECEIPT_BYTES } from './limits.ts';
import type {
  CoercionTime,
  FilingOutcome,
  QuarantinedRecord,
  ReceiptRecord,
  RecordPayloads,
  RecordType,
  SealRecord,
  SendReason,
  SyntaxChange,
} from './records.ts';
import { list, object, optional, ShapeProblem, text, variant, whole, word, parsed, type Shape } from './shape.ts';

/** Version of the payloads' form; a higher one was written by a newer program. */
const PAYLOAD_VERSION = 1;

/**
 * A payload as the journal keeps it.
 *
 * @throws {TransferError} `TRANSFER_RECORD_INVALID` when it could not be read back.
 */
export function encodeRecord<T extends RecordType>(type: T, payload: RecordPayloads[T]): object {
  return { payload: check(type, payload), v: PAYLOAD_VERSION };
}

/**
 * A payload read back from the journal. Fields that a newer program of the same version added are left out.
 *
 * @param stored - Undefined when the key was erased; so is the answer then.
 * @throws {TransferError} `TRANSFER_RECORD_VERSION`, `TRANSFER_RECORD_INVALID` with the field.
 */
export function decodeRecord<T extends RecordType>(type: T, stored: unknown): RecordPayloads[T] | undefined {
  if (stored === undefined) return undefined;
  const { payload, v } = (stored ?? {}) as { readonly payload?: unknown; readonly v?: unknown };
  if (typeof v === 'number' && v > PAYLOAD_VERSION) {
    throw new TransferError('TRANSFER_RECORD_VERSION', { details: { kind: type, version: v } });
  }
  if (v !== PAYLOAD_VERSION) throw new TransferError('TRANSFER_RECORD_INVALID', { details: { kind: String(type) } });
  return check(type, payload);
}

function check<T extends RecordType>(type: T, payload: unknown): RecordPayloads[T] {
  if (!Object.hasOwn(SHAPES, type)) throw new TransferError('TRANSFER_RECORD_INVALID', { details: { kind: type } });
  try {
    return SHAPES[type](payload);
  } catch (error) {
    if (!(error instanceof ShapeProblem)) throw error;
    const field = error.path === '' ? 'payload' : error.path;
    throw new TransferError('TRANSFER_RECORD_INVALID', { details: { field, kind: type } });
  }
}

const ignoreUnknown = { ignoreUnknown: true } as const;
const uid: Shape<Uid> = parsed(parseUid);
/** A person, a policy, a member. */
const actor = text(256);
const reason = text(4_096);
/** A code of the catalogue, with the other side's after a colon. */
const code = text(160);
const count = whole(0, Number.MAX_SAFE_INTEGER);
const timeMs = whole(0, 8.64e15);
const attempt = whole(1, MAX_ATTEMPT);
const instances = whole(0, MAX_INSTANCES);
const bytes = whole(0, MAX_STUDY_BYTES);

const nothing = object<Record<string, never>>({}, ignoreUnknown);
const receipt = object<ReceiptRecord>({ envelope: text(MAX_RECEIPT_BYTES) }, ignoreUnknown);
const quarantined = object<QuarantinedRecord>({ sopInstanceUid: uid, code }, ignoreUnknown);
const rewritten = object<SyntaxChange>({ from: uid, to: uid }, ignoreUnknown);
const outcome = object<FilingOutcome>(
  {
    sopInstanceUid: uid,
    status: word(['filed', 'quarantined']),
    code: optional(code),
    rewritten: optional(rewritten),
  },
  ignoreUnknown,
);
const outcomes = list(outcome, MAX_INSTANCES);
const seal = object<SealRecord>(
  {
    transferId: parsed(parseTransferId),
    manifestRoot: parsed(parseDigest),
    instances,
    bytes,
    quarantined: list(quarantined, MAX_INSTANCES),
  },
  ignoreUnknown,
);
const because = variant<SendReason>('kind', {
  rule: object<Extract<SendReason, { kind: 'rule' }>>({ kind: word(['rule']), ruleId: text(256) }, ignoreUnknown),
  person: object<Extract<SendReason, { kind: 'person' }>>({ kind: word(['person']), by: actor }, ignoreUnknown),
});
const coercionTime = { coercionTimeMs: timeMs, utcOffsetMinutes: whole(-1_440, 1_440) } as const;
const priority = word(PRIORITIES);
const purpose = word(PURPOSES);

const decision: Shape<RecordPayloads['RECONCILING']['decision']> = (value) => {
  try {
    return parseDecisionRecord(value);
  } catch {
    throw new ShapeProblem('');
  }
};

const SHAPES: { readonly [T in RecordType]: Shape<RecordPayloads[T]> } = {
  DISCOVERED: object<RecordPayloads['DISCOVERED']>(
    {
      header: studyHeaderShape,
      receiver: parsed(parseMemberId),
      priority,
      purpose,
      because,
      instances: count,
      supersedes: optional(parsed(parseTransferId)),
      attempt: optional(attempt),
    },
    ignoreUnknown,
  ),
  OFFERED: object<RecordPayloads['OFFERED']>({ rosterVersion: count }, ignoreUnknown),
  SENDING: nothing,
  SEALED: seal,
  REMOTE_DURABLE: receipt,
  REMOTE_CONFIRMED: receipt,
  REMOTE_WITHDRAWN: receipt,
  CLOSED: nothing,
  EXPUNGED: nothing,
  OFFER_SEEN: object<RecordPayloads['OFFER_SEEN']>(
    {
      header: studyHeaderShape,
      sender: parsed(parseMemberId),
      priority,
      purpose,
      rosterVersion: count,
      expectedInstances: optional(instances),
      expectedBytes: optional(bytes),
      supersedes: optional(parsed(parseTransferId)),
      attempt: optional(attempt),
    },
    ignoreUnknown,
  ),
  ADMITTED: nothing,
  RECEIVING: nothing,
  VERIFIED: nothing,
  R1_SIGNED: receipt,
  RECONCILING: object<RecordPayloads['RECONCILING']>({ decision }, ignoreUnknown),
  REVIEW: nothing,
  AWAITING_PATIENT: nothing,
  PROVISIONAL: object<RecordPayloads['PROVISIONAL']>({ patient: localPatientShape }, ignoreUnknown),
  DECIDED: object<RecordPayloads['DECIDED']>(
    {
      kind: word(['link', 'new', 'reject']),
      by: actor,
      patientId: optional(text(4_096)),
      reason: optional(reason),
      notPatientIds: optional(list(text(4_096), 1_000)),
    },
    ignoreUnknown,
  ),
  LINKED: object<RecordPayloads['LINKED']>({ patient: localPatientShape, by: actor }, ignoreUnknown),
  UNLINKED: object<RecordPayloads['UNLINKED']>({ by: actor, reason }, ignoreUnknown),
  EARLY_STORING: object<CoercionTime>(coercionTime, ignoreUnknown),
  EARLY_STORED: object<RecordPayloads['EARLY_STORED']>({ outcomes }, ignoreUnknown),
  STORING: object<RecordPayloads['STORING']>(
    { ...coercionTime, alreadyHeld: list(uid, Number.MAX_SAFE_INTEGER) },
    ignoreUnknown,
  ),
  STORED: object<RecordPayloads['STORED']>({ outcomes }, ignoreUnknown),
  CONFIRMED: object<RecordPayloads['CONFIRMED']>(
    { evidence: word(['query', 'commitment']), instances: outcomes },
    ignoreUnknown,
  ),
  R2_SIGNED: receipt,
  R2_WITHDRAWN: object<RecordPayloads['R2_WITHDRAWN']>(
    { envelope: text(MAX_RECEIPT_BYTES), by: actor, reason },
    ignoreUnknown,
  ),
  RETRY_WAIT: object<RecordPayloads['RETRY_WAIT']>({ code, failures: count, untilMs: timeMs }, ignoreUnknown),
  QUARANTINE: quarantined,
  HELD: object<RecordPayloads['HELD']>({ code }, ignoreUnknown),
  RELEASED: object<RecordPayloads['RELEASED']>({ by: actor }, ignoreUnknown),
  REPRIORITISED: object<RecordPayloads['REPRIORITISED']>({ priority, by: actor }, ignoreUnknown),
  CANCELLED: object<RecordPayloads['CANCELLED']>({ by: actor, reason }, ignoreUnknown),
  EXPIRED: object<RecordPayloads['EXPIRED']>({ policy: actor }, ignoreUnknown),
  RECALLED: object<RecordPayloads['RECALLED']>({ by: actor, reason }, ignoreUnknown),
};
