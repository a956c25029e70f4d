import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExchangeId } from '@interhosp/core/study';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  codeOf,
  collect,
  crypto,
  EXCHANGE_A,
  EXCHANGE_B,
  freshHost,
  memoryKeys,
  random,
  silentLog,
  stillClock,
} from '../../test/storage/worlds.ts';
import { openJournal, type Journal } from '../journal/index.ts';
import { simDisk, type SimulatedDisk } from '../world/simulated-disk.ts';
import { catchUpStore, openStore, rebuildStore, storeKey, type Projection, type Store } from './index.ts';

const log = silentLog;
const keys = memoryKeys(EXCHANGE_A, EXCHANGE_B);

/** Counts what happened to each exchange, and keeps the last name that was seen. */
const jobs: Projection = {
  name: 'jobs',
  version: 1,
  async apply({ type, exchange, payload, seq }, batch) {
    if (exchange === undefined) return;
    const key = storeKey('job', exchange);
    if (type === 'closed') return batch.delete(key);
    const before = (await batch.get(key)) as { count: number } | undefined;
    const name = payload === undefined || payload === 'erased' ? undefined : payload['name'];
    batch.put(key, { count: (before?.count ?? 0) + 1, seq, name }, { exchange });
  },
};

describe('store', () => {
  let root: string;
  let folder: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'store-'));
    folder = join(root, 'index');
  });
  afterEach(() => rm(root, { recursive: true }));

  const open = (more = keys): Promise<Store> => openStore({ folder, crypto, random, keys: more, log });
  const openLog = (disk: SimulatedDisk): Promise<Journal> =>
    openJournal({
      disk,
      folder: '/j',
      crypto,
      random,
      clock: stillClock(),
      keys,
      log,
      host: freshHost(),
      reserveBytes: 0,
    });
  const content = async (store: Store): Promise<unknown[]> =>
    (await collect(store.iterate('job!'))).map(({ value }) => value);

  it('gives values back, lists them by prefix in order, forwards, backwards and by page', async () => {
    await using store = await open();
    await store.write([
      ...[3, 1, 2].map((n) => ({ kind: 'put', key: `job!${n}`, value: { n } }) as const),
      { kind: 'put', key: 'work!1', value: 'w' },
      { kind: 'put', key: 'job!4', value: 4 },
      { kind: 'delete', key: 'job!4' },
    ]);
    const listed = async (options: object): Promise<string[]> =>
      (await collect(store.iterate('job!', options))).map(({ key }) => key);
    expect(await store.get('job!2')).toEqual({ n: 2 });
    expect(await store.get('job!4')).toBeUndefined();
    expect(await listed({})).toEqual(['job!1', 'job!2', 'job!3']);
    expect(await listed({ reverse: true })).toEqual(['job!3', 'job!2', 'job!1']);
    expect(await listed({ limit: 2 })).toEqual(['job!1', 'job!2']);
    expect(await listed({ after: 'job!1' })).toEqual(['job!2', 'job!3']);
    expect(await listed({ after: 'job!3', reverse: true })).toEqual(['job!2', 'job!1']);
    expect(await collect(store.iterate('none!'))).toEqual([]);
  });

  it('refuses keys that sort oddly or belong to itself', async () => {
    await using store = await open();
    for (const key of ['job!a b', 'job!é', 'job!~', 'Job!1', 'job', `job!${'x'.repeat(253)}`, 'meta!position']) {
      await expect(store.write([{ kind: 'put', key, value: 1 }]), key).rejects.toThrow(TypeError);
    }
    await store.write([{ kind: 'put', key: `job!${'x'.repeat(252)}`, value: 1 }]);
    expect((await collect(store.iterate('job!'))).length).toBe(1);
  });

  it('loses the values of an exchange with its key, and only those', async () => {
    const mine = memoryKeys(EXCHANGE_A, EXCHANGE_B);
    await using store = await open(mine);
    await store.write([
      { kind: 'put', key: 'job!a', value: 1, exchange: EXCHANGE_A },
      { kind: 'put', key: 'job!b', value: 2, exchange: EXCHANGE_B },
    ]);
    mine.erase(EXCHANGE_A);
    expect(await store.get('job!a')).toBeUndefined();
    expect(await content(store)).toEqual([2]);
    expect(await store.isIntact()).toBe(true);
    // A projection that comes by once more does no harm.
    await store.write([{ kind: 'put', key: 'job!a', value: 1, exchange: EXCHANGE_A }]);
    expect(await store.isIntact()).toBe(true);
  });

  it('leaves no text of a value in any file, and gives stand-ins for texts that keys would need', async () => {
    const store = await open();
    expect(store.pseudonym('ZZCANARY')).toMatch(/^[0-9a-f]{32}$/);
    expect(store.pseudonym('ZZCANARY')).toBe(store.pseudonym('ZZCANARY'));
    expect(store.pseudonym('other')).not.toBe(store.pseudonym('ZZCANARY'));
    for (let n = 0; n < 50; n++) await store.write([{ kind: 'put', key: `job!${n}`, value: 'ZZCANARYPATIENT' }]);
    await store.close();
    for (const name of await readdir(folder)) {
      expect((await readFile(join(folder, name))).includes('CANARY'), name).toBe(false);
    }
  });

  it('is locked for a second opener', async () => {
    await using store = await open();
    expect(await codeOf(open())).toBe('STORAGE_LOCKED');
    expect(await store.get('job!x')).toBeUndefined();
  });

  it('follows the journal: from nothing, by the new records only, and again after a restart', async () => {
    const disk = simDisk();
    await using journal = await openLog(disk);
    let store = await open();
    expect(await catchUpStore(store, journal, [jobs], { log })).toEqual({ records: 0, rebuilt: 'empty' });
    await journal.append({ type: 'a', exchange: EXCHANGE_A, payload: { name: 'n1' } });
    await journal.append({ type: 'a', exchange: EXCHANGE_B, payload: { name: 'n2' } });
    expect(await catchUpStore(store, journal, [jobs], { log })).toEqual({ records: 2, rebuilt: undefined });
    await journal.append({ type: 'b', exchange: EXCHANGE_A, payload: { name: 'n3' } });
    await store.close();
    store = await open();
    expect(await catchUpStore(store, journal, [jobs], { log, verify: true })).toEqual({
      records: 1,
      rebuilt: undefined,
    });
    expect(await content(store)).toEqual([
      { count: 2, seq: 3, name: 'n3' },
      { count: 1, seq: 2, name: 'n2' },
    ]);
    await journal.append({ type: 'closed', exchange: EXCHANGE_A });
    const twice = [catchUpStore(store, journal, [jobs], { log }), catchUpStore(store, journal, [jobs], { log })];
    expect((await Promise.all(twice)).map(({ records }) => records)).toEqual([1, 0]);
    expect((await content(store)).length).toBe(1);
    await store.close();
  });

  it('is the same after a rebuild as after following along, through many batches', async () => {
    const disk = simDisk();
    await using journal = await openLog(disk);
    await using store = await open();
    const exchanges = [EXCHANGE_A, EXCHANGE_B];
    for (let n = 0; n < 1_203; n++) {
      void journal.append({ type: 'x', exchange: exchanges[n % 2] as ExchangeId, payload: { name: `n${n}` } });
      if (n % 400 === 0) await catchUpStore(store, journal, [jobs], { log });
    }
    await catchUpStore(store, journal, [jobs], { log });
    const followed = await content(store);
    const seen: number[] = [];
    expect(await rebuildStore(store, journal, [jobs], { onProgress: (seq) => seen.push(seq) })).toBe(1_203);
    expect(seen).toEqual([500, 1_000]);
    expect(await content(store)).toEqual(followed);
    expect(followed[0]).toMatchObject({ count: 602 });
  });

  it('is rebuilt for another journal, a journal that went on otherwise, and other projections', async () => {
    const [disk, otherDisk] = [simDisk(), simDisk()];
    let journal = await openLog(disk);
    await journal.append({ type: 'x', exchange: EXCHANGE_A });
    await journal.close();
    const backup = disk.clone();
    journal = await openLog(disk);
    await journal.append({ type: 'x', exchange: EXCHANGE_A });
    await using store = await open();
    await catchUpStore(store, journal, [jobs], { log });
    await using other = await openLog(otherDisk);
    await using restored = await openLog(backup);
    const rebuilt = async (of: Journal, projections = [jobs]): Promise<string | undefined> =>
      (await catchUpStore(store, of, projections, { log })).rebuilt;
    expect(await rebuilt(journal)).toBeUndefined();
    expect(await rebuilt(restored)).toBe('other-journal');
    expect(await rebuilt(journal)).toBeUndefined();
    await restored.append({ type: 'y', exchange: EXCHANGE_B });
    expect(await rebuilt(restored)).toBe('other-journal');
    expect(await rebuilt(other)).toBe('other-journal');
    expect(await content(store)).toEqual([]);
    expect(await rebuilt(other, [{ ...jobs, version: 2 }])).toBe('other-projections');
    await journal.close();
  });

  it('starts again after a rebuild that was cut off', async () => {
    await using journal = await openLog(simDisk());
    for (let n = 0; n < 3; n++) await journal.append({ type: 'x', exchange: EXCHANGE_A });
    await using store = await open();
    await catchUpStore(store, journal, [jobs], { log });
    await store.clear();
    expect(await catchUpStore(store, journal, [jobs], { log })).toEqual({ records: 3, rebuilt: 'empty' });
  });

  it('notices a value that is gone, altered, older or under another key, and is rebuilt', async () => {
    await using journal = await openLog(simDisk());
    for (const exchange of [EXCHANGE_A, EXCHANGE_B])
      await journal.append({ type: 'x', exchange, payload: { name: 'n' } });
    const keyA = storeKey('job', EXCHANGE_A);
    const keyB = storeKey('job', EXCHANGE_B);
    let store = await open();
    await catchUpStore(store, journal, [jobs], { log });
    const expected = await content(store);
    await store.write([{ kind: 'put', key: keyA, value: 'other' }]);
    const older = await withLevel((level) => level.get(keyA));
    await store.close();
    store = await open();
    await rebuildStore(store, journal, [jobs]);

    type Harm = (level: Level<string, Uint8Array>) => Promise<unknown>;
    const harms: Harm[] = [
      (level) => level.del(keyA),
      (level) => level.put(keyA, older),
      async (level) => level.put(keyA, await level.get(keyB)),
      async (level) => {
        const bytes = Buffer.from(await level.get(keyA));
        bytes[40] = (bytes[40] as number) ^ 1;
        await level.put(keyA, bytes);
      },
      (level) => level.put(keyA, new Uint8Array()),
    ];
    for (const [index, harm] of harms.entries()) {
      await store.close();
      await withLevel(harm);
      store = await open();
      if (index > 1) expect(await codeOf(store.get(keyA)), String(index)).toBe('STORAGE_INDEX_DAMAGED');
      const { rebuilt } = await catchUpStore(store, journal, [jobs], { log, verify: true });
      expect(rebuilt, String(index)).toBe('damaged');
      expect(await content(store)).toEqual(expected);
    }
    await store.close();

    async function withLevel<T>(work: (level: Level<string, Uint8Array>) => Promise<T>): Promise<T> {
      await store.close();
      const level = new Level<string, Uint8Array>(folder, { valueEncoding: 'view' });
      try {
        return await work(level);
      } finally {
        await level.close();
      }
    }
  });

  it('reads as it should or says that it does not, whatever byte of its files is flipped', async () => {
    await using journal = await openLog(simDisk());
    let store = await open();
    for (let n = 0; n < 12; n++) {
      await journal.append({ type: 'x', exchange: n % 2 === 0 ? EXCHANGE_A : EXCHANGE_B, payload: { name: `n${n}` } });
      await catchUpStore(store, journal, [jobs], { log });
      // A reopening turns the log into a table file, so that both are flipped.
      if (n === 6) {
        await store.close();
        store = await open();
      }
    }
    const expected = await content(store);
    await store.close();
    const original = join(root, 'original');
    await cp(folder, original, { recursive: true });
    let distrusted = 0;
    let flips = 0;
    for (const name of await readdir(original)) {
      if (name === 'LOCK' || name.startsWith('LOG')) continue;
      const bytes = await readFile(join(original, name));
      for (let at = 0; at < bytes.length; at += Math.max(1, Math.ceil(bytes.length / 70))) {
        await rm(folder, { recursive: true });
        await cp(original, folder, { recursive: true });
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
        await writeFile(join(folder, name), flipped);
        const again = await openStore({ folder, crypto, random, keys, log });
        const { rebuilt, records } = await catchUpStore(again, journal, [jobs], { log, verify: true });
        distrusted += rebuilt !== undefined || records > 0 ? 1 : 0;
        flips += 1;
        expect(await content(again), `${name} ${at}`).toEqual(expected);
        await again.close();
      }
    }
    // Most flips must have mattered, or this shows nothing.
    expect(distrusted).toBeGreaterThan(flips / 3);
  });
});
