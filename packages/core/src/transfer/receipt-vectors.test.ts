// The receipts that the specification shows: made here byte for byte, and checked by its text alone.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodeOf } from '../../test/federation.ts';
import { nodeCrypto as crypto } from '../../test/node-crypto.ts';
import { parseUid } from '../dicom/uid.ts';
import { parseExchangeId, parseMemberId, parseTransferId, toHex, type Digest } from '../study/index.ts';
import {
  makeConfirmedReceipt,
  makeDurableReceipt,
  statusDigestOf,
  verifyReceipt,
  type ReceiptFacts,
} from './receipts.ts';
import type { FilingOutcome } from './records.ts';

const VECTORS = new URL('../../../../docs/protocol/vectors/receipts.json', import.meta.url);
/** Set it to write the vectors anew; they are part of the protocol and never change. */
const isWriting = process.env['INTERHOSP_WRITE_VECTORS'] === '1';

const NOW_MS = Date.parse('2026-03-02T12:00:00Z');
const SIGNER = nodeOf('be-south');
const FACTS: ReceiptFacts = {
  attempt: 1,
  bytes: 4_096,
  exchangeId: parseExchangeId('00112233445566778899aabbccddeeff'),
  fedId: 'f0'.repeat(32),
  instances: 3,
  journalHead: 'aa'.repeat(32),
  journalSeq: 12,
  manifestRoot: 'c4'.repeat(32) as Digest,
  receiver: parseMemberId('be-south'),
  rosterVersion: 3,
  sender: parseMemberId('be-north'),
  transferId: parseTransferId('b3'.repeat(32)),
};
const JPEG_2000_DECODED = { from: parseUid('1.2.840.10008.1.2.4.90'), to: parseUid('1.2.840.10008.1.2.1') };
// 1.2.3.10 comes before 1.2.3.9: bytes are compared, not numbers.
const OUTCOMES: readonly FilingOutcome[] = [
  { sopInstanceUid: parseUid('1.2.3.9'), status: 'filed' },
  { code: 'DICOM_TRUNCATED', sopInstanceUid: parseUid('1.2.3.10'), status: 'quarantined' },
  { sopInstanceUid: parseUid('1.2.3.2'), status: 'filed' },
];

/** Of the same study, had the PACS taken no JPEG 2000. */
const REWRITTEN: readonly FilingOutcome[] = OUTCOMES.map((outcome) =>
  outcome.status === 'filed' ? { ...outcome, rewritten: JPEG_2000_DECODED } : outcome,
);

interface Vector {
  readonly name: string;
  readonly payloadType: string;
  /** The exact text that is signed. */
  readonly payload: string;
  readonly envelope: string;
  /** SHA-256 of the envelope: what an acknowledgement names. */
  readonly digest: string;
}
interface Vectors {
  readonly signer: { readonly seed: string; readonly publicKey: string; readonly keyId: string };
  readonly statuses: { readonly outcomes: readonly FilingOutcome[]; readonly text: string; readonly digest: string };
  readonly receipts: readonly Vector[];
}

const read = () => JSON.parse(readFileSync(VECTORS, 'utf8')) as Vectors;
const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex');
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function vectorOf(name: string, bytes: Uint8Array): Vector {
  const envelope = textOf(bytes);
  const { payload, payloadType } = JSON.parse(envelope) as { readonly payload: string; readonly payloadType: string };
  return {
    digest: sha256(envelope),
    envelope,
    name,
    payload: Buffer.from(payload, 'base64url').toString(),
    payloadType,
  };
}

async function made(): Promise<Vectors> {
  const durable = await makeDurableReceipt(FACTS, SIGNER, NOW_MS);
  const filing = { evidence: 'query', instances: OUTCOMES } as const;
  const options = { crypto, nowMs: NOW_MS, signer: SIGNER };
  const confirmed = await makeConfirmedReceipt(FACTS, filing, options);
  const decoded = await makeConfirmedReceipt(FACTS, { ...filing, instances: REWRITTEN }, options);
  return {
    receipts: [vectorOf('R1', durable), vectorOf('R2', confirmed), vectorOf('R2, decoded', decoded)],
    signer: { keyId: SIGNER.keyId, publicKey: toHex(SIGNER.publicKey), seed: toHex(SIGNER.secret) },
    statuses: { digest: statusDigestOf(OUTCOMES, crypto), outcomes: OUTCOMES, text: STATUS_TEXT },
  };
}
const STATUS_TEXT =
  '[{"code":"DICOM_TRUNCATED","sop":"1.2.3.10","status":"quarantined"},' +
  '{"sop":"1.2.3.2","status":"filed"},{"sop":"1.2.3.9","status":"filed"}]';

describe('receipts', () => {
  it('are the bytes that the specification shows', async () => {
    const vectors = await made();
    if (isWriting) writeFileSync(VECTORS, `${JSON.stringify(vectors, undefined, 2)}\n`);
    expect(read()).toEqual(vectors);
  });

  it('are believed from the bytes that the specification shows', () => {
    const { receipts, signer } = read();
    const keys = new Map([[signer.keyId, Buffer.from(signer.publicKey, 'hex')]]);
    const { journalHead: _head, journalSeq: _seq, rosterVersion: _version, ...expected } = FACTS;
    const kinds = receipts.map(
      ({ envelope }) => verifyReceipt(new TextEncoder().encode(envelope), { crypto, expected, keys }).kind,
    );
    expect(kinds).toEqual(['durable', 'confirmed', 'confirmed']);
  });

  it('are signed as the specification says in words', () => {
    const { receipts, signer } = read();
    const der = Buffer.from(`302a300506032b6570032100${signer.publicKey}`, 'hex');
    const key = createPublicKey({ format: 'der', key: der, type: 'spki' });
    expect(sha256(Buffer.from(signer.publicKey, 'hex'))).toBe(signer.keyId);
    for (const { digest, envelope, payload, payloadType } of receipts) {
      const [type, body] = [Buffer.from(payloadType), Buffer.from(payload)];
      const signed = Buffer.concat([Buffer.from('interhosp-v1'), length(type), type, length(body), body]);
      const { signatures } = JSON.parse(envelope) as { readonly signatures: readonly [{ keyid: string; sig: string }] };
      expect(signatures[0].keyid).toBe(signer.keyId);
      expect(verify(null, signed, key, Buffer.from(signatures[0].sig, 'base64url'))).toBe(true);
      expect(digest).toBe(sha256(envelope));
    }
  });

  it('name the digest of the text of all statuses', () => {
    const { receipts, statuses } = read();
    expect(sha256(statuses.text)).toBe(statuses.digest);
    expect(JSON.parse(receipts[1]?.payload ?? '')).toMatchObject({ filed: 2, statusDigest: statuses.digest });
  });

  it('say in what syntax instances were filed, and which, where it is not the one in which they came', () => {
    const { from, to } = JPEG_2000_DECODED;
    const text = STATUS_TEXT.replaceAll('"filed"', `"filed","syntax":"${to}"`);
    const rewritten = [{ from, instances: 2, to }];
    const { receipts } = read();
    expect(JSON.parse(receipts[2]?.payload ?? '')).toMatchObject({ filed: 2, rewritten, statusDigest: sha256(text) });
  });
});

function length(bytes: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64BE(BigInt(bytes.length));
  return prefix;
}
