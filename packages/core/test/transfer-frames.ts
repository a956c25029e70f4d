/** One frame of each kind, for tests and for the vectors in docs/protocol/vectors. */
import { parseUid } from '../src/dicom/uid.ts';
import { parseExchangeId, parseMemberId, parseTransferId, type Digest, type StudyHeader } from '../src/study/index.ts';
import type { Frame } from '../src/transfer/frames.ts';

const digest = (byte: string) => byte.repeat(32) as Digest;
const exchangeId = parseExchangeId('00112233445566778899aabbccddeeff');
const ascii = (text: string) => new TextEncoder().encode(text);

/** A header with every kind of field; the patient does not exist. */
export const SAMPLE_HEADER: StudyHeader = {
  studyInstanceUid: parseUid('1.2.826.0.1.3680043.8.498.1'),
  patient: {
    patientId: { id: 'A-4711', issuer: 'NORTH' },
    name: { alphabetic: { family: 'Peeters', given: 'Zoë', middle: '', prefix: '', suffix: '' } },
    birthDate: '1961-03-00',
    sex: 'F',
    otherIds: [{ id: '900' }],
  },
  studyDate: '2025-11-03',
  studyTime: '08:15:00',
  accessionNumber: 'ACC1',
  description: 'CT "thorax" \u2028',
  modalities: ['CT', 'SR'],
  referringPhysician: { number: '10000007999' },
};

/** By the name they have in the vectors. */
export const SAMPLE_FRAMES: Readonly<Record<string, Frame>> = {
  offer: {
    kind: 'offer',
    protocolVersion: 1,
    exchangeId,
    attempt: 1,
    federationId: digest('f0'),
    rosterVersion: 12,
    rosterHash: digest('a1'),
    sender: parseMemberId('be-north'),
    receiver: parseMemberId('be-south'),
    purpose: 'treatment',
    priority: 'emergency',
    header: SAMPLE_HEADER,
    features: [],
  },
  'offer with everything': {
    kind: 'offer',
    protocolVersion: 1,
    exchangeId,
    attempt: 2,
    federationId: digest('f0'),
    rosterVersion: 2 ** 40,
    rosterHash: digest('a1'),
    sender: parseMemberId('be-north'),
    receiver: parseMemberId('be-south'),
    purpose: 'second-opinion',
    priority: 'bulk',
    header: { studyInstanceUid: parseUid('1.2.3'), patient: {}, modalities: [] },
    supersedes: parseTransferId('b2'.repeat(32)),
    transferId: parseTransferId('b3'.repeat(32)),
    expectedInstances: 0,
    expectedBytes: 4 * 2 ** 40,
    features: ['lanes', 'packing-1'],
  },
  'answer: accepted, send all': {
    kind: 'answer',
    outcome: 'accepted',
    creditBytes: 4_194_304,
    wantAll: true,
    held: [],
    moreHeld: false,
    features: [],
  },
  'answer: accepted, resumed': {
    kind: 'answer',
    outcome: 'accepted',
    creditBytes: 4_194_304,
    wantAll: false,
    held: [
      {
        ordinal: 0,
        digest: digest('d0'),
        runs: [
          { first: 0, count: 3 },
          { first: 5, count: 1 },
        ],
      },
    ],
    moreHeld: true,
    features: ['lanes'],
  },
  'answer: refused': {
    kind: 'answer',
    outcome: 'refused',
    code: 'STORAGE_FULL',
    retry: 'later',
    retryAfterMs: 60_000,
  },
  'answer: settled': {
    kind: 'answer',
    outcome: 'settled',
    state: 'confirmed',
    attempt: 1,
    receipts: [ascii('{"R1"}'), ascii('{"R2"}')],
  },
  held: { kind: 'held', instances: [{ ordinal: 4_096, digest: digest('d1'), runs: [] }], more: false },
  append: {
    kind: 'append',
    ordinal: 7,
    seriesInstanceUid: parseUid('1.2.3.1'),
    sopInstanceUid: parseUid('1.2.3.1.8'),
    sopClassUid: parseUid('1.2.840.10008.5.1.4.1.1.2'),
    transferSyntaxUid: parseUid('1.2.840.10008.1.2.1'),
    lengthBytes: 1_100_000,
    segments: [
      { kind: 'header', lengthBytes: 1_024 },
      { kind: 'pixel', lengthBytes: 1_098_900 },
      { kind: 'trailer', lengthBytes: 76 },
    ],
    blockDigests: [digest('01'), digest('02'), digest('03'), digest('04')],
  },
  'append: without a byte': {
    kind: 'append',
    ordinal: 0,
    seriesInstanceUid: parseUid('1.2.3.1'),
    sopInstanceUid: parseUid('1.2.3.1.1'),
    sopClassUid: parseUid('1.2.840.10008.5.1.4.1.1.2'),
    transferSyntaxUid: parseUid('1.2.840.10008.1.2'),
    lengthBytes: 0,
    segments: [],
    blockDigests: [],
  },
  want: {
    kind: 'want',
    instances: [
      { ordinal: 7, runs: [{ first: 1, count: 2 }] },
      { ordinal: 8, runs: [] },
    ],
  },
  block: { kind: 'block', ordinal: 7, index: 2, bytes: Uint8Array.of(0, 1, 2, 255) },
  credit: { kind: 'credit', bytes: 1_048_576 },
  durable: { kind: 'durable', instances: [{ ordinal: 7, runs: [{ first: 0, count: 4 }] }] },
  seal: {
    kind: 'seal',
    transferId: parseTransferId('b3'.repeat(32)),
    manifestRoot: digest('c4'),
    instances: 2,
    bytes: 1_100_000,
    quarantined: [{ sopInstanceUid: parseUid('1.2.3.1.9'), code: 'DICOM_TRUNCATED' }],
  },
  receipt: { kind: 'receipt', envelope: ascii('{"R1"}') },
  'receipt-ack': { kind: 'receipt-ack', digest: digest('e5') },
  cancel: { kind: 'cancel', code: 'TRANSFER_CANCELLED', retry: 'no', retryAfterMs: 0 },
  reprioritise: { kind: 'reprioritise', priority: 'urgent' },
  query: { kind: 'query', exchangeId },
};
