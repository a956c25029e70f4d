/**
 * The contract of the `Crypto` and `Signer` ports as test suites. Published vectors show that the primitives are the ones
 * named; the rest shows that nothing altered is ever taken for sound, which receipts, rosters and the spool rest on.
 */
import { fromHex, toHex } from '../study/hex.ts';
import { sha256, type Crypto, type Signer } from '../world/index.ts';
import {
  AES_256_GCM_VECTORS,
  ED25519_ORDER,
  ED25519_VECTORS,
  SHA256_VECTORS,
  UNSOUND_ED25519_KEYS,
  type Ed25519Vector,
  type GcmVector,
} from './crypto-vectors.ts';
import { check, equal, type TestRunner } from './expect.ts';

/** What the suite is told about an implementation. */
export interface CryptoConformanceOptions {
  /** Title of the suite. */
  readonly name: string;
  /** Makes the port. */
  readonly create: () => Crypto;
}

/** What the suite is told about a signer. */
export interface SignerConformanceOptions {
  /** Title of the suite. */
  readonly name: string;
  /** Makes a signer; calling it twice may give the same key. */
  readonly create: () => Promise<Signer>;
  /** Checks what it signs. */
  readonly crypto: Crypto;
  /** Makes a signer from a seed (RFC 8032 5.1.5); leave out for a key that nobody can bring in, as in a hardware token. */
  readonly fromSeed?: (seed: Uint8Array) => Promise<Signer>;
}

const TAG_BYTES = 16;
const SIGNATURE_BYTES = 64;

/** Registers the suite of the `Crypto` port. */
export function cryptoConformance(runner: TestRunner, options: CryptoConformanceOptions): void {
  runner.describe(`the contract of crypto: ${options.name}`, () => {
    hashTests(runner, options);
    verifyTests(runner, options);
    sealTests(runner, options);
  });
}

/** Registers the suite of the `Signer` port. */
export function signerConformance({ describe, it }: TestRunner, options: SignerConformanceOptions): void {
  const { name, create, crypto, fromSeed } = options;
  describe(`the contract of a signer: ${name}`, () => {
    it('names its key by the hash of it', async () => {
      const { keyId, publicKey } = await create();
      equal(publicKey.length, 32, 'a public key has 32 bytes');
      equal(keyId, toHex(sha256(crypto, publicKey)), 'keyId is the SHA-256 of the public key in lower-case digits');
    });

    it('signs so that its public key verifies, and no other message fits', async () => {
      const signer = await create();
      for (const message of [bytesOf(''), bytesOf('abc'), new Uint8Array(100_000)]) {
        const signature = await signer.sign(message);
        equal(signature.length, SIGNATURE_BYTES, 'a signature has 64 bytes');
        check(crypto.verifyEd25519(signer.publicKey, message, signature), 'what was signed verifies');
        const other = Uint8Array.of(...message.subarray(0, 3), 1);
        check(!crypto.verifyEd25519(signer.publicKey, other, signature), 'a signature fits one message alone');
      }
    });

    it('signs the same message alike, also when asked at the same time', async () => {
      const signer = await create();
      const signatures = await Promise.all([bytesOf('a'), bytesOf('b'), bytesOf('a')].map((each) => signer.sign(each)));
      // Ed25519 is deterministic (RFC 8032 8.2): two signatures on one message would show a nonce drawn at random.
      equal(signatures[2], signatures[0], 'one message has one signature');
      check(toHex(signatures[1] as Uint8Array) !== toHex(signatures[0] as Uint8Array), 'another message has another');
    });

    if (fromSeed !== undefined) {
      it('signs as RFC 8032 7.1 does', async () => {
        for (const vector of ED25519_VECTORS) {
          const signer = await fromSeed(fromHex(vector.seed));
          equal(toHex(signer.publicKey), vector.publicKey, 'a seed has the public key of the RFC');
          equal(
            toHex(await signer.sign(fromHex(vector.message))),
            vector.signature,
            'a message has the signature of the RFC',
          );
        }
      });
    }
  });
}

function hashTests({ it }: TestRunner, { create }: CryptoConformanceOptions): void {
  it('hashes as FIPS 180-4 does', () => {
    for (const { text, digest } of SHA256_VECTORS) {
      equal(toHex(sha256(create(), bytesOf(text))), digest, 'sha256() is SHA-256');
    }
  });

  it('hashes in pieces as in one, and two hashes do not mix', () => {
    const crypto = create();
    const [left, right] = [crypto.sha256(), crypto.sha256()];
    const piece = bytesOf('a');
    check(left.update(piece) === left, 'update() returns its hash');
    right.update(bytesOf('x'));
    // Callers read the next block into the same memory.
    piece.fill(0);
    left.update(new Uint8Array()).update(bytesOf('bc'));
    equal(toHex(left.digest()), SHA256_VECTORS[1]?.digest, 'pieces hash as the whole does');
    equal(toHex(right.digest()), toHex(sha256(crypto, bytesOf('x'))), 'each hash stands alone');
  });

  it('ends a hash with its digest', () => {
    for (const use of ['update', 'digest'] as const) {
      const hash = create().sha256();
      hash.digest();
      check(
        throws(() => hash[use](bytesOf('more'))),
        'a hash cannot be used after its digest',
      );
    }
  });
}

function verifyTests({ it }: TestRunner, { create }: CryptoConformanceOptions): void {
  it('verifies the signatures of RFC 8032 7.1', () => {
    for (const vector of ED25519_VECTORS) check(verify(create(), vector), 'a signature of the RFC verifies');
  });

  it('refuses a signature, a message or a key with one bit changed', () => {
    const crypto = create();
    const vector = ED25519_VECTORS[2] as Ed25519Vector;
    for (const part of ['signature', 'message', 'publicKey'] as const) {
      for (const altered of eachBitFlipped(fromHex(vector[part]))) {
        check(!verify(crypto, { ...vector, [part]: toHex(altered) }), `a changed ${part} does not verify`);
      }
    }
  });

  it('refuses a signature whose second half was raised by the order of the curve', () => {
    // RFC 8032 5.1.7: S below the order. Otherwise every signature has a twin, and a receipt two digests.
    for (const vector of ED25519_VECTORS) {
      check(!verify(create(), { ...vector, signature: twinOf(vector.signature) }), 'a signature has no twin');
    }
  });

  it('answers false to keys of low order and keys that are not canonical', () => {
    const crypto = create();
    for (const publicKey of UNSOUND_ED25519_KEYS) {
      // Under the neutral point, R = neutral and S = 0 fit every message; under the others, one message in eight.
      for (let message = 0; message < 32; message++) {
        for (const r of [UNSOUND_ED25519_KEYS[2] as string, publicKey]) {
          const forged = { publicKey, message: toHex(Uint8Array.of(message)), signature: r + '00'.repeat(32) };
          check(!verify(crypto, forged), 'a key under which signatures can be had without a secret verifies nothing');
        }
      }
    }
  });

  it('answers false to what has another length', () => {
    const { publicKey, message, signature } = ED25519_VECTORS[1] as Ed25519Vector;
    for (const other of [
      { publicKey: '', signature },
      { publicKey: publicKey.slice(2), signature },
      { publicKey: `${publicKey}00`, signature },
      { publicKey, signature: '' },
      { publicKey, signature: signature.slice(2) },
      { publicKey, signature: `${signature}00` },
    ]) {
      check(!verify(create(), { ...other, message }), 'a key has 32 bytes and a signature 64');
    }
  });
}

function sealTests({ it }: TestRunner, { create }: CryptoConformanceOptions): void {
  it('seals and opens as the specification of GCM does', () => {
    for (const vector of AES_256_GCM_VECTORS) {
      const { key, nonce, plaintext, aad, sealed } = bytesOfVector(vector);
      equal(toHex(create().seal(key, nonce, plaintext, aad)), vector.sealed, 'seal() is ciphertext and tag');
      equal(
        toHex(create().open(key, nonce, sealed, aad) ?? bytesOf('unopened')),
        vector.plaintext,
        'open() reverses it',
      );
    }
  });

  it('opens nothing of which one bit was changed', () => {
    const crypto = create();
    const whole = bytesOfVector(AES_256_GCM_VECTORS[2] as GcmVector);
    for (const part of ['key', 'nonce', 'sealed', 'aad'] as const) {
      for (const altered of eachBitFlipped(whole[part])) {
        const { key, nonce, sealed, aad }: typeof whole = { ...whole, [part]: altered };
        equal(crypto.open(key, nonce, sealed, aad), undefined, `a changed ${part} opens nothing`);
      }
    }
  });

  it('opens nothing that was cut, lengthened or is too short for a tag', () => {
    const { key, nonce, sealed, aad } = bytesOfVector(AES_256_GCM_VECTORS[2] as GcmVector);
    for (const other of [
      new Uint8Array(),
      sealed.subarray(0, TAG_BYTES - 1),
      sealed.subarray(0, TAG_BYTES),
      sealed.subarray(0, -1),
      sealed.subarray(1),
      Uint8Array.of(...sealed, 0),
    ]) {
      equal(create().open(key, nonce, other, aad), undefined, 'what is not whole opens nothing');
    }
    equal(create().open(key, nonce, sealed, new Uint8Array()), undefined, 'additional data cannot be left out');
  });

  it('leaves what it is given as it was, and seals a megabyte', () => {
    const { key, nonce, aad } = bytesOfVector(AES_256_GCM_VECTORS[2] as GcmVector);
    const plaintext = Uint8Array.from({ length: 1_048_576 }, (_, index) => index * 7);
    const before = plaintext.slice();
    const sealed = create().seal(key, nonce, plaintext, aad);
    equal(plaintext, before, 'seal() changes nothing in its input');
    const kept = sealed.slice();
    equal(create().open(key, nonce, sealed, aad), plaintext, 'open() reverses seal()');
    equal(sealed, kept, 'open() changes nothing in its input');
  });
}

function verify(crypto: Crypto, vector: Omit<Ed25519Vector, 'seed'>): boolean {
  const { publicKey, message, signature } = vector;
  return crypto.verifyEd25519(fromHex(publicKey), fromHex(message), fromHex(signature));
}

/** The same signature with the order of the base point added to S. */
function twinOf(signature: string): string {
  const bytes = fromHex(signature);
  const order = fromHex(ED25519_ORDER);
  let carry = 0;
  for (let index = 0; index < order.length; index++) {
    const sum = (bytes[32 + index] as number) + (order[index] as number) + carry;
    bytes[32 + index] = sum & 0xff;
    carry = sum >> 8;
  }
  return toHex(bytes);
}

/** A copy for each byte, in which one bit of it is another; which bit goes round. */
function* eachBitFlipped(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let index = 0; index < bytes.length; index++) {
    const altered = bytes.slice();
    altered[index] = (altered[index] as number) ^ (1 << (index % 8));
    yield altered;
  }
}

function bytesOfVector(vector: GcmVector): Readonly<Record<keyof GcmVector, Uint8Array>> {
  const { key, nonce, plaintext, aad, sealed } = vector;
  return {
    key: fromHex(key),
    nonce: fromHex(nonce),
    plaintext: fromHex(plaintext),
    aad: fromHex(aad),
    sealed: fromHex(sealed),
  };
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function throws(action: () => unknown): boolean {
  try {
    action();
    return false;
  } catch {
    return true;
  }
}
