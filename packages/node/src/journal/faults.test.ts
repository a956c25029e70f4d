/** The journal against a disk at its worst: every byte flipped, every length cut, every call failing or the last. */
import { errorCodeOf } from '@interhosp/core/errors';
import { describe, expect, it } from 'vitest';
import {
  codeOf,
  collect,
  crypto,
  dice,
  EXCHANGE_A,
  freshHost,
  memoryKeys,
  random,
  silentLog,
  stillClock,
} from '../../test/storage/worlds.ts';
import { simDisk, type SimulatedDisk } from '../world/simulated-disk.ts';
import { openJournal, verifyJournal, type Journal } from './index.ts';

const keys = memoryKeys(EXCHANGE_A);
const SEGMENT_BYTES = 600;

function open(disk: SimulatedDisk): Promise<Journal> {
  return openJournal({
    disk,
    folder: '/j',
    crypto,
    random,
    clock: stillClock(),
    keys,
    log: silentLog,
    host: freshHost(),
    reserveBytes: 0,
    segmentBytes: SEGMENT_BYTES,
  });
}

/** A closed journal of nine records in two or three segments. */
async function smallJournal(): Promise<SimulatedDisk> {
  const disk = simDisk();
  const journal = await open(disk);
  for (let n = 0; n < 3; n++) {
    await Promise.all(
      [0, 1, 2].map((i) => journal.append({ type: `t${n}${i}`, exchange: EXCHANGE_A, payload: { n, i } })),
    );
  }
  await journal.close();
  return disk;
}

const allTypes = ['t00', 't01', 't02', 't10', 't11', 't12', 't20', 't21', 't22'];

/** The types of all records, or the code of what opening or reading throws. */
async function typesOrCode(disk: SimulatedDisk): Promise<string[] | string> {
  try {
    await using journal = await open(disk);
    return (await collect(journal.entries())).map(({ type }) => type);
  } catch (error) {
    return errorCodeOf(error) ?? String(error);
  }
}

describe('journal, damaged', () => {
  it('notices every flipped byte of a segment, offline and on opening, and names the place', async () => {
    const disk = await smallJournal();
    let flips = 0;
    for (const [path, bytes] of disk.files()) {
      if (!path.endsWith('.log')) continue;
      for (let at = 0; at < bytes.length; at++) {
        const flipped = bytes.slice();
        flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
        const damaged = disk.clone();
        damaged.put(path, flipped);
        const report = await verifyJournal({ disk: damaged, folder: '/j', crypto });
        expect(report.problem, `${path} ${at}`).toMatchObject({ kind: 'damaged' });
        expect(path).toBe(`/j/${report.problem?.file}`);
        expect(report.problem?.offset).toBeLessThanOrEqual(at);
        expect(await codeOf(open(damaged)), `${path} ${at}`).toBe('STORAGE_JOURNAL_DAMAGED');
        flips += 1;
      }
    }
    expect(flips).toBeGreaterThan(1_500);
  });

  it('is not harmed by any flipped byte of the head file', async () => {
    const disk = await smallJournal();
    const bytes = disk.files().get('/j/head') as Uint8Array;
    // Both slots byte by byte, and a sample of the space between them, which means nothing.
    for (let at = 0; at < bytes.length; at += at % 4096 < 130 ? 1 : 97) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] as number) ^ 0x40;
      const damaged = disk.clone();
      damaged.put('/j/head', flipped);
      expect(await typesOrCode(damaged), String(at)).toEqual(allTypes);
    }
  });

  it('reports the loss of acknowledged records wherever a segment is cut', async () => {
    const disk = await smallJournal();
    const paths = [...disk.files().keys()].filter((path) => path.endsWith('.log'));
    for (const path of paths) {
      const bytes = disk.files().get(path) as Uint8Array;
      for (let length = 0; length < bytes.length; length++) {
        const cut = disk.clone();
        cut.put(path, bytes.slice(0, length));
        const code = await codeOf(open(cut));
        const expected = path === paths.at(-1) && length >= 104 ? 'STORAGE_JOURNAL_TORN' : 'STORAGE_JOURNAL_DAMAGED';
        expect(code, `${path} ${length}`).toBe(expected);
      }
    }
  });

  it('reports a missing segment and a missing journal', async () => {
    const disk = await smallJournal();
    const paths = [...disk.files().keys()].filter((path) => path.endsWith('.log'));
    for (const path of paths) {
      const without = disk.clone();
      await without.remove(path);
      expect(['STORAGE_JOURNAL_TORN', 'STORAGE_JOURNAL_DAMAGED']).toContain(await codeOf(open(without)));
    }
    const empty = disk.clone();
    for (const path of paths) await empty.remove(path);
    expect(await codeOf(open(empty))).toBe('STORAGE_JOURNAL_TORN');
  });

  it('refuses a whole other journal under the same head', async () => {
    const [one, two] = [await smallJournal(), await smallJournal()];
    for (const [path, bytes] of two.files()) if (path.endsWith('.log')) one.put(path, bytes);
    expect(await codeOf(open(one))).toBe('STORAGE_JOURNAL_DAMAGED');
  });

  it('refuses records of a newer version', async () => {
    const disk = await smallJournal();
    const { encodeRecord, encodeSegmentHeader, firstHash } = await import('./format.ts');
    const journalId = new Uint8Array(16);
    const previousHash = firstHash(crypto, journalId);
    const header = encodeSegmentHeader({ journalId, segment: 0, firstSeq: 1, previousHash }, crypto);
    const record = encodeRecord(new TextEncoder().encode('{}'), []);
    record[4] = 2;
    const hash = crypto.sha256().update(previousHash).update(record).digest();
    for (const path of disk.files().keys()) await disk.remove(path);
    disk.put('/j/journal-00000000.log', Buffer.concat([header, record, hash]));
    expect(await codeOf(open(disk))).toBe('STORAGE_VERSION');
  });
});

describe('journal, cut off while nobody had been told', () => {
  it('drops the end at every length, keeps every acknowledged record, and goes on', async () => {
    const disk = simDisk();
    const journal = await open(disk);
    await journal.append({ type: 'told' });
    // As after a crash: the head still speaks of the first record, the last write is cut off at any byte.
    const before = disk.clone();
    await journal.append({ type: 'untold', exchange: EXCHANGE_A, payload: { x: 1 } });
    const path = '/j/journal-00000000.log';
    const [from, to] = [before.files().get(path)?.length ?? 0, disk.files().get(path) as Uint8Array];
    for (let length = from; length <= to.length; length++) {
      const cut = before.clone();
      cut.put(path, to.slice(0, length));
      await cut.remove('/j/lock'); // Its owner, in this process, is dead in this story.
      await using again = await open(cut);
      expect(again.head().seq, String(length)).toBe(length === to.length ? 2 : 1);
      await again.append({ type: 'next' });
      expect((await collect(again.entries())).at(-1)?.type).toBe('next');
    }
  });

  it('drops zeros and noise after the last record', async () => {
    for (const junk of [new Uint8Array(500), random.bytes(500)]) {
      const disk = simDisk();
      const journal = await open(disk);
      await journal.append({ type: 'told' });
      const path = '/j/journal-00000000.log';
      disk.put(path, Buffer.concat([disk.files().get(path) as Uint8Array, junk]));
      await disk.remove('/j/lock');
      expect(await typesOrCode(disk)).toEqual(['told']);
    }
  });
});

interface Outcome {
  readonly acknowledged: Map<number, string>;
  readonly attempted: Set<string>;
}

/** Appends, some lazily, until something fails. */
async function workload(disk: SimulatedDisk, outcome: Outcome): Promise<void> {
  const journal = await open(disk);
  try {
    for (let round = 0; round < 5; round++) {
      const appends = [0, 1, 2].map(async (i) => {
        const type = `r${outcome.attempted.size}`;
        outcome.attempted.add(type);
        const isSynced = i !== 1;
        const { seq } = await journal.append({ type, exchange: EXCHANGE_A, payload: { round, i } }, { sync: isSynced });
        if (isSynced) outcome.acknowledged.set(seq, type);
      });
      const results = await Promise.allSettled(appends);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
  } finally {
    await journal.close().catch(() => {});
  }
}

/** Opens after the fault, with all room back: every acknowledged record is there, and none that nobody wrote. */
async function expectHonest(disk: SimulatedDisk, { acknowledged, attempted }: Outcome, when: string): Promise<void> {
  await using journal = await open(disk);
  const entries = await collect(journal.entries());
  for (const [seq, type] of acknowledged) expect(entries[seq - 1]?.type, when).toBe(type);
  for (const { type } of entries) expect(attempted.has(type), when).toBe(true);
  expect(new Set(entries.map(({ type }) => type)).size, when).toBe(entries.length);
  await journal.append({ type: 'after' });
  expect((await collect(journal.entries())).at(-1)?.type, when).toBe('after');
}

async function changesOfWorkload(): Promise<number> {
  const disk = simDisk();
  await workload(disk, { acknowledged: new Map(), attempted: new Set() });
  return disk.changes;
}

describe('journal, at every call', () => {
  for (const fault of ['crash', 'failed', 'full'] as const) {
    it(`keeps what it acknowledged and invents nothing when any call is hit by: ${fault}`, async () => {
      const changes = await changesOfWorkload();
      expect(changes).toBeGreaterThan(30);
      for (let at = 0; at < changes; at++) {
        for (const seed of [0, 1, 2, 3]) {
          const disk = simDisk();
          const outcome: Outcome = { acknowledged: new Map(), attempted: new Set() };
          disk.failAfter(at, fault, seed === 0 ? () => 1 : dice(seed + at * 7));
          await workload(disk, outcome).catch(() => {});
          // A failure may be followed by a loss of power before anybody opens again.
          if (seed % 2 === 1) disk.crash(dice(seed + at));
          await expectHonest(disk, outcome, `${fault} at ${at} seed ${seed}`);
        }
      }
    });
  }

  it('acknowledges nothing that a full disk did not take, whatever the room, and works again once there is room', async () => {
    const whole = simDisk();
    await workload(whole, { acknowledged: new Map(), attempted: new Set() });
    const usedBytes = [...whole.files().values()].reduce((sum, bytes) => sum + bytes.length, 0);
    for (let capacityBytes = 0; capacityBytes < usedBytes; capacityBytes += 53) {
      const disk = simDisk({ capacityBytes });
      const outcome: Outcome = { acknowledged: new Map(), attempted: new Set() };
      expect(await codeOf(workload(disk, outcome)), String(capacityBytes)).toBe('STORAGE_FULL');
      disk.capacityBytes = 1e9;
      await expectHonest(disk, outcome, String(capacityBytes));
    }
  });

  it('keeps what it acknowledged when it crashes again while recovering', async () => {
    const disk = simDisk();
    const outcome: Outcome = { acknowledged: new Map(), attempted: new Set() };
    await workload(disk, outcome);
    const path = [...disk.files().keys()].filter((name) => name.endsWith('.log')).at(-1) as string;
    disk.put(path, Buffer.concat([disk.files().get(path) as Uint8Array, random.bytes(40)]));
    for (let at = 0; at < 20; at++) {
      const copy = disk.clone();
      copy.failAfter(at, 'crash', dice(at));
      await open(copy)
        .then((journal) => journal.close())
        .catch(() => {});
      copy.failAfter(Infinity, 'crash'); // Where all went well before its turn came.
      await expectHonest(copy, outcome, String(at));
    }
  });
});
