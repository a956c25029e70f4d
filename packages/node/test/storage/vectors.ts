/** What the test vectors of journal, spool and keys have in common: a file for each, and randomness that is counted. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Disk, Random } from '@interhosp/core/world';

/** Set it to write the vectors anew; they are part of the formats and never change. */
const isWriting = process.env['INTERHOSP_WRITE_VECTORS'] === '1';

/** Writes what was made when told so, and gives back what is kept. */
export function keptVectors<T>(name: string, made: T): T {
  const file = new URL(`../../../../docs/protocol/vectors/${name}.json`, import.meta.url);
  if (isWriting) writeFileSync(file, `${JSON.stringify(made, undefined, 2)}\n`);
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

/** The first call gives bytes of 1, the next bytes of 2, and so on. */
export function countedRandom(): Random {
  let calls = 0;
  return {
    bytes: (count) => {
      calls += 1;
      return new Uint8Array(count).fill(calls);
    },
  };
}

/** Lowercase hexadecimal digits. */
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** The bytes of hexadecimal digits. */
export const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** Puts a file on a disk. */
export async function putFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const file = await disk.open(path, 'create');
  await file.write([bytes], 0);
  await file.sync();
  await file.close();
}
