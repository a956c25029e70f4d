/** The part of the disk's contract about the bytes of one file. */
import { putFile, readWhole, type DiskTest } from './disk-harness.ts';
import { check, equal, rejectsWithCode } from './expect.ts';
import { createSampleRandom } from './sample-random.ts';

/** More than one call of any system takes: Linux writes at most 1,024 pieces at once. */
const MANY_PARTS = 1_500;
const BIG_BYTES = 4 * 1_048_576;

/** Opening, reading, writing, cutting and closing. */
export function diskFileTests(test: DiskTest): void {
  openTests(test);
  readTests(test);
  writeTests(test);
}

function openTests(test: DiskTest): void {
  test('creates an empty file, and only where there is none', async (harness) => {
    const { disk, folder } = harness;
    const file = await disk.open(`${folder}/f`, 'create');
    equal(file.path, `${folder}/f`, 'a file knows its path');
    equal(await file.sizeBytes(), 0, 'a created file is empty');
    await file.write([Uint8Array.of(1, 2)], 0);
    await file.close();
    await rejectsWithCode(
      () => disk.open(`${folder}/f`, 'create'),
      'STORAGE_FAILED',
      'create fails if the file exists',
    );
    equal(await readWhole(harness, 'f'), Uint8Array.of(1, 2), 'a create that failed changes nothing');
  });

  test('lets one of two creators win', async ({ disk, folder }) => {
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => disk.open(`${folder}/f`, 'create')));
    const won = tries.filter((each) => each.status === 'fulfilled');
    equal(won.length, 1, 'of those who create one file at the same time, one succeeds');
    for (const { value } of won) await value.close();
  });

  test('opens no file that is not there', async ({ disk, folder }) => {
    for (const mode of ['read', 'write'] as const) {
      await rejectsWithCode(
        () => disk.open(`${folder}/none`, mode),
        'STORAGE_FAILED',
        `${mode} opens an existing file`,
      );
    }
    equal(await disk.exists(`${folder}/none`), false, 'an open that failed leaves no file');
  });

  test('keeps the bytes of a file that it opens for writing', async (harness) => {
    await putFile(harness, 'f', Uint8Array.of(1, 2, 3));
    const file = await harness.disk.open(`${harness.folder}/f`, 'write');
    await file.write([Uint8Array.of(9)], 1);
    const into = new Uint8Array(3);
    await file.read(into, 0);
    await file.close();
    equal(into, Uint8Array.of(1, 9, 3), 'write opens for reading and writing, and cuts nothing off');
  });

  test('writes nothing to a file that was opened for reading', async (harness) => {
    await putFile(harness, 'f', Uint8Array.of(1, 2, 3));
    const file = await harness.disk.open(`${harness.folder}/f`, 'read');
    await rejectsWithCode(() => file.write([Uint8Array.of(9)], 0), 'STORAGE_FAILED', 'read opens for reading alone');
    await rejectsWithCode(() => file.truncate(1), 'STORAGE_FAILED', 'read opens for reading alone');
    await file.close();
    equal(await readWhole(harness, 'f'), Uint8Array.of(1, 2, 3), 'a refused write changes nothing');
  });

  test('closes twice without complaint', async ({ disk, folder }) => {
    const file = await disk.open(`${folder}/f`, 'create');
    await file.close();
    await file.close();
  });
}

function readTests(test: DiskTest): void {
  test('reads from a position, fewer bytes only at the end', async (harness) => {
    await putFile(harness, 'f', Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
    const file = await harness.disk.open(`${harness.folder}/f`, 'read');
    for (const [position, lengthBytes, expected] of [
      [0, 4, [0, 1, 2, 3]],
      [3, 4, [3, 4, 5, 6]],
      [8, 4, [8, 9]],
      [10, 4, []],
      [99, 4, []],
      [5, 0, []],
    ] as const) {
      const into = new Uint8Array(lengthBytes);
      const readBytes = await file.read(into, position);
      equal([...into.subarray(0, readBytes)], expected, 'read() gives the bytes at the position, up to the end');
    }
    await file.close();
  });

  test('fills what it was given and nothing around it', async (harness) => {
    await putFile(harness, 'f', Uint8Array.of(1, 2, 3, 4));
    const file = await harness.disk.open(`${harness.folder}/f`, 'read');
    const around = new Uint8Array(8).fill(0xaa);
    equal(await file.read(around.subarray(2, 5), 1), 3, 'read() says how many bytes it read');
    await file.close();
    equal(around, Uint8Array.of(0xaa, 0xaa, 2, 3, 4, 0xaa, 0xaa, 0xaa), 'read() writes into its view alone');
  });

  test('reads at many positions at the same time', async (harness) => {
    const bytes = noise(65_536);
    await putFile(harness, 'f', bytes);
    const file = await harness.disk.open(`${harness.folder}/f`, 'read');
    const pieces = await Promise.all(
      Array.from({ length: 64 }, async (_, index) => {
        const into = new Uint8Array(1_024);
        await file.read(into, index * 1_024);
        return into;
      }),
    );
    await file.close();
    for (const [index, piece] of pieces.entries()) {
      equal(piece, bytes.slice(index * 1_024, (index + 1) * 1_024), 'readers of one file do not move each other');
    }
  });
}

function writeTests(test: DiskTest): void {
  test('writes many parts one after another', async (harness) => {
    const parts = Array.from({ length: MANY_PARTS }, (_, index) => new Uint8Array(index % 7).fill(index));
    const file = await harness.disk.open(`${harness.folder}/f`, 'create');
    await file.write(parts, 5);
    await file.close();
    const expected = [0, 0, 0, 0, 0, ...parts.flatMap((part) => [...part])];
    equal([...(await readWhole(harness, 'f'))], expected, 'parts follow each other; a gap before them reads as zeros');
  });

  test('changes nothing when there is nothing to write', async (harness) => {
    await putFile(harness, 'f', Uint8Array.of(1, 2, 3));
    const file = await harness.disk.open(`${harness.folder}/f`, 'write');
    await file.write([], 1);
    await file.write([new Uint8Array()], 1);
    await file.write([new Uint8Array(), new Uint8Array()], 9);
    await file.close();
    equal(await readWhole(harness, 'f'), Uint8Array.of(1, 2, 3), 'a write of no bytes neither cuts nor lengthens');
  });

  test('takes the bytes as they are when it returns', async (harness) => {
    const file = await harness.disk.open(`${harness.folder}/f`, 'create');
    const bytes = Uint8Array.of(1, 2, 3);
    await file.write([bytes], 0);
    bytes.fill(0);
    await file.sync();
    await file.close();
    equal(await readWhole(harness, 'f'), Uint8Array.of(1, 2, 3), 'memory can be used again once write() has returned');
  });

  test('writes and reads some megabytes', async (harness) => {
    const bytes = noise(BIG_BYTES);
    await putFile(harness, 'f', bytes);
    check(sameBytes(await readWhole(harness, 'f'), bytes), 'what was written is read');
  });

  test('cuts and lengthens', async (harness) => {
    await putFile(harness, 'f', Uint8Array.of(1, 2, 3, 4));
    const file = await harness.disk.open(`${harness.folder}/f`, 'write');
    await file.truncate(2);
    equal(await file.sizeBytes(), 2, 'truncate() sets the size');
    await file.truncate(4);
    await file.close();
    equal(await readWhole(harness, 'f'), Uint8Array.of(1, 2, 0, 0), 'what is gained reads as zeros, never as before');
  });
}

function noise(bytes: number): Uint8Array {
  return createSampleRandom('disk').bytes(bytes);
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
