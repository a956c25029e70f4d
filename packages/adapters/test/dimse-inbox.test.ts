// The inbox of pushed instances: durable, told once, never another patient's bytes under a UID, and there after a crash.
import { appendFile, mkdtemp, open, readdir, readFile, rm, stat, statfs, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { generateLargeInstance, generateStudy, type SampleInstance } from '@interhosp/core/conformance';
import { parseUid, part10Header, TRANSFER_SYNTAXES, type Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataSetInbox } from '../src/dimse/association/inbox.ts';
import type { IncomingInstance } from '../src/dimse/store/incoming-store.ts';
import { nodeObjectDisk, type ObjectDisk } from '../src/dimse/pushed/object-disk.ts';
import { openStoreInbox, type StoreInbox, type StoreInboxOptions } from '../src/dimse/pushed/store-inbox.ts';
import { testClock } from './clock.ts';
import { sampleInstance } from './dimse-samples.ts';
import { all } from './streams.ts';

const DAY_MS = 86_400_000;
const study = generateStudy({ instances: 3, seed: 'inbox' });
const [one, two] = study.instances as [SampleInstance, SampleInstance];

let folder: string;
const inboxes: StoreInbox[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-inbox-'));
});

afterEach(async () => {
  for (const inbox of inboxes.splice(0)) await inbox.stop();
  await rm(folder, { recursive: true, force: true });
});

async function openInbox(options: Partial<StoreInboxOptions> = {}): Promise<StoreInbox> {
  const inbox = await openStoreInbox({ folder, clock: testClock(), minFreeBytes: 0, ...options });
  inboxes.push(inbox);
  return inbox;
}

type Sent = Omit<IncomingInstance, 'dataSet' | 'callingAe'> & {
  readonly dataSet: Uint8Array;
  readonly studyInstanceUid: Uid;
};

/** Too long for a pack. */
async function longInstance(lengthBytes: number): Promise<Sent> {
  const large = generateLargeInstance({ lengthBytes, seed: `inbox-${lengthBytes}` });
  return { ...large, dataSet: Buffer.concat(await all(large.dataSet())) };
}

/** An instance as it comes in: in pieces, each in memory of its own when it is longer than a byte. */
function incoming({ dataSet, ...instance }: Sent, pieceBytes = 65_536): IncomingInstance {
  const inbox = new DataSetInbox({ held: () => {}, awaits: () => {} });
  for (let at = 0; at < dataSet.length; at += pieceBytes) {
    const piece = dataSet.subarray(at, at + pieceBytes);
    // A million bytes of memory of their own take seconds.
    inbox.push(pieceBytes === 1 ? piece : new Uint8Array(piece));
  }
  inbox.end();
  return { ...instance, dataSet: inbox, callingAe: 'MODALITY' };
}

async function send(inbox: StoreInbox, instance: Sent): Promise<string> {
  const status = await inbox.take(incoming(instance), new AbortController().signal);
  return status.toString(16).padStart(4, '0');
}

async function filesBelow(path = folder): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function bytesOf(inbox: StoreInbox, studyInstanceUid: Uid): Promise<ReadonlyMap<Uid | undefined, Buffer>> {
  const found = new Map<Uid | undefined, Buffer>();
  for await (const { dataSet, sopInstanceUid } of inbox.retrieve(studyInstanceUid)) {
    found.set(sopInstanceUid, Buffer.concat(await all(dataSet)));
  }
  return found;
}

describe('an inbox', () => {
  it('keeps every byte, under a name that tells nothing, for its owner alone', async () => {
    const inbox = await openInbox();
    for (const instance of study.instances) expect(await send(inbox, instance)).toBe('0000');
    const held = await bytesOf(inbox, study.studyInstanceUid);
    for (const { dataSet, sopInstanceUid } of study.instances) {
      expect(held.get(sopInstanceUid)?.equals(dataSet)).toBe(true);
    }
    expect(inbox.studies({ studyInstanceUid: study.studyInstanceUid })).toMatchObject([{ instances: 3 }]);
    const long = await longInstance(1_300_000);
    await send(inbox, long);
    const files = await filesBelow();
    expect(files.map((path) => path.slice(folder.length)).toSorted()).toEqual([
      expect.stringMatching(/^\/objects\/[0-9a-f]{2}\/[0-9a-f]{64}-\d+$/),
      expect.stringMatching(/^\/packs\/[0-9a-f]{32}$/),
    ]);
    for (const path of files) expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('keeps objects that are too long to be held in memory', async () => {
    const inbox = await openInbox();
    for (const lengthBytes of [1_048_576, 1_300_000, 40_000_000]) {
      const large = generateLargeInstance({ lengthBytes, seed: `inbox-${lengthBytes}` });
      const dataSet = Buffer.concat(await all(large.dataSet()));
      expect(await send(inbox, { ...large, dataSet })).toBe('0000');
      expect((await bytesOf(inbox, large.studyInstanceUid)).get(large.sopInstanceUid)?.equals(dataSet)).toBe(true);
    }
  });

  it('keeps objects that come byte by byte', async () => {
    const inbox = await openInbox();
    for (const instance of [one, await longInstance(1_000_000), await longInstance(1_100_000)]) {
      expect(await inbox.take(incoming(instance, 1), new AbortController().signal)).toBe(0);
      const held = await bytesOf(inbox, instance.studyInstanceUid);
      expect(held.get(instance.sopInstanceUid)?.equals(instance.dataSet)).toBe(true);
    }
  });

  it('is made anew from the files, without what a crash left of others', async () => {
    const first = await openInbox();
    for (const instance of study.instances) await send(first, instance);
    const long = [await longInstance(1_100_000), await longInstance(1_200_000), await longInstance(1_300_000)] as const;
    for (const instance of long) await send(first, instance);
    await first.stop();
    const files = await filesBelow();
    const pack = files.filter((path) => path.includes('/packs/'));
    const [whole = '', shorter = '', longer = ''] = files.filter((path) => path.includes('/objects/'));
    await writeFile(join(folder, 'parts', 'a'.repeat(32)), 'half an object');
    await truncate(shorter, 400);
    await appendFile(longer, 'x');
    const notes = [join(folder, 'objects', '00', 'notes.txt'), join(folder, 'packs', 'notes.txt')];
    for (const path of notes) await writeFile(path, 'of somebody');
    const second = await openInbox();
    expect(second.size).toBe(4);
    expect((await filesBelow()).toSorted()).toEqual([...pack, whole, ...notes].toSorted());
    const held = await bytesOf(second, study.studyInstanceUid);
    for (const { dataSet, sopInstanceUid } of study.instances) {
      expect(held.get(sopInstanceUid)?.equals(dataSet)).toBe(true);
    }
  });

  it('answers success to the same bytes again, and a duplicate to others, of which it keeps the first', async () => {
    const inbox = await openInbox();
    await send(inbox, one);
    expect(await send(inbox, one)).toBe('0000');
    const changed = one.dataSet.slice();
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(await send(inbox, { ...one, dataSet: changed })).toBe('0111');
    expect(await send(inbox, { ...one, dataSet: one.dataSet.subarray(0, -2) })).toBe('0111');
    expect(await send(inbox, { ...one, dataSet: Buffer.concat([one.dataSet, Buffer.alloc(2)]) })).toBe('0111');
    const implicit = TRANSFER_SYNTAXES.ImplicitVRLittleEndian;
    expect(await send(inbox, { ...one, transferSyntaxUid: implicit })).toBe('0111');
    expect((await bytesOf(inbox, one.studyInstanceUid)).get(one.sopInstanceUid)?.equals(one.dataSet)).toBe(true);
    expect(await filesBelow()).toHaveLength(1);
  });

  it('takes one of two that come at the same moment under one UID', async () => {
    const inbox = await openInbox();
    const changed = one.dataSet.slice();
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    const sent = await Promise.all(
      [one.dataSet, changed, one.dataSet].map((dataSet) => send(inbox, { ...one, dataSet })),
    );
    expect(sent).toEqual(['0000', '0111', '0000']);
    expect(inbox.size).toBe(1);
  });

  it('refuses what the command calls by another name than the data set (A900)', async () => {
    const inbox = await openInbox();
    expect(await send(inbox, { ...one, sopInstanceUid: two.sopInstanceUid })).toBe('a900');
    expect(await send(inbox, { ...one, sopClassUid: parseUid('1.2.840.10008.5.1.4.1.1.4') })).toBe('a900');
    expect(await filesBelow()).toEqual([]);
  });

  it('refuses what is cut off, is no data set, or names no study (C000)', async () => {
    const inbox = await openInbox();
    expect(await send(inbox, { ...one, dataSet: one.dataSet.subarray(0, -100) })).toBe('c000');
    expect(await send(inbox, { ...one, dataSet: one.dataSet.subarray(0, 50) })).toBe('c000');
    expect(await send(inbox, { ...one, dataSet: Buffer.alloc(5_000, 0xa5) })).toBe('c000');
    expect(await send(inbox, { ...one, dataSet: new Uint8Array(0) })).toBe('c000');
    expect(await filesBelow()).toEqual([]);
  });

  it('takes deflated data sets as they are', async () => {
    const inbox = await openInbox();
    const transferSyntaxUid = TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian;
    const dataSet = deflateRawSync(one.dataSet);
    expect(await send(inbox, { ...one, transferSyntaxUid, dataSet })).toBe('0000');
    expect((await bytesOf(inbox, one.studyInstanceUid)).get(one.sopInstanceUid)?.equals(dataSet)).toBe(true);
    await inbox.stop();
    expect((await openInbox()).instances(one.studyInstanceUid)[0]?.transferSyntaxUid).toBe(transferSyntaxUid);
  });

  it('reads what a long deflated data set says from its beginning, though that has been written by then', async () => {
    const inbox = await openInbox();
    const long = await longInstance(3_000_000);
    const transferSyntaxUid = TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian;
    const sent = { ...long, transferSyntaxUid, dataSet: deflateRawSync(long.dataSet, { level: 0 }) };
    expect(await inbox.take(incoming(sent, 20_000), new AbortController().signal)).toBe(0);
    expect((await bytesOf(inbox, long.studyInstanceUid)).get(long.sopInstanceUid)?.equals(sent.dataSet)).toBe(true);
  });

  it('takes big endian data sets as they are, and reads them', async () => {
    const inbox = await openInbox();
    const sample = sampleInstance({ study: 9, transferSyntaxUid: TRANSFER_SYNTAXES.ExplicitVRBigEndian });
    const dataSet = Buffer.concat(await all(sample.dataSet()));
    expect(dataSet.subarray(0, 4)).toEqual(Buffer.from([0x00, 0x08, 0x00, 0x05]));
    expect(await send(inbox, { ...sample, dataSet })).toBe('0000');
    await inbox.stop();
    const again = await openInbox();
    expect(again.studies({ patientId: 'PAT-9' })).toMatchObject([{ studyInstanceUid: sample.studyInstanceUid }]);
    expect(again.instances(sample.studyInstanceUid)).toMatchObject([{ sopInstanceUid: sample.sopInstanceUid }]);
    expect((await bytesOf(again, sample.studyInstanceUid)).get(sample.sopInstanceUid)?.equals(dataSet)).toBe(true);
  });

  it('has limits: bytes of a study, instances, and a floor of free space (A700)', async () => {
    const bytes = one.dataSet.length;
    const small = await openInbox({ maxStudyBytes: bytes + two.dataSet.length });
    const [, , three] = study.instances as [SampleInstance, SampleInstance, SampleInstance];
    expect([await send(small, one), await send(small, two), await send(small, three)]).toEqual([
      '0000',
      '0000',
      'a700',
    ]);
    await small.remove(study.studyInstanceUid);
    expect(await filesBelow()).toEqual([]);

    const few = await openInbox({ maxInstances: 1 });
    expect([await send(few, one), await send(few, two)]).toEqual(['0000', 'a700']);
    expect(await send(few, one)).toBe('0000');
    await few.remove(study.studyInstanceUid);

    const full = await openInbox({ minFreeBytes: 2 ** 60 });
    expect(await send(full, one)).toBe('a700');

    const endless = await openInbox({ maxStudyBytes: 2_000_000 });
    const large = generateLargeInstance({ lengthBytes: 4_000_000, seed: 'endless' });
    expect(await send(endless, { ...large, dataSet: Buffer.concat(await all(large.dataSet())) })).toBe('a700');
    expect(await filesBelow()).toEqual([]);
  });

  it.each([
    ['ENOSPC', 'a700'],
    ['EIO', '0110'],
  ])('answers %s of the disk with %s and leaves nothing', async (code, status) => {
    const fail = (): never => {
      throw Object.assign(new Error('the disk'), { code });
    };
    const long = await longInstance(3_000_000);
    const faults: readonly [ObjectDisk, Sent][] = [
      [{ ...nodeObjectDisk, open: async () => fail() }, one],
      [{ ...nodeObjectDisk, open: failingHandles('writev', fail) }, one],
      [{ ...nodeObjectDisk, open: failingHandles('sync', fail) }, one],
      [{ ...nodeObjectDisk, writevSync: fail }, one],
      [{ ...nodeObjectDisk, fdatasyncSync: fail }, one],
      [{ ...nodeObjectDisk, rename: fail }, long],
      [{ ...nodeObjectDisk, open: failingHandles('writev', fail) }, long],
      [{ ...nodeObjectDisk, open: failingHandles('datasync', fail) }, long],
      [{ ...nodeObjectDisk, open: failingHandles('sync', fail) }, long],
    ];
    for (const [disk, instance] of faults) {
      // The folder itself is made before the disk breaks.
      let isBroken = false;
      const later = Object.fromEntries(
        Object.entries(disk).map(([name, call]) => [
          name,
          (...words: unknown[]) =>
            ((isBroken ? call : nodeObjectDisk[name as keyof ObjectDisk]) as (...all: unknown[]) => unknown)(...words),
        ]),
      ) as unknown as ObjectDisk;
      const inbox = await openInbox({ disk: later });
      isBroken = true;
      expect(await send(inbox, instance)).toBe(status);
      expect(inbox.size).toBe(0);
      isBroken = false;
      expect(await filesBelow()).toEqual([]);
      expect(await send(inbox, instance)).toBe('0000');
      await inbox.remove(instance.studyInstanceUid);
    }
  });

  it('confirms nothing that is shorter on disk than it came in', async () => {
    const forgetful = (async (...words: Parameters<typeof open>) => {
      const handle = await open(...words);
      const writev = handle.writev.bind(handle);
      handle.writev = async (pieces) => {
        const written = await writev(pieces);
        await handle.truncate((await handle.stat()).size - 1);
        return written;
      };
      return handle;
    }) as typeof open;
    const inbox = await openInbox({ disk: { ...nodeObjectDisk, open: forgetful } });
    expect(await send(inbox, await longInstance(3_000_000))).toBe('0110');
    expect(inbox.size).toBe(0);
    expect(await filesBelow()).toEqual([]);
  });

  it('syncs folders too where a file does not make its name durable', async () => {
    const synced: string[] = [];
    const elsewhere = (async (path: string) =>
      Object.assign(await statfs(path), { type: 0x6969 })) as unknown as typeof statfs;
    const watched = (async (path: string, ...words: [string, number]) => {
      synced.push(path);
      return await open(path, ...words);
    }) as unknown as typeof open;
    const inbox = await openInbox({ disk: { ...nodeObjectDisk, statfs: elsewhere, open: watched } });
    synced.length = 0;
    await send(inbox, one);
    await send(inbox, two);
    expect(synced).toEqual([expect.stringMatching(/\/packs\/[0-9a-f]{32}$/), expect.stringMatching(/\/packs$/)]);
    synced.length = 0;
    await send(inbox, await longInstance(1_300_000));
    expect(synced.at(-1)).toMatch(/\/objects\/[0-9a-f]{2}$/);
  });

  it('leaves nothing of an instance whose association ends', async () => {
    const inbox = await openInbox();
    for (const bytes of [100, 3_000_000]) {
      const dataSet = new DataSetInbox({ held: () => {}, awaits: () => {} });
      const large = generateLargeInstance({ lengthBytes: 5_000_000, seed: 'cut' });
      const taken = inbox.take({ ...large, dataSet, callingAe: 'MODALITY' }, new AbortController().signal);
      dataSet.push(Buffer.concat(await all(large.dataSet())).subarray(0, bytes));
      dataSet.fail(new PacsError('PACS_ABORTED'));
      await expect(taken).rejects.toMatchObject({ code: 'PACS_ABORTED' });
    }
    expect(await filesBelow()).toEqual([]);
    expect(inbox.size).toBe(0);
  });

  it('tells of changes, each study once however many instances came meanwhile', async () => {
    const inbox = await openInbox();
    const caller = new AbortController();
    const changes = inbox.changes({ signal: caller.signal })[Symbol.asyncIterator]();
    for (const instance of study.instances) await send(inbox, instance);
    expect(await changes.next()).toEqual({ done: false, value: study.studyInstanceUid });
    const next = changes.next();
    // A repetition is no news.
    await send(inbox, one);
    const other = generateStudy({ instances: 1, seed: 'inbox-other' });
    await send(inbox, other.instances[0] as SampleInstance);
    expect((await next).value).toBe(other.studyInstanceUid);
    const last = changes.next();
    caller.abort(new Error('enough'));
    await expect(last).rejects.toThrow('enough');
    const others = inbox.changes()[Symbol.asyncIterator]();
    const ended = others.next();
    await inbox.stop();
    expect((await ended).done).toBe(true);
  });

  it('lets whole studies go when nothing more came for so many days', async () => {
    const young = await openInbox();
    for (const instance of study.instances) await send(young, instance);
    await young.expire();
    expect(young.size).toBe(3);
    await young.stop();
    const old = await openInbox({ clock: testClock(8 * DAY_MS), retentionDays: 7 });
    old.erasesWhen(() => Promise.resolve(true));
    expect(old.size).toBe(3);
    const late = generateStudy({ instances: 1, seed: 'inbox-late' });
    await send(old, late.instances[0] as SampleInstance);
    await old.expire();
    expect(old.studies({}).map(({ studyInstanceUid }) => studyInstanceUid)).toEqual([late.studyInstanceUid]);
    await old.stop();
    expect((await openInbox()).size).toBe(1);
  });

  it('reads what is named, and says what it does not hold', async () => {
    const inbox = await openInbox();
    for (const instance of study.instances) await send(inbox, instance);
    const named = await all(inbox.retrieve(study.studyInstanceUid, { instances: [two] }));
    expect(named.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual([two.sopInstanceUid]);
    await expect(all(inbox.retrieve(parseUid('1.2.3')))).rejects.toMatchObject({ code: 'PACS_STUDY_UNKNOWN' });
    for (const path of await filesBelow()) await rm(path);
    await expect(all(inbox.retrieve(study.studyInstanceUid))).rejects.toMatchObject({ code: 'PACS_INCOMPLETE' });
  });

  it('writes long objects to files that others read: our own meta information before the bytes as they came', async () => {
    const inbox = await openInbox();
    const long = await longInstance(1_300_000);
    await send(inbox, long);
    const [path = ''] = await filesBelow();
    expect((await readFile(path)).equals(Buffer.concat([part10Header(long), long.dataSet]))).toBe(true);
  });
});

/** Opens files of which one method fails. */
function failingHandles(method: 'datasync' | 'sync' | 'writev', fail: () => never): typeof open {
  return async (...words: Parameters<typeof open>) => {
    const handle = await open(...words);
    Object.defineProperty(handle, method, { value: async () => fail() });
    return handle;
  };
}
