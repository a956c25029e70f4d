/**
 * Receipts: what a receiver signs about a transfer, and how a sender checks it. R1 says that every byte is durable there;
 * R2 that its PACS was seen to hold the instances under the intended patient. Neither names a patient. A receipt counts
 * only when every field agrees with what the sender itself knows.
 */
import { tryParseUid } from '../dicom/uid.ts';
import { TransferError } from '../errors/interhosp-error.ts';
import { encodeEnvelope, openEnvelope, signEnvelope, type TrustedKeys } from '../federation/envelope.ts';
import { jcs } from '../federation/jcs.ts';
import type { Digest, ExchangeId, MemberId, TransferId } from '../study/identifiers.ts';
import { toHex } from '../study/hex.ts';
import { isoSeconds } from '../world/clock.ts';
import { sha256, type Crypto, type Signer } from '../world/crypto.ts';
import type { FilingOutcome, QuarantinedRecord } from './records.ts';
import { MAX_RECEIPT_BYTES } from './limits.ts';

/** Payload type of R1. */
export const DURABLE_RECEIPT_TYPE = 'interhosp/receipt-durable@1';
/** Payload type of R2. */
export const CONFIRMED_RECEIPT_TYPE = 'interhosp/receipt-confirmed@1';

/** What both receipts say. */
export interface ReceiptFacts {
  /** 64 hex digits. */
  readonly fedId: string;
  readonly transferId: TransferId;
  readonly exchangeId: ExchangeId;
  readonly attempt: number;
  readonly sender: MemberId;
  readonly receiver: MemberId;
  readonly manifestRoot: Digest;
  /** In the manifest. */
  readonly instances: number;
  readonly bytes: number;
  readonly rosterVersion: number;
  /** The receiver's journal when it signed: sequence and 64 hex digits of its chain. */
  readonly journalSeq: number;
  readonly journalHead: string;
}

/** R1 as it is signed. */
export interface DurableReceipt extends ReceiptFacts {
  /** `YYYY-MM-DDThh:mm:ssZ` */
  readonly issued: string;
}

/** R2 as it is signed. */
export interface ConfirmedReceipt extends DurableReceipt {
  /** By a search after the store and a sample read back; with `commitment` the PACS also promised to keep every instance. */
  readonly evidence: 'query' | 'commitment';
  /** Instances that the PACS was seen to hold. */
  readonly filed: number;
  /** SHA-256 of the canonical list of every instance's status; {@link statusDigestOf}. */
  readonly statusDigest: Digest;
  /** Instances of the manifest that were not filed; empty unless the delivery is partial. */
  readonly partial: readonly { readonly sop: string; readonly code: string }[];
  /**
   * Instances that were filed in another transfer syntax than the manifest's, with the same values: how many, by syntaxes.
   * Left out when there is none. Which ones they are is in `statusDigest`.
   */
  readonly rewritten?: readonly RewrittenInstances[];
}

/** So many instances that came in one transfer syntax and were filed in another. */
export interface RewrittenInstances {
  readonly from: string;
  readonly to: string;
  readonly instances: number;
}

/** Either receipt, opened. */
export type Receipt =
  | { readonly kind: 'durable'; readonly receipt: DurableReceipt }
  | { readonly kind: 'confirmed'; readonly receipt: ConfirmedReceipt };

/** Signs R1; the bytes are the envelope as it goes over the wire. */
export async function makeDurableReceipt(facts: ReceiptFacts, signer: Signer, nowMs: number): Promise<Uint8Array> {
  const receipt: DurableReceipt = { ...facts, issued: isoSeconds(nowMs) };
  return encodeEnvelope(await signEnvelope(DURABLE_RECEIPT_TYPE, receipt, [signer]));
}

/** Signs R2. @throws {TransferError} `TRANSFER_STATE` when nothing was filed: that is no delivery. */
export async function makeConfirmedReceipt(
  facts: ReceiptFacts,
  filing: { readonly evidence: 'query' | 'commitment'; readonly instances: readonly FilingOutcome[] },
  options: { readonly signer: Signer; readonly nowMs: number; readonly crypto: Crypto },
): Promise<Uint8Array> {
  const partial = filing.instances
    .filter(({ status }) => status !== 'filed')
    .map(({ code, sopInstanceUid }) => ({ code: code ?? 'PACS_INSTANCE_REFUSED', sop: sopInstanceUid as string }));
  const filed = filing.instances.length - partial.length;
  if (filed === 0 || filing.instances.length !== facts.instances) {
    throw new TransferError('TRANSFER_STATE', { details: { count: filed, instances: facts.instances } });
  }
  const rewritten = rewrittenOf(filing.instances);
  const receipt: ConfirmedReceipt = {
    ...facts,
    evidence: filing.evidence,
    filed,
    issued: isoSeconds(options.nowMs),
    partial,
    statusDigest: statusDigestOf(filing.instances, options.crypto),
    ...(rewritten.length > 0 && { rewritten }),
  };
  return encodeEnvelope(await signEnvelope(CONFIRMED_RECEIPT_TYPE, receipt, [options.signer]));
}

/** How many instances were filed in another transfer syntax, in order of the syntaxes. */
export function rewrittenOf(instances: readonly FilingOutcome[]): readonly RewrittenInstances[] {
  const counts = new Map<string, RewrittenInstances>();
  for (const { rewritten } of instances) {
    if (rewritten === undefined) continue;
    const { from, to } = rewritten;
    const key = `${from} ${to}`;
    counts.set(key, { from, instances: (counts.get(key)?.instances ?? 0) + 1, to });
  }
  return [...counts].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, counted]) => counted);
}

/** SHA-256 of the JCS form of `[{sop, status, code?, syntax?}]`, sorted by SOP Instance UID. */
export function statusDigestOf(instances: readonly FilingOutcome[], crypto: Crypto): Digest {
  const lines = instances
    .map(({ code, rewritten, sopInstanceUid, status }) => ({
      ...(code === undefined ? {} : { code }),
      sop: sopInstanceUid,
      status,
      ...(rewritten === undefined ? {} : { syntax: rewritten.to }),
    }))
    .toSorted((one, other) => (one.sop < other.sop ? -1 : 1));
  return toHex(sha256(crypto, jcs(lines))) as Digest;
}

/** What a sender knows of the transfer a receipt must speak of. */
export type ExpectedReceipt = Pick<
  ReceiptFacts,
  'fedId' | 'transferId' | 'exchangeId' | 'attempt' | 'sender' | 'receiver' | 'manifestRoot' | 'instances' | 'bytes'
>;

/**
 * Opens a receipt and compares it with what is expected, field by field.
 *
 * @param options.keys - The receiver's keys, from the roster.
 * @throws {TransferError} `TRANSFER_RECEIPT_INVALID`: signature or form; `TRANSFER_RECEIPT_FOREIGN` with the field.
 */
export function verifyReceipt(
  envelope: Uint8Array,
  options: { readonly expected: ExpectedReceipt; readonly keys: TrustedKeys; readonly crypto: Crypto },
): Receipt {
  const receipt = openReceipt(envelope, options.keys, options.crypto);
  for (const [field, wanted] of Object.entries(options.expected)) {
    const found = receipt.receipt[field as keyof ExpectedReceipt];
    if (found !== wanted) throw new TransferError('TRANSFER_RECEIPT_FOREIGN', { details: { field } });
  }
  return receipt;
}

/** Opens a receipt that some of the keys signed; what it speaks of is not judged. @throws {TransferError} `TRANSFER_RECEIPT_INVALID` */
export function openReceipt(envelope: Uint8Array, keys: TrustedKeys, crypto: Crypto): Receipt {
  for (const [kind, payloadType] of [
    ['durable', DURABLE_RECEIPT_TYPE],
    ['confirmed', CONFIRMED_RECEIPT_TYPE],
  ] as const) {
    const payload = tryOpen(envelope, { crypto, keys, payloadType });
    if (payload !== undefined) return checkForm(kind, payload);
  }
  throw new TransferError('TRANSFER_RECEIPT_INVALID');
}

function tryOpen(
  envelope: Uint8Array,
  options: { readonly payloadType: string; readonly keys: TrustedKeys; readonly crypto: Crypto },
): unknown {
  try {
    return openEnvelope({ ...options, envelope, maxBytes: MAX_RECEIPT_BYTES, threshold: 1 }).payload;
  } catch {
    return undefined;
  }
}

const NUMBERS = ['attempt', 'bytes', 'instances', 'journalSeq', 'rosterVersion'] as const;
const TEXTS = [
  'exchangeId',
  'fedId',
  'issued',
  'journalHead',
  'manifestRoot',
  'receiver',
  'sender',
  'transferId',
] as const;
const CONFIRMED_FIELDS = ['evidence', 'filed', 'partial', 'statusDigest'] as const;

/** Exactly the fields of its kind: an unknown one might change what the others mean. */
function checkForm(kind: Receipt['kind'], payload: unknown): Receipt {
  const fields = payload as Readonly<Record<string, unknown>>;
  const optional = kind === 'confirmed' && fields?.['rewritten'] !== undefined ? ['rewritten'] : [];
  const known: readonly string[] = [
    ...NUMBERS,
    ...TEXTS,
    ...(kind === 'confirmed' ? CONFIRMED_FIELDS : []),
    ...optional,
  ];
  const isWhole =
    typeof payload === 'object' &&
    payload !== null &&
    Object.keys(fields).length === known.length &&
    NUMBERS.every((field) => Number.isSafeInteger(fields[field]) && (fields[field] as number) >= 0) &&
    TEXTS.every((field) => typeof fields[field] === 'string') &&
    (kind === 'durable' || isConfirmation(fields));
  if (!isWhole) throw new TransferError('TRANSFER_RECEIPT_INVALID', { details: { kind } });
  return { kind, receipt: payload } as Receipt;
}

function isConfirmation({
  evidence,
  filed,
  instances,
  partial,
  rewritten = NONE,
  statusDigest,
}: Readonly<Record<string, unknown>>): boolean {
  if (rewritten !== NONE && !isRewriting(rewritten, filed)) return false;
  if (evidence !== 'query' && evidence !== 'commitment') return false;
  if (!Array.isArray(partial) || !partial.every(isNamed) || typeof statusDigest !== 'string') return false;
  return Number.isSafeInteger(filed) && (filed as number) > 0 && (filed as number) + partial.length === instances;
}

const NONE: readonly RewrittenInstances[] = [];

/** At least one, and no more than were filed. */
function isRewriting(rewritten: unknown, filed: unknown): boolean {
  if (!Array.isArray(rewritten) || rewritten.length === 0) return false;
  let sum = 0;
  for (const entry of rewritten as readonly unknown[]) {
    if (typeof entry !== 'object' || entry === null || Object.keys(entry).length !== 3) return false;
    const { from, instances, to } = entry as Readonly<Record<string, unknown>>;
    const isCount = Number.isSafeInteger(instances) && (instances as number) > 0;
    if (!isCount || !isUid(from) || !isUid(to) || from === to) return false;
    sum += instances as number;
  }
  return sum <= (filed as number);
}

function isUid(value: unknown): boolean {
  return typeof value === 'string' && tryParseUid(value) === value;
}

function isNamed(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null) return false;
  const { code, sop } = entry as Readonly<Record<string, unknown>>;
  return typeof code === 'string' && typeof sop === 'string' && Object.keys(entry).length === 2;
}

/** What of a partial delivery is not there, as records. */
export function partialOf({ partial }: ConfirmedReceipt): readonly QuarantinedRecord[] {
  return partial.map(({ code, sop }) => ({ code, sopInstanceUid: sop as QuarantinedRecord['sopInstanceUid'] }));
}
