import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../test/node-crypto.ts';
import type { Digest } from './identifiers.ts';
import { leafDigest, merkleRoot } from './merkle.ts';

const sha256 = (...parts: readonly Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

/** RFC 6962 section 2.1 as it is written there. */
function rfc6962(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0] ?? Buffer.alloc(0);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(Buffer.of(1), rfc6962(leaves.slice(0, k)), rfc6962(leaves.slice(k)));
}

describe('merkleRoot', () => {
  it('is the tree of RFC 6962 for every number of leaves', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 70 }), (leaves) => {
        const digests = leaves.map((leaf) => Buffer.from(leaf).toString('hex') as Digest);
        expect(merkleRoot(nodeCrypto, digests)).toBe(rfc6962(leaves.map((leaf) => Buffer.from(leaf))).toString('hex'));
      }),
    );
  });

  it('is SHA-256 of nothing without leaves, and the leaf itself with one', () => {
    expect(merkleRoot(nodeCrypto, [])).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    const leaf = leafDigest(nodeCrypto, Uint8Array.of(1, 2, 3));
    expect(merkleRoot(nodeCrypto, [leaf])).toBe(leaf);
  });

  it('gives known roots of RFC 6962 test vectors', () => {
    // Leaves of the Certificate Transparency reference implementation: "", 00, 10.
    const leaves = [[], [0x00], [0x10]].map((bytes) => leafDigest(nodeCrypto, Uint8Array.from(bytes)));
    expect(merkleRoot(nodeCrypto, leaves)).toBe('aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77');
  });
});
