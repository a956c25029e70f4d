/** The part of the disk's contract about names: folders, renames, removals. */
import { putFile, readWhole, type DiskHarness, type DiskTest } from './disk-harness.ts';
import { check, equal, rejectsWithCode } from './expect.ts';

/** Versions that replace each other under the eyes of a reader. */
const VERSIONS = 50;
/** Bytes of each version: more than a page, so that a half-written one would show. */
const VERSION_BYTES = 20_000;

/** Listing, renaming, removing. */
export function diskNameTests(test: DiskTest): void {
  test('makes a folder with those above it, also twice', async ({ disk, folder, ...rest }) => {
    await disk.makeFolder(`${folder}/a/b/c`);
    await disk.makeFolder(`${folder}/a/b/c`);
    await putFile({ disk, ...rest, folder: `${folder}/a/b/c` }, 'f', Uint8Array.of(1));
    equal(await disk.list(`${folder}/a/b`), ['c'], 'the folders above are made too');
  });

  test('lists the names in a folder, sorted, and none below', async (harness) => {
    const { disk, folder } = harness;
    await disk.makeFolder(`${folder}/m`);
    await putFile({ ...harness, folder: `${folder}/m` }, 'below', Uint8Array.of(1));
    for (const name of ['b', 'a', 'C', '10', '9', 'z.tmp']) await putFile(harness, name, Uint8Array.of(1));
    equal(await disk.list(folder), ['10', '9', 'C', 'a', 'b', 'm', 'z.tmp'], 'list() gives names in order of code');
  });

  test('finds nothing in a folder that does not exist', async ({ disk, folder }) => {
    equal(await disk.list(`${folder}/none`), [], 'list() of no folder is empty');
  });

  test('knows what exists', async (harness) => {
    const { disk, folder } = harness;
    await putFile(harness, 'f', new Uint8Array());
    equal(await disk.exists(`${folder}/f`), true, 'an empty file exists');
    for (const name of ['g', 'F-', 'f/below', 'none/f']) {
      equal(await disk.exists(`${folder}/${name}`), false, 'nothing else does');
    }
  });

  test('renames a file', async (harness) => {
    const { disk, folder } = harness;
    await putFile(harness, 'from', Uint8Array.of(1));
    await disk.rename(`${folder}/from`, `${folder}/to`);
    await disk.syncFolder(folder);
    equal(await disk.list(folder), ['to'], 'the old name is gone');
    equal(await readWhole(harness, 'to'), Uint8Array.of(1), 'the bytes stay');
  });

  test('renames over a file that is there', async (harness) => {
    const { disk, folder } = harness;
    await putFile(harness, 'from', Uint8Array.of(1));
    await putFile(harness, 'to', Uint8Array.of(2, 2, 2));
    await disk.rename(`${folder}/from`, `${folder}/to`);
    equal(await disk.list(folder), ['to'], 'one name is left');
    equal(await readWhole(harness, 'to'), Uint8Array.of(1), 'rename() replaces the other file');
  });

  test('shows a reader one version or the other while it renames', async (harness) => {
    await putFile(harness, 'to', version(0));
    let isDone = false;
    // Both to their end, so that none still works on a disk that was disposed of.
    const outcomes = await Promise.allSettled([
      replaceAgainAndAgain(harness).finally(() => (isDone = true)),
      readUntil(harness, () => isDone),
    ]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    equal((await readWhole(harness, 'to'))[0], VERSIONS, 'the last version stays');
  });

  test('renames nothing that is not there', async (harness) => {
    const { disk, folder } = harness;
    await putFile(harness, 'to', Uint8Array.of(2));
    const renaming = () => disk.rename(`${folder}/none`, `${folder}/to`);
    await rejectsWithCode(renaming, 'STORAGE_FAILED', 'rename() of no file fails');
    equal(await readWhole(harness, 'to'), Uint8Array.of(2), 'a rename that failed replaces nothing');
  });

  test('removes a file, and does not mind when there is none', async (harness) => {
    const { disk, folder } = harness;
    await putFile(harness, 'f', Uint8Array.of(1));
    await putFile(harness, 'g', Uint8Array.of(1));
    await disk.remove(`${folder}/f`);
    await disk.remove(`${folder}/f`);
    equal(await disk.list(folder), ['g'], 'remove() takes away one file');
  });

  test('says how much is free', async ({ disk, folder }) => {
    const freeBytes = await disk.freeBytes(folder);
    check(Number.isFinite(freeBytes) && freeBytes >= 0, 'freeBytes() is a number from 0');
  });
}

async function replaceAgainAndAgain(harness: DiskHarness): Promise<void> {
  const { disk, folder } = harness;
  for (let number = 1; number <= VERSIONS; number++) {
    await putFile(harness, 'next', version(number));
    await disk.rename(`${folder}/next`, `${folder}/to`);
  }
}

/** Looks at the file until told otherwise; each look must show one version, whole. */
async function readUntil({ disk, folder }: DiskHarness, isDone: () => boolean): Promise<void> {
  while (!isDone()) {
    const file = await disk.open(`${folder}/to`, 'read');
    const seen = new Uint8Array(VERSION_BYTES);
    const readBytes = await file.read(seen, 0);
    await file.close();
    check(readBytes === VERSION_BYTES, 'rename() is atomic: the name is always there, with whole bytes');
    const [first] = seen;
    check(
      seen.every((byte) => byte === first),
      'rename() is atomic: no reader sees parts of two versions',
    );
  }
}

function version(number: number): Uint8Array {
  return new Uint8Array(VERSION_BYTES).fill(number);
}
