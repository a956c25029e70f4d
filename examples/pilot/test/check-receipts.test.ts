import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { keyIdOf } from '@interhosp/core/federation';
import { cutInstance, manifestRootOf, parseExchangeId, parseMemberId, transferIdOf } from '@interhosp/core/study';
import { makeConfirmedReceipt, makeDurableReceipt, type ReceiptFacts } from '@interhosp/core/transfer';
import type { Signer } from '@interhosp/core/world';
import { checkReceipts, hashesAndSignatures } from '../src/check-receipts.ts';
import { makeStudy, STUDIES } from '../src/scenario.ts';

const crypto = hashesAndSignatures;
const nowMs = Date.parse('2026-03-14T10:00:00Z');
const plan = STUDIES.find(({ title }) => title === 'PDF letter');
assert.ok(plan);
const made = makeStudy(plan, 'test');
const receiver = newSigner();
const stranger = newSigner();
const exchangeId = parseExchangeId('ab'.repeat(16));
const parties = {
  fedId: 'f'.repeat(64),
  sender: parseMemberId('be-north'),
  receiver: parseMemberId('be-south'),
  keys: new Map([[receiver.keyId, receiver.publicKey]]),
};
const { facts, filed } = await honest();

test('both receipts about what was made hold', async () => {
  assert.deepEqual(await check(await r1(), await r2()), { proved: ['R1', 'R2'], problems: [] });
});

test('a receipt that is not there is missed, and a doubled one counts once', async () => {
  const { problems, proved } = await check(await r1(), await r1());
  assert.deepEqual({ proved, problems }, { proved: ['R1'], problems: ['receipt R2 is missing'] });
});

test('a stranger’s signature proves nothing', async () => {
  const { problems, proved } = await check(await r1({}, stranger), await r2(filed, stranger));
  assert.deepEqual(proved, []);
  assert.match(problems.join('\n'), /does not verify/);
});

test('a receipt with one letter changed proves nothing', async () => {
  const envelope = await r1();
  const at = envelope.indexOf('"payload":"') + 40;
  const letter = envelope[at] === 'A' ? 'B' : 'A';
  assert.deepEqual((await check(`${envelope.slice(0, at)}${letter}${envelope.slice(at + 1)}`, await r2())).proved, [
    'R2',
  ]);
});

test('a receipt about other bytes, another study or another exchange proves nothing', async () => {
  const others: ReadonlyArray<Partial<ReceiptFacts>> = [
    { manifestRoot: 'a'.repeat(64) as ReceiptFacts['manifestRoot'] },
    { transferId: 'a'.repeat(64) as ReceiptFacts['transferId'] },
    { exchangeId: parseExchangeId('cd'.repeat(16)) },
    { bytes: made.bytes - 1 },
    { fedId: 'e'.repeat(64) },
  ];
  for (const other of others) assert.deepEqual((await check(await r1(other), await r2())).proved, ['R2']);
});

test('a partial delivery, or one of other instances, is no proof that all were filed', async () => {
  const [first, ...rest] = filed;
  assert.ok(first);
  const partly = await r2([{ ...first, status: 'quarantined', code: 'PACS_INSTANCE_REFUSED' } as const, ...rest]);
  assert.match((await check(await r1(), partly)).problems.join('\n'), /partial/);
  const strange = await r2([{ ...first, sopInstanceUid: '1.2.3' as typeof first.sopInstanceUid }, ...rest]);
  assert.match((await check(await r1(), strange)).problems.join('\n'), /other instances/);
});

function check(...envelopes: readonly string[]) {
  const receipts = envelopes.map((envelope) => ({ envelope }));
  return checkReceipts(made, { attempt: 1, exchangeId, receipts }, parties);
}

async function r1(other: Partial<ReceiptFacts> = {}, signer = receiver): Promise<string> {
  return textOf(await makeDurableReceipt({ ...facts, ...other }, signer, nowMs));
}

async function r2(instances: Parameters<typeof makeConfirmedReceipt>[1]['instances'] = filed, signer = receiver) {
  return textOf(await makeConfirmedReceipt(facts, { evidence: 'query', instances }, { crypto, nowMs, signer }));
}

/** What a receiver would sign of this study. */
async function honest() {
  const entries = await Promise.all(
    made.instances.map(async ({ dataSet, transferSyntaxUid }) => {
      const once = (async function* () {
        yield dataSet;
      })();
      return (await cutInstance({ dataSet: once, transferSyntaxUid }, crypto, async () => {})).entry;
    }),
  );
  const manifestRoot = manifestRootOf(entries, crypto);
  const { fedId, receiver: to, sender } = parties;
  const { bytes, studyInstanceUid } = made;
  const identity = {
    federationId: fedId,
    manifestRoot,
    purpose: 'treatment',
    receiver: to,
    sender,
    studyInstanceUid,
  } as const;
  const signed: ReceiptFacts = {
    attempt: 1,
    bytes,
    exchangeId,
    fedId,
    instances: entries.length,
    journalHead: '0'.repeat(64),
    journalSeq: 7,
    manifestRoot,
    receiver: to,
    rosterVersion: 2,
    sender,
    transferId: transferIdOf(identity, crypto),
  };
  return { facts: signed, filed: entries.map(({ sopInstanceUid }) => ({ sopInstanceUid, status: 'filed' }) as const) };
}

function newSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = rawKey(publicKey);
  return {
    keyId: keyIdOf(raw, crypto),
    publicKey: raw,
    sign: (message) => Promise.resolve(new Uint8Array(sign(null, message, privateKey))),
  };
}

function rawKey(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }).subarray(-32));
}

function textOf(envelope: Uint8Array): string {
  return new TextDecoder().decode(envelope);
}
