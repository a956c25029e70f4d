import { blocksOf, leafDigest, merkleRoot, type InstanceEntry, type Segment } from '@interhosp/core/study';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  codeOf,
  crypto,
  dice,
  EXCHANGE_A,
  EXCHANGE_B,
  keptLog,
  memoryKeys,
  random,
  seededRandom,
  silentLog,
} from '../../test/storage/worlds.ts';
import { simDisk, type SimulatedDisk } from '../world/simulated-disk.ts';
import { openSpool, type Pack, type Spool, type SpoolOptions } from './index.ts';

const keys = memoryKeys(EXCHANGE_A, EXCHANGE_B);

function open(disk: SpoolOptions['disk'], more: Partial<SpoolOptions> = {}): Promise<Spool> {
  return openSpool({ disk, folder: '/s', crypto, random, keys, log: silentLog, lowWaterBytes: 0, ...more });
}

interface Made {
  readonly entry: InstanceEntry;
  readonly bytes: Uint8Array;
  readonly blocks: readonly Uint8Array[];
}

function make(seed: number, ...lengths: number[]): Made {
  const segments = lengths.map((lengthBytes, index): Segment => ({
    kind: index === 0 ? 'header' : 'pixel',
    lengthBytes,
  }));
  const lengthBytes = lengths.reduce((sum, length) => sum + length, 0);
  const bytes = seededRandom(seed).bytes(lengthBytes);
  const blocks = blocksOf(segments).map((block) => bytes.subarray(block.offset, block.offset + block.lengthBytes));
  const blockDigests = blocks.map((block) => leafDigest(crypto, block));
  const uid = `1.2.${seed}` as InstanceEntry['sopInstanceUid'];
  const entry = {
    studyInstanceUid: uid,
    seriesInstanceUid: uid,
    sopInstanceUid: uid,
    sopClassUid: uid,
    transferSyntaxUid: uid,
    lengthBytes,
    segments,
    blockDigests,
    digest: merkleRoot(crypto, blockDigests),
  };
  return { entry, bytes, blocks };
}

async function add(pack: Pack, ordinal: number, { entry, blocks }: Made): Promise<void> {
  for (const [index, block] of blocks.entries()) await pack.writeBlock(ordinal, index, block);
  await pack.declareInstance(ordinal, entry);
}

/** All durable blocks as `ordinal/index`, each read back and compared. */
async function durable(pack: Pack, made: readonly Made[]): Promise<string[]> {
  const found: string[] = [];
  for (const [ordinal, { blocks }] of made.entries()) {
    for (const { first, count } of pack.have(ordinal)) {
      for (let index = first; index < first + count; index++) {
        expect(Buffer.compare(await pack.readBlock(ordinal, index), blocks[index] as Uint8Array)).toBe(0);
        found.push(`${ordinal}/${index}`);
      }
    }
  }
  return found;
}

function packFile(disk: SimulatedDisk): [string, Uint8Array] {
  const found = [...disk.files()].filter(([path]) => path.startsWith('/s/') && !path.endsWith('.new'));
  expect(found.length).toBe(1);
  return found[0] as [string, Uint8Array];
}

describe('spool', () => {
  let disk: SimulatedDisk;
  let spool: Spool;
  beforeEach(async () => {
    disk = simDisk();
    spool = await open(disk);
  });

  it('gives blocks, entries and the seal back after closing and opening', async () => {
    const made = [make(1, 100, 5000), make(2, 70), make(3)];
    const pack = await spool.create(EXCHANGE_A);
    for (const [ordinal, one] of made.entries()) await add(pack, ordinal, one);
    await pack.seal(Buffer.from('manifest'));
    await spool.close();
    spool = await open(disk);
    expect(spool.list()).toEqual([EXCHANGE_A]);
    const again = await spool.open(EXCHANGE_A);
    expect(again.instances().map(({ ordinal, isComplete }) => [ordinal, isComplete])).toEqual([
      [0, true],
      [1, true],
      [2, true],
    ]);
    expect(again.instances().map(({ entry }) => ({ ...entry }))).toEqual(made.map(({ entry }) => entry));
    expect(await durable(again, made)).toEqual(['0/0', '0/1', '1/0']);
    expect(Buffer.from((await again.sealed()) ?? []).toString()).toBe('manifest');
  });

  it('lists a block as had only once it was synced', async () => {
    const pack = await spool.create(EXCHANGE_A);
    const one = make(1, 3 * 1_048_576 + 5);
    await pack.writeBlock(0, 0, one.blocks[0] as Uint8Array);
    await pack.writeBlock(0, 2, one.blocks[2] as Uint8Array);
    await pack.writeBlock(0, 3, one.blocks[3] as Uint8Array);
    expect(pack.have(0)).toEqual([]);
    await pack.sync();
    expect(pack.have(0)).toEqual([
      { first: 0, count: 1 },
      { first: 2, count: 2 },
    ]);
  });

  it('reads a block that is still on its way to the disk', async () => {
    const pack = await spool.create(EXCHANGE_A);
    const one = make(1, 500);
    const writing = pack.writeBlock(0, 0, one.blocks[0] as Uint8Array);
    expect(Buffer.compare(await pack.readBlock(0, 0), one.bytes)).toBe(0);
    await writing;
  });

  it('does not write a block twice', async () => {
    const pack = await spool.create(EXCHANGE_A);
    await pack.writeBlock(0, 0, Buffer.alloc(1000));
    const { sizeBytes } = pack;
    await pack.writeBlock(0, 0, Buffer.alloc(1000));
    expect(pack.sizeBytes).toBe(sizeBytes);
  });

  it('makes one sync of many calls at once', async () => {
    const pack = await spool.create(EXCHANGE_A);
    const before = disk.changes;
    for (let index = 0; index < 50; index++) await pack.writeBlock(0, index, Buffer.alloc(100));
    await Promise.all(Array.from({ length: 20 }, () => pack.sync()));
    expect(disk.changes - before).toBeLessThan(60);
    const syncs = disk.changes;
    await pack.sync();
    expect(disk.changes).toBe(syncs);
  });

  it('drops the blocks of an instance that was never declared, and never gives its ordinal out again', async () => {
    const pack = await spool.create(EXCHANGE_A);
    await add(pack, pack.beginInstance(), make(1, 100));
    const undeclared = pack.beginInstance();
    await pack.writeBlock(undeclared, 0, Buffer.alloc(10));
    await pack.sync();
    await pack.close();
    const again = await spool.open(EXCHANGE_A);
    expect(again.instances().length).toBe(1);
    expect(again.have(undeclared)).toEqual([]);
    expect(again.beginInstance()).toBe(undeclared + 1);
  });

  it('forgets a discarded instance at once, and refuses to discard a declared one', async () => {
    const pack = await spool.create(EXCHANGE_A);
    const ordinal = pack.beginInstance();
    await pack.writeBlock(ordinal, 0, Buffer.alloc(10));
    pack.discardInstance(ordinal);
    await pack.sync();
    expect(pack.have(ordinal)).toEqual([]);
    expect(pack.beginInstance()).toBe(ordinal + 1);
    await add(pack, 7, make(1, 100));
    expect(() => pack.discardInstance(7)).toThrow(TypeError);
  });

  it('refuses entries and blocks that contradict one another', async () => {
    const pack = await spool.create(EXCHANGE_A);
    const one = make(1, 100, 50);
    await pack.declareInstance(0, one.entry);
    await pack.declareInstance(0, { ...one.entry });
    const other = make(2, 100, 50).entry;
    expect(await codeOf(pack.declareInstance(0, other))).toBe('TRANSFER_PROTOCOL');
    expect(await codeOf(pack.declareInstance(1, { ...other, lengthBytes: 151 }))).toBe('TRANSFER_PROTOCOL');
    expect(await codeOf(pack.declareInstance(1, { ...other, blockDigests: [] }))).toBe('TRANSFER_PROTOCOL');
    expect(
      await codeOf(
        pack.declareInstance(1, {
          ...other,
          lengthBytes: 2 ** 43,
          segments: [{ kind: 'pixel', lengthBytes: 2 ** 43 }],
        }),
      ),
    ).toBe('TRANSFER_LIMIT');
    expect(await codeOf(pack.writeBlock(0, 0, Buffer.alloc(99)))).toBe('TRANSFER_PROTOCOL');
    expect(await codeOf(pack.writeBlock(0, 2, Buffer.alloc(50)))).toBe('TRANSFER_PROTOCOL');
    expect(await codeOf(pack.writeBlock(2, 0, Buffer.alloc(0)))).toBe('TRANSFER_PROTOCOL');
    expect(await codeOf(pack.writeBlock(2, 0, Buffer.alloc(1_048_577)))).toBe('TRANSFER_PROTOCOL');
    expect(await codeOf(pack.writeBlock(2, 5_000_000, Buffer.alloc(1)))).toBe('TRANSFER_LIMIT');
    expect(await codeOf(pack.writeBlock(1_000_001, 0, Buffer.alloc(1)))).toBe('TRANSFER_LIMIT');
    await pack.writeBlock(3, 0, Buffer.alloc(99));
    expect(await codeOf(pack.declareInstance(3, other))).toBe('TRANSFER_PROTOCOL');
    await pack.seal(Buffer.from('a'));
    await pack.seal(Buffer.from('a'));
    expect(await codeOf(pack.seal(Buffer.from('b')))).toBe('TRANSFER_PROTOCOL');
  });

  it('takes an entry of the largest study and a block of the largest size', async () => {
    const pack = await spool.create(EXCHANGE_A);
    const one = make(1, 1_048_576);
    await add(pack, 1_000_000, one);
    await pack.sync();
    expect(pack.instances()[0]?.isComplete).toBe(true);
  });

  it('serves an instance as bytes at any offset, across blocks and segments', async () => {
    const one = make(1, 1000, 2 * 1_048_576 + 10, 7);
    const pack = await spool.create(EXCHANGE_A);
    await add(pack, 0, one);
    const source = pack.source(0);
    expect(source.lengthBytes).toBe(one.bytes.length);
    const edges = [
      0, 1, 999, 1000, 1001, 1_049_575, 1_049_576, 2_098_151, 2_098_152, 2_098_162, 2_098_168, 2_098_169, 3_000_000,
    ];
    for (const from of edges) {
      for (const length of [0, 1, 10, 1_048_576, 5_000_000]) {
        const bytes = await source.read(from, length);
        expect(Buffer.compare(bytes, one.bytes.subarray(from, from + length)), `${from} ${length}`).toBe(0);
      }
    }
  });

  it('removes a pack for good, and has none for an exchange whose key is erased', async () => {
    const mine = memoryKeys(EXCHANGE_A);
    spool = await open(disk, { keys: mine });
    await (await spool.create(EXCHANGE_A)).sync();
    mine.erase(EXCHANGE_A);
    await spool.close();
    expect(await codeOf(spool.open(EXCHANGE_A))).toBe('STORAGE_KEY_ERASED');
    await spool.remove(EXCHANGE_A);
    await spool.remove(EXCHANGE_A);
    expect(disk.files().size).toBe(0);
    expect(await codeOf(spool.open(EXCHANGE_A))).toBe('STORAGE_PACK_DAMAGED');
    expect(await codeOf(spool.create(EXCHANGE_A))).toBe('STORAGE_KEY_ERASED');
  });

  it('makes one pack for an exchange however often it is asked', async () => {
    const packs = await Promise.all([spool.create(EXCHANGE_A), spool.create(EXCHANGE_A), spool.open(EXCHANGE_A)]);
    expect(new Set(packs).size).toBe(1);
    expect(disk.files().size).toBe(1);
  });

  it('keeps room for what was admitted, above the low-water mark', async () => {
    disk.capacityBytes = 100_000;
    spool = await open(disk, { lowWaterBytes: 10_000 });
    expect(await codeOf(spool.reserve(EXCHANGE_A, 82_000))).toBe('STORAGE_FULL');
    await spool.reserve(EXCHANGE_A, 40_000);
    expect(await codeOf(spool.reserve(EXCHANGE_B, 42_000))).toBe('STORAGE_FULL');
    await spool.reserve(EXCHANGE_B, 41_000);
    await spool.reserve(EXCHANGE_A, 20_000);
    // What has arrived is no longer to come: it is not counted twice.
    const pack = await spool.create(EXCHANGE_A);
    await pack.writeBlock(0, 0, Buffer.alloc(10_000));
    await pack.sync();
    await spool.reserve(EXCHANGE_B, 60_000);
    await spool.remove(EXCHANGE_A);
    await spool.reserve(EXCHANGE_B, 81_000);
  });

  it('leaves no text of a block, an entry or a seal in any file', async () => {
    const pack = await spool.create(EXCHANGE_A);
    await pack.writeBlock(0, 0, Buffer.from('ZZCANARYPATIENT'.repeat(10)));
    await pack.seal(Buffer.from('ZZCANARYPATIENT'));
    await pack.close();
    for (const [path, bytes] of disk.files()) {
      expect(path).not.toContain(EXCHANGE_A);
      expect(Buffer.from(bytes).includes('CANARY')).toBe(false);
    }
  });
});

describe('pack, damaged', () => {
  const made = [make(1, 90, 200), make(2, 40), make(3, 64)];

  async function smallPack(marks = false): Promise<SimulatedDisk> {
    const disk = simDisk();
    const spool = await open(disk);
    const pack = await spool.create(EXCHANGE_A);
    for (const [ordinal, one] of made.entries()) {
      await add(pack, ordinal, one);
      if (marks) {
        // Enough bytes for a mark before the next record.
        await pack.writeBlock(10 + ordinal, 0, Buffer.alloc(1_048_576));
        await pack.sync();
      }
    }
    await pack.seal(Buffer.from('manifest'));
    await spool.close();
    return disk;
  }

  /** Opens, reads everything, and says what is missing; anything that reads must be right. */
  async function missingAfter(disk: SimulatedDisk): Promise<string[]> {
    await using spool = await open(disk);
    if (spool.unreadable().length > 0) return ['pack'];
    const pack = await spool.open(EXCHANGE_A);
    const missing: string[] = [];
    for (const [ordinal, { blocks, entry }] of made.entries()) {
      const declared = pack.instances().find((instance) => instance.ordinal === ordinal);
      if (declared === undefined) missing.push(`${ordinal}`);
      else expect({ ...declared.entry }).toEqual(entry);
      for (const [index, block] of blocks.entries()) {
        const code = await codeOf(
          pack.readBlock(ordinal, index).then((bytes) => expect(Buffer.compare(bytes, block)).toBe(0)),
        );
        if (code === 'STORAGE_PACK_DAMAGED') missing.push(`${ordinal}/${index}`);
        else expect(code).toBeUndefined();
      }
    }
    if ((await pack.sealed()) === undefined) missing.push('seal');
    // What is missing can be fetched again, and is then there for good.
    for (const [ordinal, one] of made.entries()) await add(pack, ordinal, one);
    await pack.seal(Buffer.from('manifest'));
    expect((await durable(pack, made)).length).toBe(4);
    return missing;
  }

  it('notices every flipped byte, keeps all other records, and takes the lost one again', async () => {
    const disk = await smallPack();
    const [path, bytes] = packFile(disk);
    // All of the records, both copies of the header, and a sample of the zeros around them.
    const offsets = [...bytes.keys()].filter((at) => at >= 8192 || at % 4096 < 90 || at % 199 === 0);
    for (const at of offsets) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      const damaged = disk.clone();
      damaged.put(path, flipped);
      const missing = await missingAfter(damaged);
      // A flipped byte costs one record; an instance without its entry takes its blocks with it.
      const instances = new Set(missing.map((name) => name.split('/')[0]));
      expect(instances.size, String(at)).toBe(at < 8192 ? 0 : 1);
    }
  });

  it('finds records behind a damaged length that a mark vouches for', async () => {
    const disk = await smallPack(true);
    const [path, bytes] = packFile(disk);
    for (let at = 8192; at < 8192 + 32; at++) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] as number) ^ 0x01;
      const damaged = disk.clone();
      damaged.put(path, flipped);
      expect(await missingAfter(damaged), String(at)).toEqual(['0/0']);
    }
  });

  it('says that a pack is unreadable when both copies of its header are gone', async () => {
    const disk = await smallPack();
    const [path, bytes] = packFile(disk);
    const flipped = bytes.slice();
    flipped[20] = 1;
    flipped[4116] = 1;
    disk.put(path, flipped);
    expect(await missingAfter(disk)).toEqual(['pack']);
    expect(disk.files().size).toBe(1);
  });

  it('notices two blocks that changed places, within an exchange and between two', async () => {
    const disk = simDisk();
    const spool = await open(disk);
    const places: { path: string; at: number }[] = [];
    for (const exchange of [EXCHANGE_A, EXCHANGE_B]) {
      const before = new Set(disk.files().keys());
      const pack = await spool.create(exchange);
      const path = [...disk.files().keys()].find((name) => !before.has(name)) as string;
      await pack.writeBlock(0, 0, Buffer.alloc(100, 1));
      await pack.writeBlock(0, 1, Buffer.alloc(100, 2));
      await pack.declareInstance(0, undeclaredOf(Buffer.alloc(100, 1), Buffer.alloc(100, 2)));
      await pack.sync();
      places.push({ path, at: 8192 }, { path, at: 8192 + 148 });
    }
    await spool.close();
    for (const [from, to] of [
      [0, 1],
      [0, 2],
      [2, 1],
      [3, 2],
    ] as const) {
      const swapped = disk.clone();
      const [a, b] = [places[from], places[to]] as [{ path: string; at: number }, { path: string; at: number }];
      // The whole record, and the record under the header that belongs there.
      for (const skip of [0, 20]) {
        const source = disk.files().get(a.path) as Uint8Array;
        const target = disk.files().get(b.path) as Uint8Array;
        target.set(source.subarray(a.at + skip, a.at + 148), b.at + skip);
        swapped.put(b.path, target);
        await using again = await open(swapped);
        const exchange = to < 2 ? EXCHANGE_A : EXCHANGE_B;
        const pack = await again.open(exchange);
        expect(await codeOf(pack.readBlock(0, to % 2))).toBe('STORAGE_PACK_DAMAGED');
      }
    }
  });

  it('keeps every whole record when cut at any byte, and goes on', async () => {
    const disk = await smallPack();
    const [path, bytes] = packFile(disk);
    for (let length = 8192; length < bytes.length; length += 3) {
      const cut = disk.clone();
      cut.put(path, bytes.slice(0, length));
      const missing = await missingAfter(cut);
      expect(missing, String(length)).toContain('seal');
      expect(missing.length).toBeGreaterThan(0);
    }
  });
});

function undeclaredOf(...blocks: Uint8Array[]): InstanceEntry {
  const blockDigests = blocks.map((block) => leafDigest(crypto, block));
  const segments = blocks.map((block, index): Segment => ({
    kind: index === 0 ? 'header' : 'pixel',
    lengthBytes: block.length,
  }));
  const { entry } = make(1, ...blocks.map(({ length }) => length));
  return { ...entry, segments, blockDigests, digest: merkleRoot(crypto, blockDigests) };
}

describe('spool, at every call', () => {
  const made = [make(1, 300, 700), make(2, 900), make(3, 50, 50)];

  /** Writes with a sync after each instance; fills `synced` with what was promised. */
  async function workload(disk: SimulatedDisk, synced: Set<string>): Promise<void> {
    const spool = await open(disk);
    try {
      const pack = await spool.create(EXCHANGE_A);
      for (const [ordinal, one] of made.entries()) {
        await add(pack, ordinal, one);
        await pack.sync();
        for (const index of one.blocks.keys()) synced.add(`${ordinal}/${index}`);
      }
      await pack.seal(Buffer.from('manifest'));
      synced.add('seal');
    } finally {
      await spool.close().catch(() => {});
    }
  }

  async function expectHonest(disk: SimulatedDisk, synced: ReadonlySet<string>, when: string): Promise<void> {
    await using spool = await open(disk);
    expect(spool.unreadable(), when).toEqual([]);
    const pack = await spool.create(EXCHANGE_A);
    const found = await durable(pack, made);
    if ((await pack.sealed()) !== undefined) found.push('seal');
    for (const name of synced) expect(found, when).toContain(name);
    for (const [ordinal, one] of made.entries()) await add(pack, ordinal, one);
    await pack.seal(Buffer.from('manifest'));
    expect((await durable(pack, made)).length, when).toBe(5);
  }

  for (const fault of ['crash', 'failed', 'full'] as const) {
    it(`keeps what it promised, and goes on, when any call is hit by: ${fault}`, async () => {
      const whole = simDisk();
      await workload(whole, new Set());
      expect(whole.changes).toBeGreaterThan(10);
      for (let at = 0; at < whole.changes; at++) {
        for (const seed of [0, 1, 2, 3, 4, 5]) {
          const disk = simDisk();
          const synced = new Set<string>();
          disk.failAfter(at, fault, seed === 0 ? () => 1 : dice(seed + at * 7));
          await workload(disk, synced).catch(() => {});
          disk.failAfter(Infinity, fault);
          if (seed % 2 === 1) disk.crash(dice(seed + at));
          await expectHonest(disk, synced, `${fault} at ${at} seed ${seed}`);
        }
      }
    });
  }

  it('promises nothing that a full disk did not take, whatever the room, and goes on once there is room', async () => {
    const whole = simDisk();
    await workload(whole, new Set());
    const usedBytes = packFile(whole)[1].length;
    for (let capacityBytes = 0; capacityBytes < usedBytes; capacityBytes += capacityBytes < 8192 ? 997 : 37) {
      const disk = simDisk({ capacityBytes });
      const synced = new Set<string>();
      expect(await codeOf(workload(disk, synced)), String(capacityBytes)).toBe('STORAGE_FULL');
      disk.capacityBytes = 1e9;
      await expectHonest(disk, synced, String(capacityBytes));
    }
  });

  it('goes on with the open pack after a full disk: what was lost is not had, and can be written again', async () => {
    const disk = simDisk();
    await using spool = await open(disk);
    const pack = await spool.create(EXCHANGE_A);
    await add(pack, 0, made[0] as Made);
    await pack.sync();
    disk.capacityBytes = 0;
    await codeOf(add(pack, 1, made[1] as Made));
    expect(await codeOf(pack.sync())).toBe('STORAGE_FULL');
    expect(pack.have(1)).toEqual([]);
    expect(pack.instances().map(({ ordinal }) => ordinal)).toEqual([0]);
    disk.capacityBytes = 1e9;
    await add(pack, 1, made[1] as Made);
    await pack.sync();
    expect(await durable(pack, made)).toEqual(['0/0', '0/1', '1/0']);
  });

  it('lists nothing as had that was written while a sync was already under way', async () => {
    const inner = simDisk();
    const gate = Promise.withResolvers<void>();
    let isSlow = false;
    const disk: SpoolOptions['disk'] = Object.create(inner, {
      open: {
        value: async (path: string, mode: 'create' | 'write' | 'read') => {
          const file = await inner.open(path, mode);
          const sync = file.sync.bind(file);
          return Object.assign(file, { sync: () => sync().then(() => (isSlow ? gate.promise : undefined)) });
        },
      },
      list: { value: inner.list.bind(inner) },
      rename: { value: inner.rename.bind(inner) },
      syncFolder: { value: inner.syncFolder.bind(inner) },
      makeFolder: { value: inner.makeFolder.bind(inner) },
    }) as SpoolOptions['disk'];
    await using spool = await open(disk);
    const pack = await spool.create(EXCHANGE_A);
    await add(pack, 0, made[0] as Made);
    isSlow = true;
    const syncing = pack.sync();
    await new Promise((resolve) => setImmediate(resolve));
    await add(pack, 1, made[1] as Made);
    await new Promise((resolve) => setImmediate(resolve));
    isSlow = false;
    gate.resolve();
    await syncing;
    expect(await durable(pack, made)).toEqual(['0/0', '0/1']);
  });

  it('makes durable what it finds before it lists it: a kill, a restart and then a loss of power', async () => {
    const disk = simDisk();
    const killed = await (await open(disk)).create(EXCHANGE_A);
    await add(killed, 0, made[0] as Made);
    await new Promise((resolve) => setImmediate(resolve));
    const had = await durable(await (await open(disk)).open(EXCHANGE_A), made);
    expect(had).toEqual(['0/0', '0/1']);
    disk.crash();
    await using last = await open(disk);
    expect(await durable(await last.open(EXCHANGE_A), made)).toEqual(had);
  });

  it('copies what is sound into a new file after a failed sync, and that survives a loss of power', async () => {
    const disk = simDisk();
    const log = keptLog();
    const spool = await open(disk, { log });
    const pack = await spool.create(EXCHANGE_A);
    await add(pack, 0, made[0] as Made);
    await pack.sync();
    const first = packFile(disk)[0];
    await add(pack, 1, made[1] as Made);
    await new Promise((resolve) => setImmediate(resolve)); // Written, not synced.
    disk.failAfter(0, 'failed');
    expect(await codeOf(pack.sync())).toBe('STORAGE_FAILED');
    expect(await codeOf(pack.writeBlock(2, 0, Buffer.alloc(1)))).toBe('STORAGE_FAILED');
    const again = await spool.open(EXCHANGE_A);
    const had = await durable(again, made);
    expect(had).toEqual(['0/0', '0/1', '1/0']);
    expect(packFile(disk)[0]).not.toBe(first);
    expect(log.lines.map(({ event }) => event)).toContain('spool.pack-salvaged');
    disk.crash();
    await using last = await open(disk);
    expect(await durable(await last.open(EXCHANGE_A), made)).toEqual(had);
  });

  it('copies a suspect pack also after a restart, and once only', async () => {
    for (let at = 0; at < 12; at++) {
      const disk = simDisk();
      const spool = await open(disk);
      const pack = await spool.create(EXCHANGE_A);
      await add(pack, 0, made[0] as Made);
      await new Promise((resolve) => setImmediate(resolve));
      disk.failAfter(0, 'failed');
      await codeOf(pack.sync());
      await spool.close();
      expect(packFile(disk)[0]).toContain('.suspect');
      // The copying is itself cut off somewhere.
      disk.failAfter(at, 'failed');
      const next = await open(disk);
      await codeOf(next.open(EXCHANGE_A));
      disk.failAfter(Infinity, 'failed');
      await next.close();
      await using last = await open(disk);
      expect(await durable(await last.open(EXCHANGE_A), made), String(at)).toEqual(['0/0', '0/1']);
      expect(packFile(disk)[0]).toContain('.pack');
    }
  });
});
