import { mkdtemp, open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WrongLengthError, writeFully } from './open-file.ts';

let folder: string;
let handle: FileHandle;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-disk-'));
  handle = await open(join(folder, 'file'), 'w');
});

afterEach(async () => {
  await handle.close();
  await rm(folder, { recursive: true, force: true });
});

/** A handle that does `before` ahead of each write and takes at most `most` pieces of it. */
function handleThat(before: () => void, most = Infinity): FileHandle {
  const writev = async (left: readonly Uint8Array[]) => {
    before();
    return await handle.writev(left.slice(0, most));
  };
  return { writev } as unknown as FileHandle;
}

describe('writeFully', () => {
  const pieces = () => [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(new ArrayBuffer(2)).fill(4)];

  it('writes on when the disk takes less than it was given', async () => {
    expect(
      await writeFully(
        handleThat(() => {}, 1),
        pieces(),
      ),
    ).toBe(5);
    expect([...(await readFile(join(folder, 'file')))]).toEqual([1, 2, 3, 4, 4]);
  });

  it('tells of a piece whose memory was given away while it was written', async () => {
    const given = pieces();
    const takeAway = () => void structuredClone(given[2]?.buffer, { transfer: [given[2]?.buffer as ArrayBuffer] });
    await expect(writeFully(handleThat(takeAway), given)).rejects.toThrow(WrongLengthError);
  });
});
