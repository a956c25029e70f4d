/** The single fields of frames, checked; used by frame-codec.ts in both directions. */
import { isInterhospError, TransferError } from '../errors/interhosp-error.ts';
import { BLOCK_BYTES } from '../study/blocks.ts';
import { fromHex, toHex } from '../study/hex.ts';
import {
  parseExchangeId,
  parseTransferId,
  type Digest,
  type ExchangeId,
  type TransferId,
} from '../study/identifiers.ts';
import { MAX_BLOCKS_PER_INSTANCE, MAX_FEATURES, MAX_INSTANCES, MAX_RECEIPT_BYTES } from './limits.ts';

/** Names of features. */
export function featuresOf(features: readonly { readonly name: string }[]): readonly string[] {
  if (features.length > MAX_FEATURES) throw limit('features', features.length, MAX_FEATURES);
  return features.map(({ name }) => {
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) throw malformed('features');
    return name;
  });
}

/** Bytes of a signed envelope. */
export function envelopeOf({ envelope }: { readonly envelope: Uint8Array }): Uint8Array {
  if (envelope.length === 0) throw malformed('envelope');
  if (envelope.length > MAX_RECEIPT_BYTES) throw limit('receipt', envelope.length, MAX_RECEIPT_BYTES);
  return envelope;
}

/** Checks a block before it is sent and after it was received. */
export function checkBlock(ordinal: number, index: number, bytes: Uint8Array): void {
  ordinalOf(ordinal);
  bounded(index, MAX_BLOCKS_PER_INSTANCE - 1, 'index');
  if (bytes.length === 0) throw malformed('block');
  if (bytes.length > BLOCK_BYTES) throw limit('block', bytes.length, BLOCK_BYTES);
}

/** An ordinal below the most instances. */
export function ordinalOf(ordinal: number): number {
  return bounded(ordinal, MAX_INSTANCES - 1, 'ordinal');
}

/** A code of the catalogue, or of a newer one: only its form is checked. */
export function codeOf(code: string): string {
  if (!/^[A-Z][A-Z0-9_]{2,63}$/.test(code)) throw malformed('code');
  return code;
}

/** 16 bytes. */
export function exchangeIdOf(bytes: Uint8Array): ExchangeId {
  if (bytes.length !== 16) throw malformed('exchangeId');
  return parseExchangeId(toHex(bytes));
}

/** 32 bytes. */
export function transferIdFrom(bytes: Uint8Array, field: string): TransferId {
  if (bytes.length !== 32) throw malformed(field);
  return parseTransferId(toHex(bytes));
}

/** 32 bytes. */
export function digestOf(bytes: Uint8Array, field: string): Digest {
  if (bytes.length !== 32) throw malformed(field);
  return toHex(bytes) as Digest;
}

/** One of a closed list of words. */
export function wordOf<const W extends readonly string[]>(words: W, value: string, field: string): W[number] {
  if (!words.includes(value)) throw malformed(field);
  return value;
}

/** A whole number in a range; outside it the frame is malformed. */
export function within(value: number, least: number, most: number, field: string): number {
  if (!Number.isInteger(value) || value < least || value > most) throw malformed(field);
  return value;
}

/** From 0 to a limit; beyond it the limit is named. */
export function bounded(value: number, most: number, kind: string): number {
  if (!Number.isInteger(value) || value < 0) throw malformed(kind);
  if (value > most) throw limit(kind, value, most);
  return value;
}

/** A whole number of 64 bits in a range that JavaScript holds exactly. */
export function exact(value: bigint, least: number, most: number, kind: string): number {
  if (value < BigInt(least)) throw malformed(kind);
  if (value > BigInt(most)) throw limit(kind, Number(value), most);
  return Number(value);
}

/** A number as the wire holds those of 64 bits. */
export function big(value: number): bigint {
  if (!Number.isSafeInteger(value) || value < 0) throw malformed('number');
  return BigInt(value);
}

/** Bytes of hexadecimal digits. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  return plain(fromHex(text));
}

/** Protons asks for bytes that are not shared between threads; blocks of ours never are. */
export function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}

/** What `read` returns; any error of ours becomes a malformed field, since its own code is of another area. */
export function checked<T>(read: () => T, field: string): T {
  try {
    return read();
  } catch (error) {
    if (!isInterhospError(error)) throw error;
    throw malformed(field);
  }
}

/** `TRANSFER_PROTOCOL` with the field that is at fault. */
export function malformed(field: string): TransferError {
  return new TransferError('TRANSFER_PROTOCOL', { details: { field } });
}

/** `TRANSFER_LIMIT` with what was counted. */
export function limit(kind: string, count: number, most: number): TransferError {
  return new TransferError('TRANSFER_LIMIT', { details: { kind, count, limit: most } });
}
