import { ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testSigner } from '../../test/node-crypto.ts';
import { errorCodeOf } from '../errors/index.ts';
import { parsePeerId, peerIdOf, publicKeyOfPeer } from './peer-id.ts';
import { isSoundPublicKey } from './public-key.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const codeOf = (text: string) => {
  try {
    parsePeerId(text);
  } catch (error) {
    return errorCodeOf(error) ?? error;
  }
  return 'accepted';
};

/** Made with @libp2p/peer-id 6.0.15 and @libp2p/crypto 5.1.23. */
const LIBP2P_VECTORS = [
  [
    'd5bf4a3fcce717b0388bcc2749ebc148ad9969b23f45ee1b605fd58778576ac4',
    '12D3KooWQCkBm1BYtkHpocxCwMgR8yjitEeHGx8spzcDLGt2gkBm',
  ],
  [
    'ecc1b58727f3f12b3194881a9ecb9de0b28ce7b207230d8e930fe1bce75e256c',
    '12D3KooWRkZhiRhsqmrQ28rt73K7V3aCBpqKrLGSXmZ99PTcTZby',
  ],
  [
    '26b1c72849b93ca53664ca8240643c514c471ca0a4a424e24cf2ccc80a39933e',
    '12D3KooWCRQtX2ZiwDFPHFEd22jS7feG5HFQ33TEbbrArqiwG7ob',
  ],
  [
    '8d9293c327662be3c0faeb579b2aedd3b2cec33d74dadedceea76b7a94dc90c0',
    '12D3KooWKM1HeSv61ryZwAiBTZnqmass5pYM48k9Z7obzhTbnphm',
  ],
  [
    '2ffa35a99d3a3cfbb17bb7c1dc5561b18a8dcca4df38dc613ea859c37eb1336b',
    '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA',
  ],
] as const;

describe('a peer ID', () => {
  it.each(LIBP2P_VECTORS)('of the key %s is the one libp2p gives', (key, peerId) => {
    expect(peerIdOf(hex(key))).toBe(peerId);
    expect(publicKeyOfPeer(peerId)).toEqual(hex(key));
    expect(parsePeerId(peerId)).toBe(peerId);
  });

  it('holds its key, whatever the key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }).filter(isSoundPublicKey), (key) => {
        expect(publicKeyOfPeer(peerIdOf(key))).toEqual(key);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['a letter that base58 has not', '12D3KooWQCkBm1BYtkHpocxCwMgR8yjitEeHGx8spzcDLGt2gkB0'],
    ['an RSA peer', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'],
    ['a CID', 'bafzaajaiaejcal72gwuz2or47oyxxn6b3rkwdmmkrxgkjxzy3rqt5kczyn7lcm3l'],
    ['a peer ID cut short', '12D3KooWQCkBm1BYtkHpocxCwMgR8yjitEeHGx8spzcDLGt2gkB'],
    ['a peer ID with something behind', '12D3KooWQCkBm1BYtkHpocxCwMgR8yjitEeHGx8spzcDLGt2gkBmm'],
    ['52 letters that are no peer', 'z'.repeat(52)],
    ['a very long text', '1'.repeat(1_000_000)],
  ])('is refused when it is %s', (_name, text) => {
    expect(codeOf(text)).toBe('FEDERATION_ENVELOPE_INVALID');
  });

  it('has one spelling: another letter anywhere gives another key or none', () => {
    const [, peerId] = LIBP2P_VECTORS[0];
    const key = hex(LIBP2P_VECTORS[0][0]);
    for (let index = 0; index < peerId.length; index++) {
      const changed = `${peerId.slice(0, index)}${peerId[index] === '2' ? '3' : '2'}${peerId.slice(index + 1)}`;
      if (codeOf(changed) === 'accepted') expect(publicKeyOfPeer(changed)).not.toEqual(key);
    }
  });

  it('needs a key of 32 bytes', () => {
    expect(() => peerIdOf(new Uint8Array(31))).toThrow('FEDERATION_ENVELOPE_INVALID');
  });
});

describe('a public key', () => {
  it.each(ED25519_TORSION_SUBGROUP)('of low order is refused: %s', (point) => {
    expect(isSoundPublicKey(hex(point))).toBe(false);
  });

  it('spelled beyond the field prime is refused', () => {
    const prime = Uint8Array.from([0xed, ...Array<number>(30).fill(0xff), 0x7f]);
    expect(isSoundPublicKey(prime)).toBe(false);
    // 2 as p + 2: a point of high order in a second spelling.
    expect(isSoundPublicKey(Uint8Array.from([0xef, ...prime.slice(1)]))).toBe(false);
    expect(isSoundPublicKey(Uint8Array.from([0xef, ...prime.slice(1, 31), 0xff]))).toBe(false);
    expect(isSoundPublicKey(Uint8Array.from([2, ...Array<number>(31).fill(0)]))).toBe(true);
  });

  it('made in the ordinary way is accepted', () => {
    for (let index = 0; index < 50; index++) expect(isSoundPublicKey(testSigner(`key ${index}`).publicKey)).toBe(true);
  });
});
