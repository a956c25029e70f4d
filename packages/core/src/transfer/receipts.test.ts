import { describe, expect, it } from 'vitest';
import { federationOf, member, nodeOf } from '../../test/federation.ts';
import { nodeCrypto as crypto } from '../../test/node-crypto.ts';
import { parseUid } from '../dicom/uid.ts';
import { encodeEnvelope, keysOfMember, signEnvelope } from '../federation/index.ts';
import { parseExchangeId, parseMemberId, parseTransferId, type Digest } from '../study/index.ts';
import {
  CONFIRMED_RECEIPT_TYPE,
  DURABLE_RECEIPT_TYPE,
  makeConfirmedReceipt,
  makeDurableReceipt,
  openReceipt,
  partialOf,
  statusDigestOf,
  verifyReceipt,
  type ExpectedReceipt,
  type ReceiptFacts,
} from './receipts.ts';
import type { FilingOutcome } from './records.ts';

const SOUTH = parseMemberId('be-south');
const NOW_MS = Date.parse('2026-03-02T12:00:00Z');
const expected: ExpectedReceipt = {
  attempt: 1,
  bytes: 4096,
  exchangeId: parseExchangeId('00112233445566778899aabbccddeeff'),
  fedId: 'f0'.repeat(32),
  instances: 3,
  manifestRoot: 'c4'.repeat(32) as Digest,
  receiver: SOUTH,
  sender: parseMemberId('be-north'),
  transferId: parseTransferId('b3'.repeat(32)),
};
const facts: ReceiptFacts = { ...expected, journalHead: 'aa'.repeat(32), journalSeq: 12, rosterVersion: 3 };
const signer = nodeOf('be-south');
const federation = await federationOf(member('be-south'), member('be-north'));
const keys = keysOfMember(federation, SOUTH, crypto);
const check = { crypto, expected, keys };

const filed = (index: number): FilingOutcome => ({ sopInstanceUid: parseUid(`1.2.3.${index}`), status: 'filed' });
const left = (index: number, code?: string): FilingOutcome => ({
  ...filed(index),
  status: 'quarantined',
  ...(code === undefined ? {} : { code }),
});
const confirm = (instances: readonly FilingOutcome[]) =>
  makeConfirmedReceipt(facts, { evidence: 'query', instances }, { crypto, nowMs: NOW_MS, signer });

/** A receipt with anything in it, rightly signed by the receiver. */
async function signed(payload: object, type = DURABLE_RECEIPT_TYPE): Promise<Uint8Array> {
  return encodeEnvelope(await signEnvelope(type, payload, [signer]));
}
const durable = { ...facts, issued: '2026-03-02T12:00:00Z' };
const confirmed = {
  ...durable,
  evidence: 'query',
  filed: 2,
  partial: [{ code: 'DICOM_TRUNCATED', sop: '1.2.3.3' }],
  statusDigest: 'dd'.repeat(32),
};
const refusal = (code: string, details: object = {}) =>
  expect.objectContaining({ code, details: expect.objectContaining(details) as object }) as Error;

describe('R1', () => {
  it('says what the receiver holds, and verifies at the sender', async () => {
    const opened = verifyReceipt(await makeDurableReceipt(facts, signer, NOW_MS), check);
    expect(opened).toEqual({ kind: 'durable', receipt: durable });
  });

  it.each(Object.keys(expected) as (keyof ExpectedReceipt)[])('about another %s is foreign', async (field) => {
    const other = typeof expected[field] === 'number' ? 7 : 'ee'.repeat(32);
    const envelope = await signed({ ...durable, [field]: other });
    expect(() => verifyReceipt(envelope, check)).toThrow(refusal('TRANSFER_RECEIPT_FOREIGN', { field }));
  });

  it('signed by another member, or by nobody known, is invalid', async () => {
    for (const stranger of ['be-north', 'be-nowhere']) {
      const envelope = await makeDurableReceipt(facts, nodeOf(stranger), NOW_MS);
      expect(() => verifyReceipt(envelope, check)).toThrow(refusal('TRANSFER_RECEIPT_INVALID'));
    }
  });

  it('is invalid with any byte changed', async () => {
    const envelope = await makeDurableReceipt(facts, signer, NOW_MS);
    for (let at = 0; at < envelope.length; at++) {
      const changed = envelope.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => verifyReceipt(changed, check)).toThrow(refusal('TRANSFER_RECEIPT_INVALID'));
    }
  });

  it('is invalid when it is cut short, empty or longer than a receipt is', async () => {
    const envelope = await makeDurableReceipt(facts, signer, NOW_MS);
    const padded = new Uint8Array(20 * 1_048_576).fill(32);
    for (const bytes of [envelope.subarray(0, -1), new Uint8Array(0), padded]) {
      expect(() => openReceipt(bytes, keys, crypto)).toThrow(refusal('TRANSFER_RECEIPT_INVALID'));
    }
  });

  it('is invalid without one of its fields, with one of another kind, or with one more', async () => {
    for (const field of Object.keys(durable)) {
      const without = Object.fromEntries(Object.entries(durable).filter(([name]) => name !== field));
      for (const payload of [without, { ...durable, [field]: { deep: 1 } }, { ...durable, [field]: -1 }]) {
        const envelope = await signed(payload);
        expect(() => openReceipt(envelope, keys, crypto)).toThrow(refusal('TRANSFER_RECEIPT_INVALID'));
      }
    }
    const more = await signed({ ...durable, withdrawn: true });
    expect(() => openReceipt(more, keys, crypto)).toThrow(refusal('TRANSFER_RECEIPT_INVALID'));
  });
});

describe('R2', () => {
  it('counts what was filed and names what was not', async () => {
    const outcomes = [filed(1), left(2, 'DICOM_TRUNCATED'), left(3)];
    const opened = verifyReceipt(await confirm(outcomes), check);
    if (opened.kind !== 'confirmed') throw new Error('an R2 was signed');
    expect(opened.receipt).toMatchObject({
      evidence: 'query',
      filed: 1,
      statusDigest: statusDigestOf(outcomes, crypto),
    });
    expect(partialOf(opened.receipt)).toEqual([
      { code: 'DICOM_TRUNCATED', sopInstanceUid: '1.2.3.2' },
      { code: 'PACS_INSTANCE_REFUSED', sopInstanceUid: '1.2.3.3' },
    ]);
  });

  it('says how many instances were filed in another syntax, and pins which', async () => {
    const rewritten = { from: parseUid('1.2.840.10008.1.2.4.90'), to: parseUid('1.2.840.10008.1.2.1') };
    const implicit = { ...rewritten, to: parseUid('1.2.840.10008.1.2') };
    const outcomes = [
      { ...filed(1), rewritten },
      { ...filed(2), rewritten },
      { ...filed(3), rewritten: implicit },
    ];
    const opened = verifyReceipt(await confirm(outcomes), check);
    expect(opened.receipt).toMatchObject({
      rewritten: [
        { ...implicit, instances: 1 },
        { ...rewritten, instances: 2 },
      ],
      statusDigest: statusDigestOf(outcomes, crypto),
    });
    const others = [{ ...filed(1), rewritten }, filed(2), { ...filed(3), rewritten: implicit }];
    expect(statusDigestOf(others, crypto)).not.toBe(statusDigestOf(outcomes, crypto));
  });

  it('that speaks of no other syntax has the form it always had', async () => {
    const { receipt } = verifyReceipt(await confirm([filed(1), filed(2), filed(3)]), check);
    expect(Object.keys(receipt).toSorted()).toEqual(Object.keys(confirmed).toSorted());
  });

  it.each([
    ['none', []],
    ['more than were filed', [{ from: '1.2', instances: 3, to: '1.3' }]],
    ['a negative number', [{ from: '1.2', instances: -1, to: '1.3' }]],
    ['the same syntax twice', [{ from: '1.2', instances: 1, to: '1.2' }]],
    ['what is no UID', [{ from: '1.2', instances: 1, to: 'explicit' }]],
    ['one more field', [{ extra: 1, from: '1.2', instances: 1, to: '1.3' }]],
    ['no list', 'all'],
    ['nothing at all', null],
  ])('is invalid with %s as rewritten', async (_, rewritten) => {
    const envelope = await signed({ ...confirmed, rewritten }, CONFIRMED_RECEIPT_TYPE);
    expect(() => openReceipt(envelope, keys, crypto)).toThrow(refusal('TRANSFER_RECEIPT_INVALID'));
  });

  it('is not signed when nothing was filed, or when an instance is not accounted for', async () => {
    const state = refusal('TRANSFER_STATE');
    await expect(confirm([left(1), left(2), left(3)])).rejects.toThrow(state);
    await expect(confirm([filed(1), filed(2)])).rejects.toThrow(state);
    await expect(confirm([])).rejects.toThrow(state);
  });

  it.each([
    ['more filed than there are', { filed: 3 }],
    ['fewer filed than are missing', { filed: 1 }],
    ['nothing filed', { filed: 0, partial: [1, 2, 3].map((n) => ({ code: 'X', sop: `1.2.3.${n}` })) }],
    ['evidence of another kind', { evidence: 'status' }],
    ['missing instances as a number', { partial: 1 }],
    ['a missing instance without a name', { partial: [{ code: 'X' }] }],
    ['a missing instance that is a number', { partial: [7] }],
    ['no digest', { statusDigest: 7 }],
  ])('is invalid with %s', async (_, changes) => {
    expect(openReceipt(await signed(confirmed, CONFIRMED_RECEIPT_TYPE), keys, crypto).kind).toBe('confirmed');
    const envelope = await signed({ ...confirmed, ...changes }, CONFIRMED_RECEIPT_TYPE);
    expect(() => openReceipt(envelope, keys, crypto)).toThrow(refusal('TRANSFER_RECEIPT_INVALID'));
  });

  it('is no R1, and an R1 is no R2', async () => {
    const asDurable = await signed(confirmed, DURABLE_RECEIPT_TYPE);
    const asConfirmed = await signed(durable, CONFIRMED_RECEIPT_TYPE);
    for (const envelope of [asDurable, asConfirmed]) {
      expect(() => openReceipt(envelope, keys, crypto)).toThrow(refusal('TRANSFER_RECEIPT_INVALID'));
    }
  });

  it('has one digest for the same outcomes in any order, and another for others', () => {
    const one = [filed(1), left(2, 'A'), filed(3)];
    expect(statusDigestOf(one.toReversed(), crypto)).toBe(statusDigestOf(one, crypto));
    expect(statusDigestOf([filed(1), left(2, 'B'), filed(3)], crypto)).not.toBe(statusDigestOf(one, crypto));
    expect(statusDigestOf([filed(1), filed(2), filed(3)], crypto)).not.toBe(statusDigestOf(one, crypto));
  });
});
