/**
 * Merkle trees in the shape of RFC 6962 section 2.1, over digests that are already leaf hashes: an instance over its
 * blocks, a manifest over its instances. Leaves and nodes are hashed under different first bytes, so that neither can be
 * passed off as the other.
 */
import type { Crypto } from '../world/crypto.ts';
import { sha256 } from '../world/crypto.ts';
import { fromHex, toHex } from './hex.ts';
import type { Digest } from './identifiers.ts';

const LEAF = Uint8Array.of(0x00);
const NODE = Uint8Array.of(0x01);

/** Leaf hash of some bytes: SHA-256(0x00 || bytes). */
export function leafDigest(crypto: Crypto, bytes: Uint8Array): Digest {
  return toHex(sha256(crypto, LEAF, bytes)) as Digest;
}

/**
 * Root over leaf hashes in order.
 *
 * A node is SHA-256(0x01 || left || right), the left part being the largest power of two below the number of leaves; a
 * single leaf is its own root; no leaf at all gives SHA-256 of nothing, as in RFC 6962.
 */
export function merkleRoot(crypto: Crypto, leaves: readonly Digest[]): Digest {
  // Complete subtrees from left to right, each larger than the next, as a binary counter has its bits.
  const subtrees: { readonly leaves: number; readonly digest: Uint8Array }[] = [];
  for (const leaf of leaves) {
    let tree = { leaves: 1, digest: fromHex(leaf) };
    for (let last = subtrees.at(-1); last !== undefined && last.leaves === tree.leaves; last = subtrees.at(-1)) {
      subtrees.pop();
      tree = { leaves: tree.leaves * 2, digest: sha256(crypto, NODE, last.digest, tree.digest) };
    }
    subtrees.push(tree);
  }
  let root = subtrees.pop()?.digest;
  if (root === undefined) return toHex(sha256(crypto)) as Digest;
  for (let left = subtrees.pop(); left !== undefined; left = subtrees.pop()) {
    root = sha256(crypto, NODE, left.digest, root);
  }
  return toHex(root) as Digest;
}
