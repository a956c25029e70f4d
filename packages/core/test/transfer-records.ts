/** One payload of each record, for the tests of the exchange's fold and of the record codec. The patient does not exist. */
import { parseUid } from '../src/dicom/uid.ts';
import type { DecisionRecord } from '../src/reconciliation/decision-record.ts';
import { parseMemberId, parseTransferId, type Digest, type LocalPatient } from '../src/study/index.ts';
import type { FilingOutcome, RecordPayloads, RecordType } from '../src/transfer/records.ts';
import { SAMPLE_HEADER } from './transfer-frames.ts';

const transferId = parseTransferId('b3'.repeat(32));
const patient: LocalPatient = {
  patientId: { id: '000123', issuer: 'SOUTH' },
  name: { alphabetic: { family: 'Peeters', given: 'Zoë', middle: '', prefix: '', suffix: '' } },
  birthDate: '1961-03-00',
};
const decision: DecisionRecord = {
  zone: 'new',
  probability: 0.001,
  priorWeight: -12.5,
  score: -3.25,
  evidence: [],
  guards: [],
  runnersUp: [],
  sameNumberAs: [],
  modelVersion: 'model-1',
  profile: 'be',
  policy: 'strict',
  registrySize: 120,
};
const outcomes: readonly FilingOutcome[] = [
  { sopInstanceUid: parseUid('1.2.3.1'), status: 'filed' },
  { code: 'DICOM_TRUNCATED', sopInstanceUid: parseUid('1.2.3.2'), status: 'quarantined' },
];
const coercionTime = { coercionTimeMs: 1_764_000_000_000, utcOffsetMinutes: 60 } as const;
const receipt = { envelope: '{"payload":"e30"}' } as const;

/** By type; every optional field is there. */
export const SAMPLE_PAYLOADS: { readonly [T in RecordType]: RecordPayloads[T] } = {
  DISCOVERED: {
    attempt: 2,
    because: { kind: 'rule', ruleId: 'ct-to-south' },
    header: SAMPLE_HEADER,
    instances: 3,
    priority: 'routine',
    purpose: 'treatment',
    receiver: parseMemberId('be-south'),
    supersedes: transferId,
  },
  OFFERED: { rosterVersion: 12 },
  SENDING: {},
  SEALED: {
    bytes: 4_096,
    instances: 3,
    manifestRoot: 'c4'.repeat(32) as Digest,
    quarantined: [{ code: 'DICOM_TRUNCATED', sopInstanceUid: parseUid('1.2.3.9') }],
    transferId,
  },
  REMOTE_DURABLE: receipt,
  REMOTE_CONFIRMED: receipt,
  REMOTE_WITHDRAWN: receipt,
  CLOSED: {},
  EXPUNGED: {},
  OFFER_SEEN: {
    attempt: 2,
    expectedBytes: 4_096,
    expectedInstances: 3,
    header: SAMPLE_HEADER,
    priority: 'emergency',
    purpose: 'emergency',
    rosterVersion: 12,
    sender: parseMemberId('be-north'),
    supersedes: transferId,
  },
  ADMITTED: {},
  RECEIVING: {},
  VERIFIED: {},
  R1_SIGNED: receipt,
  RECONCILING: { decision },
  REVIEW: {},
  AWAITING_PATIENT: {},
  PROVISIONAL: { patient },
  DECIDED: { by: 'an.peeters', kind: 'link', patientId: '000123', reason: 'same national number' },
  LINKED: { by: 'automatic', patient },
  UNLINKED: { by: 'an.peeters', reason: 'a twin' },
  EARLY_STORING: coercionTime,
  EARLY_STORED: { outcomes },
  STORING: { ...coercionTime, alreadyHeld: [parseUid('1.2.3.7')] },
  STORED: { outcomes },
  CONFIRMED: { evidence: 'query', instances: outcomes },
  R2_SIGNED: receipt,
  R2_WITHDRAWN: { ...receipt, by: 'an.peeters', reason: 'a twin' },
  REPRIORITISED: { by: 'an.peeters', priority: 'urgent' },
  RETRY_WAIT: { code: 'PACS_UNREACHABLE', failures: 3, untilMs: 1_764_000_060_000 },
  QUARANTINE: { code: 'DICOM_TRUNCATED', sopInstanceUid: parseUid('1.2.3.9') },
  HELD: { code: 'TRANSFER_REFUSED:STORAGE_FULL' },
  RELEASED: { by: 'an.peeters' },
  CANCELLED: { by: 'an.peeters', reason: 'sent twice' },
  EXPIRED: { policy: 'held-for-90-days' },
  RECALLED: { by: 'an.peeters', reason: 'wrong hospital' },
};

/** Every type there is. */
export const RECORD_TYPES = Object.keys(SAMPLE_PAYLOADS) as readonly RecordType[];
