/**
 * Keeps a data set whose length nobody told until it is known: in memory while it is small, else in a file without a name,
 * which is gone when it is closed, however this process ends.
 */
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { openNameless } from '../disk/open-file.ts';

/** Bytes kept in memory. */
const MEMORY_BYTES = 4_194_304;
const PIECE_BYTES = 262_144;

/** A data set that was read whole. */
export interface SpooledDataSet {
  readonly lengthBytes: number;
  /** From its first byte, as often as wanted until it is closed. */
  dataSet(): AsyncGenerator<Uint8Array, void, undefined>;
  close(): Promise<void>;
}

/** Reads a data set whole. */
export async function spool(dataSet: AsyncIterable<Uint8Array>, folder = tmpdir()): Promise<SpooledDataSet> {
  const memory: Uint8Array[] = [];
  let file: FileHandle | undefined;
  let lengthBytes = 0;
  try {
    for await (const piece of dataSet) {
      if (file === undefined && lengthBytes + piece.length > MEMORY_BYTES) {
        file = await openNameless(folder);
        for (const part of memory.splice(0)) await file.writeFile(part);
      }
      if (file === undefined) memory.push(piece);
      else await file.writeFile(piece);
      lengthBytes += piece.length;
    }
  } catch (error) {
    await file?.close();
    throw error;
  }
  return {
    lengthBytes,
    dataSet: () => (file === undefined ? passOn(memory) : readBack(file, lengthBytes)),
    close: async () => {
      memory.length = 0;
      await file?.close();
    },
  };
}

async function* passOn(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces;
}

async function* readBack(file: FileHandle, lengthBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let position = 0; position < lengthBytes;) {
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, lengthBytes - position));
    const { bytesRead } = await file.read(piece, 0, piece.length, position);
    if (bytesRead === 0) throw new Error('a spooled data set is shorter than it was');
    position += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}
