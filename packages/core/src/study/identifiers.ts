/** The identifiers that pass between modules: branded strings, each made by one parser. */
import { ConfigError, TransferError } from '../errors/interhosp-error.ts';

/** A member organisation, as the roster names it: `be-chu-liege` or a URN; no spaces, at most 64 characters. */
export type MemberId = string & { readonly __brand: 'MemberId' };
/** One exchange of one study from one member to another: 16 random bytes, 32 hex digits. */
export type ExchangeId = string & { readonly __brand: 'ExchangeId' };
/** What was sent, to whom and why: 64 hex digits; see `transferIdOf`. */
export type TransferId = string & { readonly __brand: 'TransferId' };
/** A SHA-256 or a Merkle root over such: 64 hex digits. */
export type Digest = string & { readonly __brand: 'Digest' };

/** @throws {ConfigError} `CONFIG_INVALID` */
export function parseMemberId(text: string): MemberId {
  if (!/^[a-z0-9][a-z0-9:._-]{1,63}$/.test(text))
    throw new ConfigError('CONFIG_INVALID', { details: { field: 'member' } });
  return text as MemberId;
}

/** @throws {TransferError} `TRANSFER_PROTOCOL` */
export function parseExchangeId(text: string): ExchangeId {
  if (!/^[0-9a-f]{32}$/.test(text)) throw new TransferError('TRANSFER_PROTOCOL', { details: { field: 'exchangeId' } });
  return text as ExchangeId;
}

/** @throws {TransferError} `TRANSFER_PROTOCOL` */
export function parseTransferId(text: string): TransferId {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new TransferError('TRANSFER_PROTOCOL', { details: { field: 'transferId' } });
  return text as TransferId;
}

/** @throws {TransferError} `TRANSFER_PROTOCOL` */
export function parseDigest(text: string): Digest {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new TransferError('TRANSFER_PROTOCOL', { details: { field: 'digest' } });
  return text as Digest;
}
