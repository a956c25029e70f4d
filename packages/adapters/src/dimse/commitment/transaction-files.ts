/**
 * Transactions that outlive the process: one small file each, there whole and for good or not at all. A file is found by the
 * transaction's own key, of which only a digest is its name.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { syncFolder } from '../../disk/open-file.ts';

/** A file that is longer was written by nobody here. */
const MAX_FILE_BYTES = 16_777_216;
const NAME = /^[0-9a-f]{64}\.json$/;

/** See the file's head. */
export class TransactionFiles<T> {
  readonly #folder: string;
  readonly #schema: z.ZodType<T>;

  private constructor(folder: string, schema: z.ZodType<T>) {
    this.#folder = folder;
    this.#schema = schema;
  }

  /** Makes the folder, and removes what a crash left half-written. @throws {Error} of node:fs */
  static async open<T>(folder: string, schema: z.ZodType<T>): Promise<TransactionFiles<T>> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) {
      if (name.endsWith('.part')) await rm(join(folder, name), { force: true });
    }
    return new TransactionFiles(folder, schema);
  }

  /** Every transaction; what cannot be read is left out, and left where it is. */
  async all(): Promise<readonly T[]> {
    const found: T[] = [];
    for (const name of (await readdir(this.#folder)).toSorted()) {
      if (!NAME.test(name)) continue;
      const transaction = this.#read(await readFile(join(this.#folder, name), 'utf8'));
      if (transaction !== undefined) found.push(transaction);
    }
    return found;
  }

  /** Keeps a transaction, durable on return; one of the same key is replaced. @throws {Error} of node:fs */
  async put(key: string, transaction: T): Promise<void> {
    const part = join(this.#folder, `${randomBytes(16).toString('hex')}.part`);
    const handle = await open(part, 'wx', 0o600);
    try {
      await handle.writeFile(JSON.stringify(transaction));
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(part, this.#pathOf(key));
    await syncFolder({ open }, this.#folder);
  }

  /** Forgets a transaction. Forgetting what is not there is fine. @throws {Error} of node:fs */
  async remove(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  #pathOf(key: string): string {
    return join(this.#folder, `${createHash('sha256').update(key).digest('hex')}.json`);
  }

  #read(text: string): T | undefined {
    if (text.length > MAX_FILE_BYTES) return undefined;
    try {
      return this.#schema.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  }
}
