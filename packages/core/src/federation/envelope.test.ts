import { ed25519 } from '@noble/curves/ed25519.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { nodeCrypto, testSigner } from '../../test/node-crypto.ts';
import { errorCodeOf } from '../errors/index.ts';
import { fromBase64url, toBase64url } from './base64url.ts';
import {
  addSignatures,
  decodeEnvelope,
  encodeEnvelope,
  keyIdOf,
  MAX_SIGNATURES,
  MAX_SIGNATURES_VERIFIED,
  openEnvelope,
  signedMessage,
  signEnvelope,
  type Envelope,
  type OpenEnvelopeOptions,
} from './envelope.ts';
import { jcs, type JsonValue } from './jcs.ts';

const TYPE = 'interhosp/roster@1';
const PAYLOAD: JsonValue = { version: 7, orgs: ['be-north', 'be-south'] };
const alice = testSigner('alice');
const bob = testSigner('bob');
const trust = (...signers: readonly { keyId: string; publicKey: Uint8Array }[]) =>
  new Map(signers.map(({ keyId, publicKey }) => [keyId, publicKey]));
const open = (envelope: Envelope | Uint8Array, options: Partial<OpenEnvelopeOptions> = {}) =>
  openEnvelope({
    envelope: envelope instanceof Uint8Array ? envelope : encodeEnvelope(envelope),
    payloadType: TYPE,
    keys: trust(alice),
    threshold: 1,
    crypto: nodeCrypto,
    ...options,
  });
const codeOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    return errorCodeOf(error) ?? error;
  }
  return 'accepted';
};

describe('an envelope', () => {
  let signed: Envelope;
  beforeAll(async () => {
    signed = await signEnvelope(TYPE, PAYLOAD, [alice]);
  });

  it('gives back the document, its exact bytes and who signed', () => {
    const opened = open(signed);
    expect(opened.payload).toEqual(PAYLOAD);
    expect(opened.bytes).toEqual(jcs(PAYLOAD));
    expect(opened.keyids).toEqual([alice.keyId]);
  });

  it('signs the message that the specification spells out', () => {
    const hex = Buffer.from(signedMessage('interhosp/x@1', Uint8Array.of(0x7b, 0x7d))).toString('hex');
    const type = Buffer.from('interhosp/x@1').toString('hex');
    expect(hex).toBe(`${Buffer.from('interhosp-v1').toString('hex')}000000000000000d${type}00000000000000027b7d`);
  });

  it('verifies under an independent implementation of Ed25519, and accepts what that one signs', () => {
    const message = signedMessage(TYPE, jcs(PAYLOAD));
    const theirs = ed25519.sign(message, alice.secret);
    expect(ed25519.getPublicKey(alice.secret)).toEqual(alice.publicKey);
    expect(ed25519.verify(fromBase64url(signed.signatures[0]?.sig as string), message, alice.publicKey)).toBe(true);
    expect(open({ ...signed, signatures: [{ keyid: alice.keyId, sig: toBase64url(theirs) }] }).keyids).toEqual([
      alice.keyId,
    ]);
  });

  it('is worth nothing under another type', () => {
    expect(codeOf(() => open(signed, { payloadType: 'interhosp/receipt@1' }))).toBe('FEDERATION_ENVELOPE_INVALID');
    const renamed = { ...signed, payloadType: 'interhosp/receipt@1' };
    expect(codeOf(() => open(renamed, { payloadType: 'interhosp/receipt@1' }))).toBe('FEDERATION_SIGNATURE_INVALID');
  });

  it('is refused when only a stranger signed', async () => {
    expect(codeOf(() => open(signed, { keys: trust(bob) }))).toBe('FEDERATION_SIGNATURE_INVALID');
    const both = await addSignatures(signed, [bob]);
    expect(open(both, { keys: trust(bob) }).keyids).toEqual([bob.keyId]);
  });

  it('counts each signer once', async () => {
    const twice = { ...signed, signatures: [...signed.signatures, ...signed.signatures] };
    expect(codeOf(() => open(twice, { threshold: 2 }))).toBe('FEDERATION_SIGNATURE_INVALID');
    const both = await addSignatures(signed, [bob]);
    expect(open(both, { keys: trust(alice, bob), threshold: 2 }).keyids).toEqual([alice.keyId, bob.keyId]);
    expect(codeOf(() => open(both, { keys: trust(alice, bob), threshold: 3 }))).toBe('FEDERATION_SIGNATURE_INVALID');
  });

  it('looks at one signature of a signer: the first, good or bad', async () => {
    const [bad] = (await signEnvelope(TYPE, { version: 8 }, [alice])).signatures;
    const after = { ...signed, signatures: [bad!, ...signed.signatures] };
    expect(codeOf(() => open(after))).toBe('FEDERATION_SIGNATURE_INVALID');
    expect(codeOf(() => open({ ...after, signatures: after.signatures.toReversed() }))).toBe('accepted');
  });

  it('does not count one key under two names', () => {
    const alias = 'a'.repeat(64);
    const twoNames = {
      ...signed,
      signatures: [...signed.signatures, { keyid: alias, sig: signed.signatures[0]!.sig }],
    };
    const keys = new Map([...trust(alice), [alias, alice.publicKey] as const]);
    expect(codeOf(() => open(twoNames, { keys, threshold: 2 }))).toBe('FEDERATION_SIGNATURE_INVALID');
    expect(codeOf(() => open(twoNames, { keys: new Map([[alias, alice.publicKey]]) }))).toBe(
      'FEDERATION_SIGNATURE_INVALID',
    );
  });

  it('refuses a threshold below one', () => {
    expect(codeOf(() => open({ ...signed, signatures: [] }, { threshold: 0 }))).toBe('FEDERATION_SIGNATURE_INVALID');
    expect(codeOf(() => open(signed, { threshold: Number.NaN }))).toBe('FEDERATION_SIGNATURE_INVALID');
  });

  it('replaces an earlier signature of the same key instead of adding to it', async () => {
    expect((await addSignatures(signed, [alice])).signatures).toEqual(signed.signatures);
  });

  it('looks at eight signatures and no more', async () => {
    let looked = 0;
    const counting = {
      ...nodeCrypto,
      verifyEd25519: (...args: Parameters<typeof nodeCrypto.verifyEd25519>) => {
        looked++;
        return nodeCrypto.verifyEd25519(...args);
      },
    };
    const crowd = Array.from({ length: MAX_SIGNATURES_VERIFIED + 1 }, (_, index) => testSigner(`signer ${index}`));
    const many = await signEnvelope(TYPE, PAYLOAD, crowd);
    const keys = trust(...crowd);
    expect(open(many, { keys, threshold: MAX_SIGNATURES_VERIFIED, crypto: counting }).keyids).toHaveLength(8);
    expect(looked).toBe(MAX_SIGNATURES_VERIFIED);
    expect(codeOf(() => open(many, { keys, threshold: MAX_SIGNATURES_VERIFIED + 1 }))).toBe(
      'FEDERATION_SIGNATURE_INVALID',
    );
  });

  it('carries sixteen signatures and no more', async () => {
    const crowd = Array.from({ length: MAX_SIGNATURES }, (_, index) => testSigner(`signer ${index}`));
    const full = await signEnvelope(TYPE, PAYLOAD, crowd);
    expect(decodeEnvelope(encodeEnvelope(full)).signatures).toHaveLength(MAX_SIGNATURES);
    const over = { ...full, signatures: [...full.signatures, ...signed.signatures] };
    expect(codeOf(() => decodeEnvelope(encodeEnvelope(over)))).toBe('FEDERATION_LIMIT');
    await expect(addSignatures(full, [alice])).rejects.toMatchObject({ code: 'FEDERATION_LIMIT' });
  });

  it('is refused over the size limit and accepted on it', () => {
    const size = jcs(PAYLOAD).length;
    expect(open(signed, { maxBytes: size }).bytes).toHaveLength(size);
    expect(codeOf(() => open(signed, { maxBytes: size - 1 }))).toBe('FEDERATION_LIMIT');
    const huge = new Uint8Array(20_000).fill(0x5b);
    expect(codeOf(() => open(huge, { maxBytes: 1024 }))).toBe('FEDERATION_LIMIT');
  });

  it('is refused when the signed bytes are not canonical', async () => {
    const payload = toBase64url(new TextEncoder().encode('{"a": 1}'));
    const spaced = await addSignatures({ payloadType: TYPE, payload, signatures: [] }, [alice]);
    expect(codeOf(() => open(spaced))).toBe('FEDERATION_ENVELOPE_INVALID');
  });

  it.each([
    ['another field', (e: Envelope) => ({ ...e, note: 1 })],
    ['no payload', ({ payloadType, signatures }: Envelope) => ({ payloadType, signatures })],
    ['a foreign type', (e: Envelope) => ({ ...e, payloadType: 'in-toto/roster@1' })],
    ['padding', (e: Envelope) => ({ ...e, payload: `${e.payload}=` })],
    ['a short signature', (e: Envelope) => ({ ...e, signatures: [{ keyid: alice.keyId, sig: 'AAAA' }] })],
    ['an upper-case key ID', (e: Envelope) => ({ ...e, signatures: [{ ...e.signatures[0], keyid: 'A'.repeat(64) }] })],
    ['another field in a signature', (e: Envelope) => ({ ...e, signatures: [{ ...e.signatures[0], alg: 'none' }] })],
    ['a list', (e: Envelope) => [e]],
  ])('is refused with %s', (_name, change) => {
    const changed = jcs(change(signed));
    expect(codeOf(() => open(changed))).toBe('FEDERATION_ENVELOPE_INVALID');
  });

  it('names a key by the hash of its raw bytes', () => {
    expect(keyIdOf(alice.publicKey, nodeCrypto)).toBe(alice.keyId);
  });
});
