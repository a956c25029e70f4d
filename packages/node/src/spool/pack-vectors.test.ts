// The pack that the specification shows: written here byte for byte, read from its bytes, and checked by its text alone.
import { createDecipheriv, createHash } from 'node:crypto';
import { jcs } from '@interhosp/core/federation';
import { leafDigest, merkleRoot, type InstanceEntry } from '@interhosp/core/study';
import { describe, expect, it } from 'vitest';
import { bytesOf, countedRandom, hexOf, keptVectors, putFile } from '../../test/storage/vectors.ts';
import { crypto, EXCHANGE_A, silentLog } from '../../test/storage/worlds.ts';
import type { ExchangeKeys } from '../keys/index.ts';
import { simDisk, type SimulatedDisk } from '../world/simulated-disk.ts';
import { encodeRecordHeader, RECORDS_AT, recordAad } from './format.ts';
import { openSpool, type Spool } from './index.ts';

const KEY = new Uint8Array(32).fill(0xe1);
const keys: ExchangeKeys = {
  key: (exchange) => Promise.resolve(exchange === EXCHANGE_A ? KEY : undefined),
  recordsKey: new Uint8Array(32),
};
const BLOCKS = [new Uint8Array(20).fill(0x11), new Uint8Array(7).fill(0x22)] as const;
const uid = (text: string) => text as InstanceEntry['sopInstanceUid'];
const blockDigests = BLOCKS.map((bytes) => leafDigest(crypto, bytes));
const ENTRY: InstanceEntry = {
  blockDigests,
  digest: merkleRoot(crypto, blockDigests),
  lengthBytes: 27,
  segments: [
    { kind: 'header', lengthBytes: 20 },
    { kind: 'pixel', lengthBytes: 7 },
  ],
  seriesInstanceUid: uid('1.2.3.1'),
  sopClassUid: uid('1.2.840.10008.5.1.4.1.1.2'),
  sopInstanceUid: uid('1.2.3.1.1'),
  studyInstanceUid: uid('1.2.3'),
  transferSyntaxUid: uid('1.2.840.10008.1.2.1'),
};
const SEALED = new TextEncoder().encode('what the caller keeps');
const HEADER_BYTES = 80;
const OVERHEAD_BYTES = 48;

const open = (disk: SimulatedDisk): Promise<Spool> =>
  openSpool({ crypto, disk, folder: '/s', keys, log: silentLog, lowWaterBytes: 0, random: countedRandom() });

interface Vectors {
  readonly key: string;
  readonly exchange: string;
  readonly file: string;
  /** At 0 and again at 4,096; all else before 8,192 is zero. */
  readonly header: string;
  /** One after another from 8,192 on. */
  readonly records: readonly { readonly kind: number; readonly plaintext: string; readonly hex: string }[];
  /** A record of the kind that this small pack has not. */
  readonly mark: { readonly plaintext: string; readonly hex: string };
}

async function made(): Promise<Vectors> {
  const disk = simDisk();
  const spool = await open(disk);
  const pack = await spool.create(EXCHANGE_A);
  for (const [index, bytes] of BLOCKS.entries()) await pack.writeBlock(0, index, bytes);
  await pack.declareInstance(0, ENTRY);
  await pack.seal(SEALED);
  await spool.close();
  const [path, bytes] = [...disk.files()].find(([name]) => name.endsWith('.pack')) as [string, Uint8Array];
  const plaintexts = [...BLOCKS, jcs(ENTRY), SEALED].map(hexOf);
  let at = RECORDS_AT;
  const records = plaintexts.map((plaintext) => {
    const record = bytes.subarray(at, (at += OVERHEAD_BYTES + plaintext.length / 2));
    return { hex: hexOf(record), kind: record[4] as number, plaintext };
  });
  expect(at).toBe(bytes.length);
  return {
    exchange: EXCHANGE_A,
    file: path.slice('/s/'.length),
    header: hexOf(bytes.subarray(0, HEADER_BYTES)),
    key: hexOf(KEY),
    mark: { hex: hexOf(markRecord()), plaintext: hexOf(MARK) },
    records,
  };
}

/** Everything before 1 MiB was once synced. */
const MARK = Uint8Array.of(0, 0, 0, 0, 0, 0x10, 0, 0);

function markRecord(): Uint8Array {
  const nonce = new Uint8Array(12).fill(9);
  const header = encodeRecordHeader({ index: 0, kind: 'mark', lengthBytes: MARK.length, ordinal: 0 }, nonce);
  return Buffer.concat([header, crypto.seal(KEY, nonce, MARK, recordAad(bytesOf(EXCHANGE_A), header))]);
}

function fileOf({ header, records }: Vectors): Uint8Array {
  const start = Buffer.alloc(RECORDS_AT);
  for (const at of [0, 4_096]) start.set(bytesOf(header), at);
  return Buffer.concat([start, ...records.map(({ hex }) => bytesOf(hex))]);
}

describe('a pack', () => {
  it('is the bytes that the specification shows', async () => {
    const vectors = await made();
    expect(keptVectors('spool', vectors)).toEqual(vectors);
  });

  it('is read from the bytes that the specification shows', async () => {
    const vectors = keptVectors('spool', await made());
    const disk = simDisk();
    await disk.makeFolder('/s');
    await putFile(disk, `/s/${vectors.file}`, fileOf(vectors));
    await using spool = await open(disk);
    const pack = await spool.open(EXCHANGE_A);
    expect(pack.instances()).toEqual([{ entry: ENTRY, isComplete: true, ordinal: 0 }]);
    for (const [index, bytes] of BLOCKS.entries()) expect(hexOf(await pack.readBlock(0, index))).toBe(hexOf(bytes));
    expect(hexOf((await pack.sealed()) ?? new Uint8Array())).toBe(hexOf(SEALED));
  });

  it('holds by the specification alone', async () => {
    const { exchange, file, header, key, mark, records } = keptVectors('spool', await made());
    const start = bytesOf(header);
    expect(start.subarray(0, 8).toString('latin1')).toBe('IHPAK\r\n\x1a');
    expect([start.readUInt16BE(8), hexOf(start.subarray(10, 16))]).toEqual([1, '000000000000']);
    expect([hexOf(start.subarray(16, 32)), `${hexOf(start.subarray(32, 48))}.pack`]).toEqual([exchange, file]);
    expect(hexOf(start.subarray(48))).toBe(createHash('sha256').update(start.subarray(0, 48)).digest('hex'));
    expect(records.map(({ kind }) => kind)).toEqual([1, 1, 2, 3]);
    for (const { hex, kind, plaintext } of [...records, { ...mark, kind: 4 }]) {
      const bytes = bytesOf(hex);
      expect(bytes.subarray(0, 4).toString('latin1')).toBe('IHRC');
      expect([bytes.readUInt32BE(4), bytes.readUInt32BE(16)]).toEqual([kind * 2 ** 24, plaintext.length / 2]);
      const aad = Buffer.concat([Buffer.from('interhosp/pack/1'), bytesOf(exchange), bytes.subarray(4, 20)]);
      const decipher = createDecipheriv('aes-256-gcm', bytesOf(key), bytes.subarray(20, 32));
      decipher.setAAD(aad).setAuthTag(bytes.subarray(-16));
      const opened = Buffer.concat([decipher.update(bytes.subarray(32, -16)), decipher.final()]);
      expect(hexOf(opened)).toBe(plaintext);
    }
    expect(records.map(({ hex }) => [bytesOf(hex).readUInt32BE(8), bytesOf(hex).readUInt32BE(12)])).toEqual([
      [0, 0],
      [0, 1],
      [0, 0],
      [0, 0],
    ]);
  });
});
