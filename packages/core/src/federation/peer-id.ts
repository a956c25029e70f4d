/**
 * The two names of a node's key. libp2p names an Ed25519 key by a text that holds the key itself (`12D3Koo…`: an identity
 * multihash of the protobuf-wrapped key, in base58), so a roster that lists peer IDs lists public keys, and a receipt
 * signed by a node verifies from the roster alone.
 *
 * @see https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md
 */
import { FederationError } from '../errors/interhosp-error.ts';
import { isSoundPublicKey } from './public-key.ts';

/** A node, by its Ed25519 public key: `12D3Koo…`, checked by {@link parsePeerId}. */
export type PeerId = string & { readonly __brand: 'PeerId' };

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** Identity multihash of 36 bytes; protobuf: field 1 key type 1 (Ed25519), field 2 of 32 bytes. */
const PREFIX = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
const PUBLIC_KEY_BYTES = 32;
/** 38 bytes make 52 letters of base58; decoding is quadratic, so longer text is not looked at. */
const PEER_ID_LETTERS = 52;

/** The peer ID of a public key of 32 raw bytes. */
export function peerIdOf(publicKey: Uint8Array): PeerId {
  if (publicKey.length !== PUBLIC_KEY_BYTES) throw invalid();
  return encodeBase58(Uint8Array.from([...PREFIX, ...publicKey])) as PeerId;
}

/**
 * Checks a peer ID.
 *
 * @throws {FederationError} `FEDERATION_ENVELOPE_INVALID` when it is not an Ed25519 key, or one under which anybody could sign.
 */
export function parsePeerId(text: string): PeerId {
  publicKeyOfPeer(text);
  return text as PeerId;
}

/**
 * The 32 raw bytes of the public key that a peer ID holds.
 *
 * @throws {FederationError} `FEDERATION_ENVELOPE_INVALID`, as {@link parsePeerId}.
 */
export function publicKeyOfPeer(peerId: string): Uint8Array {
  if (peerId.length !== PEER_ID_LETTERS) throw invalid();
  const bytes = decodeBase58(peerId);
  if (bytes.length !== PREFIX.length + PUBLIC_KEY_BYTES) throw invalid();
  if (!PREFIX.every((byte, index) => byte === bytes[index])) throw invalid();
  const publicKey = bytes.slice(PREFIX.length);
  if (!isSoundPublicKey(publicKey)) throw invalid();
  return publicKey;
}

/** A number in base 58, most significant digit first; leading zero bytes are leading ones. */
function encodeBase58(bytes: Uint8Array): string {
  const digits: number[] = [];
  for (const byte of bytes) {
    let carry = byte;
    for (let index = 0; index < digits.length; index++) {
      carry += (digits[index] as number) << 8;
      digits[index] = carry % 58;
      carry = Math.floor(carry / 58);
    }
    for (; carry > 0; carry = Math.floor(carry / 58)) digits.push(carry % 58);
  }
  const zeros = leadingZeros(bytes);
  return (
    '1'.repeat(zeros) +
    digits
      .reverse()
      .map((digit) => ALPHABET[digit])
      .join('')
  );
}

function decodeBase58(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const letter of text) {
    let carry = ALPHABET.indexOf(letter);
    if (carry < 0) throw invalid();
    for (let index = 0; index < bytes.length; index++) {
      carry += (bytes[index] as number) * 58;
      bytes[index] = carry & 0xff;
      carry >>= 8;
    }
    for (; carry > 0; carry >>= 8) bytes.push(carry & 0xff);
  }
  const ones = /^1*/.exec(text)?.[0].length ?? 0;
  return Uint8Array.from([...Array<number>(ones).fill(0), ...bytes.reverse()]);
}

function leadingZeros(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? bytes.length : first;
}

function invalid(): FederationError {
  return new FederationError('FEDERATION_ENVELOPE_INVALID', { details: { kind: 'peerId' } });
}
