import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@interhosp/core/world';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  codeOf,
  collect,
  crypto,
  EXCHANGE_A,
  EXCHANGE_B,
  freshHost,
  keptLog,
  memoryKeys,
  random,
  silentLog,
  stillClock,
} from '../../test/storage/worlds.ts';
import { nodeClock } from '../world/clock.ts';
import { nodeDisk } from '../world/disk.ts';
import { simDisk, type SimulatedDisk } from '../world/simulated-disk.ts';
import { openJournal, verifyJournal, type Journal, type JournalEntry, type JournalOptions } from './index.ts';

const keys = memoryKeys(EXCHANGE_A, EXCHANGE_B);

function open(disk: JournalOptions['disk'], more: Partial<JournalOptions> = {}): Promise<Journal> {
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
    ...more,
  });
}

async function all(journal: Journal, from = 1): Promise<JournalEntry[]> {
  return await collect(journal.entries({ from }));
}

describe('journal', () => {
  let disk: SimulatedDisk;
  beforeEach(() => {
    disk = simDisk();
  });

  it('gives records back in the order of the calls, with type, time, ids and payload', async () => {
    await using journal = await open(disk);
    const appended = await Promise.all([
      journal.append({
        type: 'a.one',
        exchange: EXCHANGE_A,
        ids: { attempt: 1 },
        payload: { name: 'Ünïcode\u0301', n: 0.5 },
      }),
      journal.append({ type: 'b.two', payload: { list: [1, 2] } }),
      journal.append({ type: 'c.three' }, { sync: false }),
    ]);
    expect(appended.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    const entries = await all(journal);
    expect(
      entries.map(({ seq, type, at, exchange, ids, payload }) => ({ seq, type, at, exchange, ids, payload })),
    ).toEqual([
      {
        seq: 1,
        type: 'a.one',
        at: '2026-01-02T03:04:05Z',
        exchange: EXCHANGE_A,
        ids: { attempt: 1 },
        payload: { name: 'Ünïcode\u0301', n: 0.5 },
      },
      { seq: 2, type: 'b.two', at: '2026-01-02T03:04:05Z', exchange: undefined, ids: {}, payload: { list: [1, 2] } },
      { seq: 3, type: 'c.three', at: '2026-01-02T03:04:05Z', exchange: undefined, ids: {}, payload: undefined },
    ]);
    expect(entries.map(({ hash }) => hash)).toEqual(appended.map(({ hash }) => new Uint8Array(hash)));
  });

  it('continues the chain after it was closed and opened', async () => {
    const first = await open(disk);
    await first.append({ type: 'one' });
    await first.close();
    await using second = await open(disk);
    expect(second.head().seq).toBe(1);
    expect((await second.append({ type: 'two' })).seq).toBe(2);
    expect((await all(second)).map(({ type }) => type)).toEqual(['one', 'two']);
    expect((await verifyJournal({ disk, folder: '/j', crypto })).problem).toBeUndefined();
  });

  it('shares one sync among appends of the same moment', async () => {
    await using journal = await open(disk);
    const before = disk.changes;
    await Promise.all(Array.from({ length: 100 }, () => journal.append({ type: 'x' })));
    // One write and one sync of the segment, one write of the head.
    expect(disk.changes - before).toBe(3);
  });

  it('answers a lazy append before it is durable, and makes it durable with the next synced one', async () => {
    await using journal = await open(disk);
    await journal.append({ type: 'lazy' }, { sync: false });
    expect(journal.head().seq).toBe(0);
    await journal.append({ type: 'synced' });
    expect(journal.head().seq).toBe(2);
  });

  it('makes a lazy append durable by itself after a second', async () => {
    const waits: (() => void)[] = [];
    const clock: Clock = {
      ...stillClock(),
      sleep: (ms, options) =>
        ms === 1_000 ? new Promise((resolve) => waits.push(resolve)) : stillClock().sleep(ms, options),
    };
    await using journal = await open(disk, { clock });
    await journal.append({ type: 'lazy' }, { sync: false });
    for (const wake of waits) wake();
    while (journal.head().seq === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(journal.head().seq).toBe(1);
  });

  it('reads from any sequence, through segments', async () => {
    await using journal = await open(disk, { segmentBytes: 20_000 });
    for (let n = 0; n < 60; n++) {
      await Promise.all(Array.from({ length: 10 }, () => journal.append({ type: 'x', payload: { n } })));
    }
    expect([...disk.files().keys()].filter((path) => path.endsWith('.log')).length).toBeGreaterThan(3);
    for (const from of [1, 2, 255, 256, 257, 258, 512, 513, 599, 600]) {
      const seqs = (await all(journal, from)).map(({ seq }) => seq);
      expect(seqs).toEqual(Array.from({ length: 601 - from }, (_, index) => from + index));
    }
    expect(await all(journal, 601)).toEqual([]);
    await journal.close();
    await using again = await open(disk, { segmentBytes: 20_000 });
    expect((await all(again)).length).toBe(600);
  });

  it('shows the payloads of an erased exchange as erased, keeps those of others, and the chain still verifies', async () => {
    const mine = memoryKeys(EXCHANGE_A, EXCHANGE_B);
    const journal = await open(disk, { keys: mine });
    await journal.append({ type: 'x', exchange: EXCHANGE_A, payload: { secret: 1 } });
    await journal.append({ type: 'x', exchange: EXCHANGE_B, payload: { kept: 1 } });
    await journal.close();
    mine.erase(EXCHANGE_A);
    await using again = await open(disk, { keys: mine });
    expect((await all(again)).map(({ payload }) => payload)).toEqual(['erased', { kept: 1 }]);
    expect((await verifyJournal({ disk, folder: '/j', crypto })).records).toBe(2);
  });

  it('refuses a payload for an exchange without a key, and goes on', async () => {
    await using journal = await open(disk, { keys: memoryKeys() });
    expect(await codeOf(journal.append({ type: 'x', exchange: EXCHANGE_A, payload: {} }))).toBe('STORAGE_KEY_ERASED');
    expect((await journal.append({ type: 'closed', exchange: EXCHANGE_A })).seq).toBe(1);
  });

  it('refuses clear fields that a log may not carry, and record types that are no literal', async () => {
    await using journal = await open(disk);
    await expect(journal.append({ type: 'x', ids: { member: 'Janssens, Marie' } })).rejects.toThrow(TypeError);
    await expect(journal.append({ type: 'x', ids: { patientName: 'x' } as object })).rejects.toThrow(TypeError);
    await expect(journal.append({ type: 'x', ids: { seq: 7 } as object })).rejects.toThrow(TypeError);
    await expect(journal.append({ type: 'has space' })).rejects.toThrow(TypeError);
    expect((await journal.append({ type: 'x', ids: { member: 'be-chu-liege' } })).seq).toBe(1);
  });

  it('takes a record of the largest size and refuses one above it, without harm to the next', async () => {
    await using journal = await open(disk);
    const roomBytes = 16 * 1024 * 1024 - 200;
    await expect(journal.append({ type: 'x', payload: { p: 'x'.repeat(roomBytes + 200) } })).rejects.toThrow(
      RangeError,
    );
    expect((await journal.append({ type: 'x', payload: { p: 'x'.repeat(roomBytes) } })).seq).toBe(1);
    expect((await all(journal)).length).toBe(1);
  });

  it('takes nothing more after a failed write, and says so again and again', async () => {
    const journal = await open(disk);
    disk.failAfter(0, 'failed');
    expect(await codeOf(journal.append({ type: 'x' }))).toBe('STORAGE_FAILED');
    expect(await codeOf(journal.append({ type: 'x' }))).toBe('STORAGE_FAILED');
    expect(await codeOf(journal.append({ type: 'x' }, { sync: false }))).toBe('STORAGE_FAILED');
    await journal.close();
    expect(await codeOf(journal.append({ type: 'x' }))).toBe('STORAGE_FAILED');
    await using again = await open(disk);
    await again.append({ type: 'y' });
    expect((await all(again)).at(-1)?.type).toBe('y');
  });

  it('does not believe a sync that follows a failed one: records kept on reopening survive a loss of power', async () => {
    const journal = await open(disk);
    disk.failAfter(1, 'failed'); // The write succeeds, the sync fails, the bytes read back.
    expect(await codeOf(journal.append({ type: 'x' }))).toBe('STORAGE_FAILED');
    await journal.close();
    const again = await open(disk);
    const kept = again.head().seq;
    disk.crash();
    await using last = await open(disk);
    expect(last.head().seq).toBe(kept);
  });

  it('frees its reserve on a full disk, so that the record is still taken', async () => {
    const log = keptLog();
    await using journal = await open(disk, { reserveBytes: 10_000, log });
    disk.capacityBytes = [...disk.files().values()].reduce((sum, bytes) => sum + bytes.length, 0);
    await journal.append({ type: 'receipt' });
    expect(log.lines.map(({ event }) => event)).toContain('journal.reserve-freed');
    expect((await all(journal)).length).toBe(1);
  });

  it('takes no reserve where that would itself fill the disk', async () => {
    disk.capacityBytes = 60_000;
    await using journal = await open(disk, { reserveBytes: 20_000 });
    await journal.append({ type: 'x' });
    expect(disk.files().has('/j/reserve')).toBe(false);
  });

  it('is full, not failed, when there is no room, and works again once there is', async () => {
    const journal = await open(disk);
    disk.capacityBytes = 0;
    expect(await codeOf(journal.append({ type: 'x' }))).toBe('STORAGE_FULL');
    expect(await codeOf(journal.append({ type: 'x' }))).toBe('STORAGE_FULL');
    await journal.close();
    disk.capacityBytes = 1e9;
    await using again = await open(disk);
    expect(await codeOf(again.append({ type: 'y' }))).toBeUndefined();
  });
});

describe('journal on a real disk', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'journal-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is locked for a second writer, and free again after closing', async () => {
    const base = {
      disk: nodeDisk(),
      crypto,
      random,
      keys,
      log: silentLog,
      reserveBytes: 0,
      folder,
      clock: nodeClock(),
    };
    const journal = await openJournal(base);
    expect(await codeOf(openJournal(base))).toBe('STORAGE_LOCKED');
    await journal.append({ type: 'x' });
    await journal.close();
    await using again = await openJournal(base);
    expect(again.head().seq).toBe(1);
  });

  it('leaves no patient text in any file', async () => {
    const journal = await open(nodeDisk(), { folder });
    const canary = 'ZZCANARYPATIENT';
    await journal.append({ type: 'x', exchange: EXCHANGE_A, payload: { name: canary } });
    await journal.append({ type: 'x', payload: { name: canary } });
    await journal.close();
    for (const path of await nodeDisk().list(folder)) {
      expect((await readFile(join(folder, path))).includes(canary)).toBe(false);
    }
  });
});
