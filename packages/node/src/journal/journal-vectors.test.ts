// The journal that the specification shows: written here byte for byte, read from its bytes, and checked by its text alone.
import { createDecipheriv, createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bytesOf, countedRandom, hexOf, keptVectors, putFile } from '../../test/storage/vectors.ts';
import { collect, crypto, EXCHANGE_A, freshHost, silentLog, stillClock } from '../../test/storage/worlds.ts';
import type { ExchangeKeys } from '../keys/index.ts';
import { simDisk, type SimulatedDisk } from '../world/simulated-disk.ts';
import { openJournal, verifyJournal, type Journal, type JournalInput } from './index.ts';

const EXCHANGE_KEY = new Uint8Array(32).fill(0xe1);
const RECORDS_KEY = new Uint8Array(32).fill(0xc2);
const keys: ExchangeKeys = {
  key: (exchange) => Promise.resolve(exchange === EXCHANGE_A ? EXCHANGE_KEY : undefined),
  recordsKey: RECORDS_KEY,
};
/** With a payload under either key, without one, and one that stands in the next segment. */
const INPUTS: readonly JournalInput[] = [
  {
    exchange: EXCHANGE_A,
    ids: { member: 'be-south', role: 'sender' },
    payload: { name: 'Zoë', n: 0.5 },
    type: 'a.one',
  },
  { ids: { exchangeId: EXCHANGE_A }, payload: { envelope: '{}' }, type: 'b.two' },
  { type: 'c.three' },
  { payload: {}, type: 'd.four' },
];
const SEGMENT_BYTES = 600;
const SLOTS_AT = [0, 4_096] as const;
const SLOT_BYTES = 120;

function open(disk: SimulatedDisk): Promise<Journal> {
  return openJournal({
    clock: stillClock(),
    crypto,
    disk,
    folder: '/j',
    host: freshHost(),
    keys,
    log: silentLog,
    random: countedRandom(),
    reserveBytes: 0,
    segmentBytes: SEGMENT_BYTES,
  });
}

interface Vectors {
  readonly exchangeKey: string;
  readonly recordsKey: string;
  readonly inputs: readonly JournalInput[];
  readonly segments: readonly { readonly file: string; readonly hex: string }[];
  /** The two slots of the head file; all between is zero. */
  readonly headSlots: readonly string[];
}

async function made(): Promise<Vectors> {
  const disk = simDisk();
  const journal = await open(disk);
  for (const input of INPUTS) await journal.append(input);
  await journal.close();
  const files = disk.files();
  const head = files.get('/j/head') ?? new Uint8Array();
  const names = [...files.keys()].filter((path) => path.endsWith('.log')).toSorted();
  return {
    exchangeKey: hexOf(EXCHANGE_KEY),
    headSlots: SLOTS_AT.map((at) => hexOf(head.subarray(at, at + SLOT_BYTES))),
    inputs: INPUTS,
    recordsKey: hexOf(RECORDS_KEY),
    segments: names.map((path) => ({ file: path.slice('/j/'.length), hex: hexOf(files.get(path) as Uint8Array) })),
  };
}

async function diskOf({ headSlots, segments }: Vectors): Promise<SimulatedDisk> {
  const disk = simDisk();
  await disk.makeFolder('/j');
  for (const { file, hex } of segments) await putFile(disk, `/j/${file}`, bytesOf(hex));
  const head = Buffer.alloc(8_192);
  headSlots.forEach((slot, index) => head.set(bytesOf(slot), SLOTS_AT[index]));
  await putFile(disk, '/j/head', head);
  return disk;
}

const sha256 = (...parts: readonly Uint8Array[]) => {
  const hash = createHash('sha256');
  parts.forEach((part) => hash.update(part));
  return hash.digest('hex');
};

/** Opens a sealed payload as the text says: nonce, ciphertext, tag, and the clear part as additional data. */
function opened(sealed: Buffer, clear: Buffer, key: Buffer): unknown {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
  decipher.setAAD(clear).setAuthTag(sealed.subarray(-16));
  return JSON.parse(Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString());
}

describe('a journal', () => {
  it('is the bytes that the specification shows', async () => {
    const vectors = await made();
    expect(vectors.segments.length).toBe(2);
    expect(keptVectors('journal', vectors)).toEqual(JSON.parse(JSON.stringify(vectors)));
  });

  it('is read from the bytes that the specification shows', async () => {
    const vectors = keptVectors('journal', await made());
    const disk = await diskOf(vectors);
    expect(await verifyJournal({ crypto, disk, folder: '/j' })).toMatchObject({ problem: undefined, records: 4 });
    await using journal = await open(disk);
    const entries = await collect(journal.entries());
    expect(entries.map(({ exchange, ids, payload, type }) => ({ exchange, ids, payload, type }))).toEqual(
      INPUTS.map(({ exchange, ids = {}, payload, type }) => ({ exchange, ids, payload, type })),
    );
  });

  it('holds by the specification alone', async () => {
    const { exchangeKey, headSlots, inputs, recordsKey, segments } = keptVectors('journal', await made());
    const payloads: unknown[] = [];
    let [seq, hash, end] = [0, '', 0];
    for (const [index, { hex }] of segments.entries()) {
      const bytes = bytesOf(hex);
      const journalId = bytes.subarray(16, 32);
      if (index === 0) hash = sha256(Buffer.from('interhosp/journal/1\0'), journalId);
      expect(bytes.subarray(0, 8).toString('latin1')).toBe('IHJRN\r\n\x1a');
      expect([bytes.readUInt16BE(8), bytes.readUInt16BE(10), bytes.readUInt32BE(12)]).toEqual([1, 104, index]);
      expect(bytes.readBigUInt64BE(32)).toBe(BigInt(seq + 1));
      expect(hexOf(bytes.subarray(72, 104))).toBe(hash);
      expect(hexOf(bytes.subarray(40, 72))).toBe(sha256(bytes.subarray(0, 40), bytes.subarray(72, 104)));
      for (let at = 104; at < bytes.length; at = end) {
        const record = bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at));
        end = at + 4 + record.length + 32;
        hash = sha256(bytesOf(hash), bytes.subarray(at, end - 32));
        expect(hexOf(bytes.subarray(end - 32, end))).toBe(hash);
        expect(record[0]).toBe(1);
        const clear = record.subarray(5, 5 + record.readUInt32BE(1));
        const fields = JSON.parse(clear.toString()) as { readonly exchange?: string; readonly seq: number };
        expect(fields.seq).toBe(++seq);
        const sealed = record.subarray(5 + clear.length);
        const key = bytesOf(fields.exchange === undefined ? recordsKey : exchangeKey);
        payloads.push(sealed.length === 0 ? undefined : opened(sealed, clear, key));
      }
    }
    expect(payloads).toEqual(inputs.map(({ payload }) => payload));
    for (const slot of headSlots.map((one) => bytesOf(one))) {
      expect(hexOf(slot.subarray(88))).toBe(sha256(slot.subarray(0, 88)));
      expect([slot.readUInt32BE(12), slot.readBigUInt64BE(32), slot.readBigUInt64BE(40)]).toEqual([
        segments.length - 1,
        BigInt(seq),
        BigInt(end),
      ]);
      expect(hexOf(slot.subarray(56, 88))).toBe(hash);
    }
  });
});
