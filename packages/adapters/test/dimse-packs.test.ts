// Packs of short objects: durable before they are told, whole or not there after any crash, and gone when nothing is held.
import { appendFile, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PACK_BYTES } from '../src/dimse/limits.ts';
import { nodeObjectDisk, type ObjectDisk, type ObjectPlace } from '../src/dimse/pushed/object-disk.ts';
import { ObjectPacks } from '../src/dimse/pushed/object-packs.ts';
import {
  decodeRecordHeader,
  encodeRecordHeader,
  PAGE_BYTES,
  RECORD_HEADER_BYTES,
  sumOf,
} from '../src/dimse/pushed/pack-record.ts';

let folder: string;
const runs: ObjectPacks[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-packs-'));
});

afterEach(async () => {
  for (const run of runs.splice(0)) await run.close();
  await rm(folder, { recursive: true, force: true });
});

/** A run. Those that are not closed by a test have crashed; their file handles go at its end. */
function packs(disk: ObjectDisk = nodeObjectDisk): ObjectPacks {
  const run = new ObjectPacks(folder, disk, false);
  runs.push(run);
  return run;
}

/** Bytes that are found again: each object is filled with its number. */
function bytesOf(number: number, lengthBytes = 5_000): Uint8Array {
  return new Uint8Array(lengthBytes).fill(number);
}

async function add(to: ObjectPacks, number: number, lengthBytes?: number, isAlone = true): Promise<ObjectPlace> {
  const bytes = bytesOf(number, lengthBytes);
  const pieces = [bytes.subarray(0, 100), bytes.subarray(100)];
  return await to.add({ pieces, lengthBytes: bytes.length, receivedMs: number }, isAlone);
}

/** The numbers of the objects that a new run finds, each checked byte by byte. */
async function found(unreadable = (): void => {}): Promise<readonly number[]> {
  const numbers: number[] = [];
  for await (const { place, receivedMs } of packs().held(unreadable)) {
    const bytes = (await readFile(place.path)).subarray(place.start, place.start + place.lengthBytes);
    expect(bytes.equals(bytesOf(receivedMs, place.lengthBytes))).toBe(true);
    numbers.push(receivedMs);
  }
  return numbers;
}

async function onlyPack(): Promise<string> {
  const [name = '', ...others] = await readdir(folder);
  expect(others).toEqual([]);
  return join(folder, name);
}

describe('packs', () => {
  it('hold every object through a crash, whether it came alone or with others', async () => {
    const run = packs();
    for (const number of [1, 2, 3]) await add(run, number);
    await Promise.all([4, 5, 6, 7].map((number) => add(run, number, 3_000 * number, false)));
    await add(run, 8, 70_000);
    // No close: the process is gone.
    expect(await found()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('are found as they were after any mixture of lengths, removals and starts', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), lengthBytes: fc.integer({ min: 1, max: 200_000 }) }),
      fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }),
      fc.record({ kind: fc.constant('start' as const), isCrash: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        let run = packs();
        const held = new Map<number, ObjectPlace>();
        for (const [index, each] of steps.entries()) {
          const number = index + 1;
          if (each.kind === 'add') {
            held.set(number, await add(run, number, each.lengthBytes));
          } else if (each.kind === 'remove' && held.size > 0) {
            const [gone, place] = [...held][each.which % held.size] as [number, ObjectPlace];
            held.delete(gone);
            await run.remove([place]);
          } else if (each.kind === 'start') {
            if (!each.isCrash) await run.close();
            run = packs();
            for await (const { place, receivedMs } of run.held(() => {})) expect(held.get(receivedMs)).toEqual(place);
          }
        }
        await run.close();
        expect((await found()).toSorted((a, b) => a - b)).toEqual([...held.keys()]);
        await run.remove([...held.values()]);
        for (const name of await readdir(folder)) await rm(join(folder, name));
      }),
      { numRuns: 40 },
    );
  });

  it('lose nothing but the record that a crash cut, wherever it did', async () => {
    const run = packs();
    const [, second, third] = [await add(run, 1), await add(run, 2), await add(run, 3)];
    const path = await onlyPack();
    const whole = await readFile(path);
    const cuts = [second.start - RECORD_HEADER_BYTES, second.start - 10, second.start, second.start + 4_999];
    for (const at of cuts) {
      // As an unsynced write may end: some of its pages are there and others are not, those behind it are.
      const torn = Buffer.from(whole);
      torn.fill(0, at, second.start + second.lengthBytes);
      await writeFile(path, torn);
      const unreadable = vi.fn<() => void>();
      expect(await found(unreadable)).toEqual([1, 3]);
      expect(unreadable.mock.calls.length).toBe(at >= second.start ? 1 : 0);
      // The second look finds the same.
      expect(await found()).toEqual([1, 3]);
    }
    await writeFile(path, whole);
    await truncate(path, third.start + 100);
    expect(await found()).toEqual([1, 2]);
    await truncate(path, PAGE_BYTES);
    expect(await found()).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('take nothing within an object for a record, behind a cut either', async () => {
    const run = packs();
    const first = await add(run, 1);
    // A sender who knows the format, but not the pack.
    const forged = encodeRecordHeader(new Uint8Array(16), {
      isRemoved: false,
      lengthBytes: 4,
      sum: sumOf([bytesOf(9, 4)]),
      receivedMs: 9,
    });
    const pieces = [bytesOf(0, PAGE_BYTES - RECORD_HEADER_BYTES), forged, bytesOf(9, 8_000)];
    const lengthBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const { start } = await run.add({ pieces, lengthBytes, receivedMs: 2 }, true);
    await add(run, 3);
    const path = await onlyPack();
    const torn = await readFile(path);
    expect(
      decodeRecordHeader(new Uint8Array(16), torn.subarray(start + PAGE_BYTES - RECORD_HEADER_BYTES)),
    ).toBeDefined();
    torn.fill(0, start - RECORD_HEADER_BYTES, start);
    await writeFile(path, torn);
    expect(first.start).toBe(PAGE_BYTES + RECORD_HEADER_BYTES);
    expect(await found()).toEqual([1, 3]);
  });

  it.each(['writevSync', 'fdatasyncSync'] as const)(
    'hold nothing whose %s failed, and go on elsewhere',
    async (call) => {
      let isBroken = false;
      const disk: ObjectDisk = {
        ...nodeObjectDisk,
        [call]: (...words: [number, never, never]) => {
          if (isBroken) throw Object.assign(new Error('the disk'), { code: 'EIO' });
          return (nodeObjectDisk[call] as (...all: unknown[]) => number)(...words);
        },
      };
      const run = packs(disk);
      await add(run, 1);
      isBroken = true;
      await expect(add(run, 2)).rejects.toMatchObject({ code: 'EIO' });
      isBroken = false;
      await add(run, 3);
      expect(await readdir(folder)).toHaveLength(2);
      expect((await found()).toSorted((a, b) => a - b)).toEqual([1, 3]);
    },
  );

  it('share syncs, each with those who asked before it began, and its failure with all that come after', async () => {
    const syncs: PromiseWithResolvers<void>[] = [];
    const disk: ObjectDisk = {
      ...nodeObjectDisk,
      open: async (...words: Parameters<typeof open>) => {
        const handle = await open(...words);
        const value = async (): Promise<void> => {
          const sync = Promise.withResolvers<void>();
          syncs.push(sync);
          await sync.promise;
        };
        Object.defineProperty(handle, 'datasync', { value });
        return handle;
      },
    };
    const run = packs(disk);
    const told: number[] = [];
    const adding = (number: number): Promise<unknown> =>
      add(run, number, 9_000, false).then(
        () => told.push(number),
        () => told.push(-number),
      );
    const first = adding(1);
    await vi.waitFor(() => expect(syncs).toHaveLength(1));
    const others = [adding(2), adding(3)];
    await new Promise((resolve) => setTimeout(resolve, 50));
    // They wrote after the first sync began, which says nothing of them.
    expect(syncs).toHaveLength(1);
    syncs[0]?.resolve();
    await first;
    await vi.waitFor(() => expect(syncs).toHaveLength(2));
    expect(told).toEqual([1]);
    const last = adding(4);
    await new Promise((resolve) => setTimeout(resolve, 50));
    syncs[1]?.reject(Object.assign(new Error('the disk'), { code: 'EIO' }));
    await Promise.all([...others, last]);
    // A disk that lost pages says so once.
    expect(syncs).toHaveLength(2);
    expect(told.toSorted((a, b) => a - b)).toEqual([-4, -3, -2, 1]);
    expect(await found()).toEqual([1]);
  });

  it('go when nothing in them is held, and who reads one reads on', async () => {
    const run = packs();
    const places = [await add(run, 1), await add(run, 2)];
    const [first] = places as [ObjectPlace];
    const reader = await open(first.path, 'r');
    await run.remove(places);
    expect(await readdir(folder)).toEqual([]);
    const read = Buffer.alloc(first.lengthBytes);
    await reader.read(read, 0, read.length, first.start);
    await reader.close();
    expect(read.equals(bytesOf(1))).toBe(true);
    await add(run, 3);
    expect(await found()).toEqual([3]);
  });

  it('end at their length; the next object goes to another', async () => {
    const run = packs();
    const each = 1_040_000;
    const perPack = Math.floor(PACK_BYTES / each);
    const paths = new Set<string>();
    for (let number = 1; number <= perPack + 2; number++) paths.add((await add(run, number % 250, each, false)).path);
    expect(paths.size).toBe(2);
    await expect(add(run, 1, PACK_BYTES)).rejects.toThrow(RangeError);
  });

  it('are checked when they were not closed in order, and only then', async () => {
    const run = packs();
    const { start } = await add(run, 1);
    const path = await onlyPack();
    const damage = async (): Promise<void> => {
      const handle = await open(path, 'r+');
      await handle.write(Buffer.from([0]), 0, 1, start + 10);
      await handle.close();
    };
    await run.close();
    await damage();
    let seen = 0;
    for await (const _ of packs().held(() => {})) seen++;
    expect(seen).toBe(1);
  });

  it('that a disk cannot read keep nobody from the others', async () => {
    await add(packs(), 1);
    const damaged = await onlyPack();
    await add(packs(), 2);
    const disk: ObjectDisk = {
      ...nodeObjectDisk,
      open: async (...words: Parameters<typeof open>) => {
        const handle = await open(...words);
        const value = async (): Promise<never> => {
          throw Object.assign(new Error('the disk'), { code: 'EIO' });
        };
        if (words[0] === damaged) Object.defineProperty(handle, 'read', { value });
        return handle;
      },
    };
    const unreadable = vi.fn<() => void>();
    const numbers: number[] = [];
    for await (const { receivedMs } of packs(disk).held(unreadable)) numbers.push(receivedMs);
    expect(numbers).toEqual([2]);
    expect(unreadable).toHaveBeenCalledTimes(1);
    expect(await found()).toHaveLength(2);
  });

  it('bring nothing back that was removed while others were added', async () => {
    const run = packs();
    for (let round = 1; round < 30; round++) {
      const isAlone = round % 2 === 0;
      const place = await add(run, round, 3_000, isAlone);
      const others = [add(run, 100 + round, 1_000, false), run.remove([place]), add(run, 130 + round, 1_000, false)];
      const [one, , two] = (await Promise.all(others)) as [ObjectPlace, void, ObjectPlace];
      const removing = run.remove([one, two]);
      const next = await add(run, 200, 1_000, isAlone);
      await removing;
      expect(await found()).toEqual([200]);
      await run.remove([next]);
    }
  });

  it('stay where they are when they cannot be read', async () => {
    const run = packs();
    await add(run, 1);
    const path = await onlyPack();
    await writeFile(path, Buffer.concat([Buffer.alloc(PAGE_BYTES), (await readFile(path)).subarray(PAGE_BYTES)]));
    await appendFile(join(folder, 'notes.txt'), 'of somebody');
    const unreadable = vi.fn<() => void>();
    expect(await found(unreadable)).toEqual([]);
    expect(unreadable).toHaveBeenCalledTimes(1);
    expect(await readdir(folder)).toHaveLength(2);
  });

  it('refuses an object that is not as long as it came in', async () => {
    const run = packs();
    await add(run, 1);
    const cut = { pieces: [bytesOf(2, 4_999)], lengthBytes: 5_000, receivedMs: 2 };
    await expect(run.add(cut, true)).rejects.toMatchObject({ name: 'WrongLengthError', code: 'EIO' });
    expect(await found()).toEqual([1]);
  });
});
