/** The file of decisions that `interhosp reconcile` writes: whole or not at all, row by row. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigError } from '@interhosp/core/errors';
import type { Zone } from '@interhosp/core/reconciliation';

/** One row. */
export interface DecisionRow {
  readonly arrivalId: string;
  readonly zone: Zone;
  /** The patient linked, or with `review` the likeliest; empty when there is none. */
  readonly registryId: string;
  readonly probability: number;
}

const HEADER = 'incoming_id,decision,registry_id,probability\n';
/** Characters that are written at once. */
const PIECE_LENGTH = 65_536;

/**
 * Only nothing, an empty file, or decisions of an earlier run are written over; never one of the files that are read.
 *
 * @throws {ConfigError} `CONFIG_OVERWRITES`
 */
export async function mustBeFree(file: string, originals: readonly string[]): Promise<void> {
  const there = await stat(file, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (there === undefined) return;
  const others = await Promise.all(originals.map((path) => stat(path, { bigint: true }).catch(() => undefined)));
  const isOriginal = others.some((other) => other?.ino === there.ino && other.dev === there.dev);
  if (isOriginal || !there.isFile() || !(there.size === 0n || (await beginsAsOurs(file))))
    throw new ConfigError('CONFIG_OVERWRITES', { details: { file } });
}

/** Writes all rows as they come. @throws what `rows` throws: nothing is changed at `file` then. */
export async function writeDecisions(file: string, rows: AsyncIterable<DecisionRow>): Promise<void> {
  // In the same folder, so that rename is atomic.
  const part = join(dirname(file), `.${randomBytes(8).toString('hex')}.part`);
  // Also where the process ends early, as when nobody reads its output any more.
  const remove = (): void => rmSync(part, { force: true });
  process.once('exit', remove);
  try {
    await writeRows(part, rows);
    await rename(part, file);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

async function writeRows(part: string, rows: AsyncIterable<DecisionRow>): Promise<void> {
  const handle = await open(part, 'wx');
  try {
    let text = HEADER;
    for await (const { arrivalId, probability, registryId, zone } of rows) {
      text += `${cellOf(arrivalId)},${zone},${cellOf(registryId)},${decimalOf(probability)}\n`;
      if (text.length < PIECE_LENGTH) continue;
      await handle.appendFile(text);
      text = '';
    }
    await handle.appendFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function beginsAsOurs(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER.length), 0, HEADER.length, 0);
    return buffer.subarray(0, bytesRead).toString() === HEADER;
  } finally {
    await handle.close();
  }
}

/** A spreadsheet runs a cell that begins like a formula, quoted or not: an apostrophe before it makes it text. */
function cellOf(text: string): string {
  const inert = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return inert !== text || /[",;\r\n]/.test(text) ? `"${inert.replaceAll('"', '""')}"` : text;
}

/** Nine decimals, cut: nothing is certain, least of all because it was rounded. */
function decimalOf(probability: number): string {
  return (Math.floor(Math.min(probability, 0.999_999_999) * 1e9) / 1e9).toFixed(9);
}
