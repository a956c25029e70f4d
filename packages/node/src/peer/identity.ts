/**
 * A node's identity: an Ed25519 key, and the peer ID that is its public half in libp2p's spelling (core's `federation`
 * converts between the two).
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';

import { privateKeyFromRaw } from '@libp2p/crypto/keys';
import type { PeerId, PrivateKey } from '@libp2p/interface';
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id';
import { PeerError } from '@interhosp/core/errors';

const SEED_BYTES = 32;
/** RFC 8410: the PKCS #8 wrapping of an Ed25519 seed, and how much SPKI puts before the raw public key. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX_BYTES = 12;

/** The libp2p private key made from a 32-byte Ed25519 seed (RFC 8032 5.1.5). */
export function privateKeyFromSeed(seed: Uint8Array): PrivateKey {
  if (seed.byteLength !== SEED_BYTES) throw new Error('an Ed25519 seed has 32 bytes');
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return privateKeyFromRaw(Buffer.concat([seed, spki.subarray(SPKI_PREFIX_BYTES)]));
}

/** The peer ID (`12D3Koo…`) of a 32-byte Ed25519 seed. */
export function peerIdOfSeed(seed: Uint8Array): string {
  return peerIdFromPublicKey(privateKeyFromSeed(seed).publicKey).toString();
}

/** @throws {PeerError} `PEER_UNKNOWN` when the text is no peer ID. */
export function toPeerId(peerId: string): PeerId {
  try {
    return peerIdFromString(peerId);
  } catch (cause) {
    throw new PeerError('PEER_UNKNOWN', { cause, details: { reason: 'peer-id-form' } });
  }
}
