import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { generateStudy } from '@interhosp/core/conformance';
import { part10Header, TRANSFER_SYNTAXES } from '@interhosp/core/dicom';
import type { StorableInstance } from '@interhosp/core/pacs';
import { silentLog } from '@interhosp/core/world';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writePart10 } from '../../test/sample-files.ts';
import { adapter } from './adapter.ts';
import { nodeFiles, type Files } from './files.ts';
import { folderPacs, type FolderPacs, type FolderPacsOptions } from './folder-pacs.ts';
import { filesBelow } from './scan.ts';

const study = generateStudy({ instances: 3, pixels: 32 });
const instances: readonly StorableInstance[] = study.instances.map((each) => storable(each.dataSet, each));
const first = instances[0] as StorableInstance;
const firstBytes = study.instances[0]?.dataSet ?? new Uint8Array(0);

function storable(bytes: Uint8Array, identity: Omit<StorableInstance, 'lengthBytes' | 'dataSet'>): StorableInstance {
  return {
    ...identity,
    lengthBytes: bytes.length,
    async *dataSet() {
      yield bytes;
    },
  };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function listed(pacs: FolderPacs): Promise<number> {
  return (await all(pacs.findInstances(study.studyInstanceUid))).length;
}

let root = '';
/** A clock that stands still unless it is pushed. */
let nowMs = Date.now();
const clock = { now: () => nowMs, monotonicMs: () => nowMs };

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'interhosp-folder-'));
  nowMs = Date.now();
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

function watching(options: Partial<FolderPacsOptions> = {}): FolderPacs {
  return folderPacs({ watch: root, stableMs: 0, rescanMs: 0, clock, ...options });
}

function writing(files: Partial<Files> = {}): FolderPacs {
  return folderPacs({ write: join(root, 'in'), stableMs: 0, rescanMs: 0, files: { ...nodeFiles, ...files } });
}

function diskError(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'write' });
}

function failing(code: string): () => Promise<never> {
  return () => Promise.reject(diskError(code));
}

describe('a watched folder', () => {
  it('does not list a file before it has stood still', async () => {
    const pacs = watching({ stableMs: 5000 });
    const path = join(root, 'a');
    await writePart10(path, first);
    expect(await listed(pacs)).toBe(0);
    nowMs += 4999;
    expect(await listed(pacs)).toBe(0);
    await appendFile(path, new Uint8Array(2));
    nowMs += 4999;
    expect(await listed(pacs)).toBe(0);
    expect(pacs.report().growing).toBe(1);
    nowMs += 4999;
    expect(await listed(pacs)).toBe(0);
    nowMs += 1;
    expect(await listed(pacs)).toBe(1);
    expect(pacs.report()).toEqual({ listed: 1, growing: 0, repeated: 0, unreadable: {} });
  });

  it('lists at once a file that was last changed long ago', async () => {
    const path = join(root, 'old');
    await writePart10(path, first);
    const hourAgo = new Date(nowMs - 3_600_000);
    await utimes(path, hourAgo, hourAgo);
    expect(await listed(watching({ stableMs: 5000 }))).toBe(1);
  });

  it('follows files that are moved, changed and removed', async () => {
    const pacs = watching();
    const [path, moved] = [join(root, 'a'), join(root, 'sub', 'b')];
    await writePart10(path, first);
    expect(await listed(pacs)).toBe(1);
    await mkdir(join(root, 'sub'));
    await rename(path, moved);
    await listed(pacs);
    expect(await listed(pacs)).toBe(1);
    await writePart10(moved, instances[1] as StorableInstance);
    const [found] = await all(pacs.findInstances(study.studyInstanceUid));
    expect(found?.sopInstanceUid).toBe(instances[1]?.sopInstanceUid);
    await unlink(moved);
    expect(await listed(pacs)).toBe(0);
    expect(pacs.report().listed).toBe(0);
  });

  it('reads only files that are new or changed', async () => {
    let opened = 0;
    const open: Files['open'] = (...given) => {
      opened++;
      return nodeFiles.open(...given);
    };
    const pacs = watching({ files: { ...nodeFiles, open } });
    for (const [index, instance] of instances.entries()) await writePart10(join(root, `f${index}`), instance);
    await listed(pacs);
    expect(opened).toBe(3);
    await listed(pacs);
    expect(opened).toBe(3);
  });

  it('counts what it cannot read by its reason, and lists the rest', async () => {
    await writePart10(join(root, 'sound'), first);
    await writeFile(join(root, 'text.txt'), 'not DICOM');
    await writeFile(join(root, 'empty'), '');
    await writePart10(join(root, 'cut'), first);
    await truncate(join(root, 'cut'), (await stat(join(root, 'cut'))).size - 10);
    await writePart10(join(root, 'cut-in-header'), first);
    await truncate(join(root, 'cut-in-header'), 500);
    await writeFile(join(root, 'only-meta'), part10Header(first));
    const bigEndian = { ...first, transferSyntaxUid: TRANSFER_SYNTAXES.ExplicitVRBigEndian };
    // Little endian bytes that are called big endian: nothing in them is where it should be.
    await writePart10(join(root, 'big-endian'), bigEndian);
    const pacs = watching();
    expect(await listed(pacs)).toBe(1);
    expect(pacs.report()).toEqual({
      listed: 1,
      growing: 0,
      repeated: 0,
      unreadable: { DICOM_NOT_PART10: 2, DICOM_TRUNCATED: 3, DICOM_IDENTITY_MISSING: 1 },
    });
    await unlink(join(root, 'text.txt'));
    await listed(pacs);
    expect(pacs.report().unreadable.DICOM_NOT_PART10).toBe(1);
  });

  it('lists a deflated instance and retrieves it as it lies there', async () => {
    const packed = deflateRawSync(firstBytes);
    const deflated = storable(packed, {
      ...first,
      transferSyntaxUid: TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian,
    });
    await writePart10(join(root, 'deflated'), deflated);
    const pacs = watching();
    expect(await listed(pacs)).toBe(1);
    for await (const { dataSet, transferSyntaxUid } of pacs.retrieve(study.studyInstanceUid)) {
      expect(transferSyntaxUid).toBe(TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian);
      expect(Buffer.concat(await all(dataSet)).equals(packed)).toBe(true);
    }
  });

  it('lists one of two files that hold the same instance, and the other when that one goes', async () => {
    await writePart10(join(root, 'a'), first);
    await writePart10(join(root, 'b'), first);
    const pacs = watching();
    expect(await listed(pacs)).toBe(1);
    expect(pacs.report()).toMatchObject({ listed: 1, repeated: 1 });
    await unlink(join(root, 'a'));
    await listed(pacs);
    expect(await listed(pacs)).toBe(1);
  });

  it('shows the same instance under both patients when two files disagree', async () => {
    const other = generateStudy({ instances: 1, pixels: 32, patient: { patientId: { id: 'B-1' } } }).instances[0];
    if (other === undefined) throw new Error('one instance was asked for');
    await writePart10(join(root, 'a'), first);
    await writePart10(join(root, 'b'), storable(other.dataSet, other));
    const pacs = watching();
    const patients = (await all(pacs.findStudies({}))).map((each) => each.patient.patientId.id);
    expect(patients.toSorted()).toEqual(['A-104233', 'B-1']);
  });

  it('follows no link, opens no pipe and leaves names with a dot alone', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'interhosp-outside-'));
    try {
      await writePart10(join(outside, 'secret'), first);
      await symlink(outside, join(root, 'folder-link'));
      await symlink(join(outside, 'secret'), join(root, 'file-link'));
      spawnSync('mkfifo', [join(root, 'pipe')]);
      await writePart10(join(root, '.rsync-part'), first);
      const pacs = watching();
      expect(await listed(pacs)).toBe(0);
      expect(pacs.report()).toEqual({ listed: 0, growing: 0, repeated: 0, unreadable: {} });
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  it('reads files whose names are odd or no UTF-8', async () => {
    const names = [
      Buffer.from('a b;rm -rf "$x" `y`\n.dcm'),
      Buffer.from([0xff, 0xfe, 0x80]),
      Buffer.from('é'.repeat(100)),
    ];
    for (const [index, name] of names.entries()) {
      await writePart10(join(root, 'plain'), instances[index] as StorableInstance);
      await rename(join(root, 'plain'), Buffer.concat([Buffer.from(`${root}/`), name]));
    }
    const pacs = watching();
    expect(await listed(pacs)).toBe(3);
    expect(await all(pacs.retrieve(study.studyInstanceUid))).toHaveLength(3);
  });

  it('says that a file changed under its hands', async () => {
    const path = join(root, 'a');
    await writePart10(path, { ...first, dataSet: () => pieces(firstBytes), lengthBytes: firstBytes.length });
    const pacs = watching({ rescanMs: 60_000 });
    expect(await listed(pacs)).toBe(1);
    await truncate(path, 900);
    await expect(all(pacs.retrieve(study.studyInstanceUid))).rejects.toMatchObject({ code: 'PACS_INCOMPLETE' });
    // The next call looks again.
    expect(await listed(pacs)).toBe(0);
    expect(pacs.report().unreadable).toEqual({ DICOM_TRUNCATED: 1 });
  });

  it('says that a file ends while it is read', async () => {
    const path = join(root, 'a');
    await writePart10(path, first);
    const pacs = watching();
    const reading = async () => {
      for await (const { dataSet } of pacs.retrieve(study.studyInstanceUid)) {
        await truncate(path, 900);
        await all(dataSet);
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'PACS_INCOMPLETE' });
  });

  it('does not take an unmounted share for an empty one', async () => {
    await writePart10(join(root, 'a'), first);
    const pacs = watching();
    expect(await listed(pacs)).toBe(1);
    await rename(root, `${root}-away`);
    await expect(listed(pacs)).rejects.toMatchObject({ code: 'PACS_UNREACHABLE' });
    await rename(`${root}-away`, root);
    expect(await listed(pacs)).toBe(1);
  });

  it('has limits on files and depth', async () => {
    for (const [index, instance] of instances.entries()) await writePart10(join(root, `f${index}`), instance);
    await mkdir(join(root, 'a', 'b'), { recursive: true });
    const count = async (limits: { maxFiles?: number; maxDepth?: number }) =>
      (await all(filesBelow(nodeFiles, root, limits))).length;
    expect(await count({ maxFiles: 3, maxDepth: 2 })).toBe(3);
    await expect(count({ maxFiles: 2 })).rejects.toMatchObject({ code: 'PACS_TOO_MANY' });
    await expect(count({ maxDepth: 1 })).rejects.toMatchObject({ code: 'PACS_TOO_MANY' });
  });

  it('looks once for searches that come together, and stops a look', async () => {
    let looks = 0;
    const readdirCounting = ((...given: Parameters<Files['readdir']>) => {
      looks++;
      return nodeFiles.readdir(...given);
    }) as Files['readdir'];
    const pacs = watching({ files: { ...nodeFiles, readdir: readdirCounting }, rescanMs: 1000 });
    await Promise.all([listed(pacs), listed(pacs), listed(pacs)]);
    expect(looks).toBe(1);
    await listed(pacs);
    expect(looks).toBe(1);
    nowMs += 1000;
    const look = listed(pacs);
    await pacs.stop();
    await expect(look).rejects.toMatchObject({ code: 'PACS_UNREACHABLE' });
  });
});

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

describe('a folder that is written to', () => {
  const objectPath = (uid: string) => {
    const name = createHash('sha256').update(uid).digest('hex');
    return join(root, 'in', name.slice(0, 2), name);
  };

  it('names a file by a digest of its UID, readable by nobody else, behind a preamble of zeros', async () => {
    const pacs = writing();
    expect((await all(pacs.store([first]))).map((each) => each.status)).toEqual(['stored']);
    const path = objectPath(first.sopInstanceUid);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const file = await readFile(path);
    expect(file.subarray(0, 128).every((byte) => byte === 0)).toBe(true);
    expect(file.subarray(part10Header(first).length).equals(firstBytes)).toBe(true);
    expect(await readdir(join(root, 'in', '.parts'))).toEqual([]);
  });

  it('never replaces an object, also not one that another process wrote a moment ago', async () => {
    await all(writing().store([first]));
    const before = await readFile(objectPath(first.sopInstanceUid));
    const late = folderPacs({ write: join(root, 'in'), stableMs: 0, rescanMs: 0 });
    // Its look at the folder sees nothing, as if the object had come after it.
    const blind = folderPacs({
      write: join(root, 'in'),
      stableMs: 0,
      rescanMs: 0,
      files: { ...nodeFiles, lstat: failing('ENOENT') },
    });
    const changed = storable(
      firstBytes.map((byte, index) => (index === firstBytes.length - 1 ? byte ^ 1 : byte)),
      first,
    );
    for (const pacs of [late, blind]) {
      expect((await all(pacs.store([changed]))).map((each) => each.status)).toEqual(['duplicate']);
      expect((await readFile(objectPath(first.sopInstanceUid))).equals(before)).toBe(true);
    }
  });

  it('sees a duplicate in the watched tree', async () => {
    await mkdir(join(root, 'out'));
    await writePart10(join(root, 'out', 'a'), first);
    const pacs = folderPacs({ watch: join(root, 'out'), write: join(root, 'in'), stableMs: 0, rescanMs: 0 });
    expect((await all(pacs.store(instances))).map((each) => each.status)).toEqual(['duplicate', 'stored', 'stored']);
  });

  it('syncs the file before it has its name, and the folders after, before it answers', async () => {
    const calls: string[] = [];
    const open: Files['open'] = async (path, ...given) => {
      const handle = await nodeFiles.open(path, ...given);
      const kind = String(path).includes('.parts') ? 'file' : String(path).endsWith('/in') ? 'folder' : 'shard';
      for (const name of ['sync', 'datasync'] as const) {
        const call = handle[name].bind(handle);
        handle[name] = () => {
          calls.push(`${name} ${kind}`);
          return call();
        };
      }
      return handle;
    };
    const link: Files['link'] = (from, to) => {
      calls.push('link');
      return nodeFiles.link(from, to);
    };
    for await (const outcome of writing({ open, link }).store([first])) calls.push(outcome.status);
    expect(calls).toEqual(['datasync file', 'link', 'sync shard', 'sync folder', 'stored']);
  });

  it('refuses for the moment when the disk is full, and leaves nothing behind', async () => {
    let room = 1;
    const open: Files['open'] = async (path, ...given) => {
      const handle = await nodeFiles.open(path, ...given);
      const writev = handle.writev.bind(handle);
      handle.writev = (parts: never) => (room-- > 0 ? writev(parts) : Promise.reject(diskError('ENOSPC')));
      return handle;
    };
    const outcomes = (await all(writing({ open }).store(instances))).toSorted((one, other) =>
      other.status.localeCompare(one.status),
    );
    expect(outcomes[0]).toMatchObject({ status: 'stored' });
    for (const refused of outcomes.slice(1)) {
      expect(refused).toMatchObject({ status: 'refused', retry: 'later', statusCode: 0xa700 });
    }
    expect(await readdir(join(root, 'in', '.parts'))).toEqual([]);
    room = 10;
    const again = await all(writing().store(instances));
    expect(again.map((each) => each.status).toSorted()).toEqual(['duplicate', 'stored', 'stored']);
  });

  it('is in doubt when the object has its name and the folder cannot be synced', async () => {
    const open: Files['open'] = async (path, ...given) => {
      const handle = await nodeFiles.open(path, ...given);
      handle.sync = () => Promise.reject(diskError('EIO'));
      return handle;
    };
    const [outcome] = await all(writing({ open }).store([first]));
    expect(outcome).toMatchObject({ status: 'unknown', retry: 'later' });
    // A repeat finds it and syncs again before it says duplicate.
    expect((await all(writing().store([first])))[0]).toMatchObject({ status: 'duplicate' });
  });

  it('does not trust a file that could not be synced', async () => {
    const open: Files['open'] = async (path, ...given) => {
      const handle = await nodeFiles.open(path, ...given);
      handle.datasync = () => Promise.reject(diskError('EIO'));
      return handle;
    };
    expect((await all(writing({ open }).store([first])))[0]).toMatchObject({ status: 'refused', retry: 'later' });
    expect(await listed(writing())).toBe(0);
  });

  it('says that nothing can be stored when it may not write', async () => {
    const pacs = writing({
      mkdir: () => Promise.resolve(undefined),
      open: failing('EROFS'),
    });
    await mkdir(join(root, 'in', '.parts'), { recursive: true });
    await expect(all(pacs.store([first]))).rejects.toMatchObject({ code: 'PACS_REFUSED' });
  });

  it('works without hard links', async () => {
    const pacs = writing({ link: failing('ENOTSUP') });
    expect((await all(pacs.store(instances))).map((each) => each.status)).toEqual(['stored', 'stored', 'stored']);
    expect(await readdir(join(root, 'in', '.parts'))).toEqual([]);
    await rm(objectPath(first.sopInstanceUid));
    await writeFile(objectPath(first.sopInstanceUid), 'something else');
    expect((await all(pacs.store([first])))[0]).toMatchObject({ status: 'duplicate' });
  });

  it('removes old part files when it starts, and none that may still be written', async () => {
    const parts = join(root, 'in', '.parts');
    await mkdir(parts, { recursive: true });
    await writeFile(join(parts, 'old'), 'x');
    await writeFile(join(parts, 'young'), 'x');
    const twoHoursAgo = new Date(Date.now() - 7_200_000);
    await utimes(join(parts, 'old'), twoHoursAgo, twoHoursAgo);
    await writing().start();
    expect(await readdir(parts)).toEqual(['young']);
  });

  it('finds what an earlier run wrote', async () => {
    await all(writing().store(instances));
    expect(await listed(writing())).toBe(3);
  });
});

describe('the folder PACS as a module', () => {
  const schema = adapter.configSchema['~standard'];

  it('makes paths absolute with the context', async () => {
    const config = await schema.validate({ write: 'in', stableMs: 0 });
    if (config.issues !== undefined) throw new Error('a sound configuration is accepted');
    const context = { log: silentLog, clock: { ...clock, sleep: () => Promise.resolve() } };
    const pacs = await adapter.create(config.value, { ...context, resolvePath: (path) => join(root, path) });
    await pacs.start();
    expect(await readdir(join(root, 'in'))).toEqual(['.parts']);
    await pacs.stop();
  });

  it.each([{}, { watch: 'a', wach: 'b' }, { watch: '' }, { watch: 'a', stableMs: -1 }])(
    'refuses %o',
    async (config) => {
      expect((await schema.validate(config)).issues?.length).toBeGreaterThan(0);
    },
  );

  it('needs a folder', () => {
    expect(() => folderPacs({})).toThrow(RangeError);
  });
});
