/**
 * One writer for one folder, by a lock file.
 *
 * Node has no advisory file locks, so the file says who holds it: process id, start time of the process, start of the
 * machine, process-id namespace. An owner that is provably gone is succeeded at once. One that cannot be judged (another
 * container on the same volume) is watched: a living owner counts its beat up every two seconds. An owner that finds the
 * file no longer its own (it was stopped for long and succeeded) is told, and must not write again.
 */
import { errorCodeOf, StorageError } from '@interhosp/core/errors';
import type { Clock, Disk, DiskFile, Log, Random } from '@interhosp/core/world';
import { toHex } from '@interhosp/core/study';
import type { Host } from './host.ts';

/** A lock that is held. */
export interface FolderLock {
  /** Aborts when the lock was lost to somebody else. */
  readonly lost: AbortSignal;
  /** Calling it twice is fine. */
  release(): Promise<void>;
}

/** What a lock needs of the world. */
export interface FolderLockOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly host: Host;
  readonly log: Log;
}

/** How often an owner shows that it lives. */
export const LOCK_BEAT_MS = 2_000;
/** How long an owner that cannot be judged is watched: three beats, so that a busy one is not taken for dead. */
export const LOCK_WATCH_MS = 6_000;
/** A lock file is about 200 bytes; more is none of ours. */
const MAX_LOCK_BYTES = 1_024;
const LOCK_FILE = 'lock';
/** Attempts to take over before giving up: each lost one means that somebody else was quicker. */
const MAX_ATTEMPTS = 3;

/**
 * Takes the lock of a folder, which must exist.
 *
 * @throws {StorageError} `STORAGE_LOCKED` when a living process holds it.
 */
export async function lockFolder(folder: string, options: FolderLockOptions): Promise<FolderLock> {
  const path = `${folder}/${LOCK_FILE}`;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const lock = await create(path, options);
    if (lock !== undefined) return lock;
    if (!(await isAbandoned(path, options))) break;
    options.log.write('warn', 'lock.taken-over', { file: LOCK_FILE });
    await options.disk.remove(path);
  }
  throw new StorageError('STORAGE_LOCKED', { details: { file: LOCK_FILE } });
}

interface Owner {
  readonly pid: number;
  readonly start: string;
  readonly boot: string;
  readonly namespace: string;
  readonly token: string;
  readonly beat: number;
}

/** Locks held by this process, whose own id is always alive. */
const held = new Set<string>();

async function create(path: string, options: FolderLockOptions): Promise<FolderLock | undefined> {
  const { disk, host, random } = options;
  let file: DiskFile;
  try {
    file = await disk.open(path, 'create');
  } catch (error) {
    if (await disk.exists(path)) return undefined;
    throw error;
  }
  const { pid, boot, namespace } = host;
  const owner = { pid, start: host.startOf(pid) ?? '', boot, namespace, token: toHex(random.bytes(16)) };
  const lock = new HeldLock(path, file, owner, options);
  await lock.start();
  return lock;
}

class HeldLock implements FolderLock {
  readonly #path: string;
  readonly #file: DiskFile;
  readonly #owner: Omit<Owner, 'beat'>;
  readonly #options: FolderLockOptions;
  readonly #lost = new AbortController();
  readonly #released = new AbortController();
  #beating: Promise<void> = Promise.resolve();
  #beats = 0;

  constructor(path: string, file: DiskFile, owner: Omit<Owner, 'beat'>, options: FolderLockOptions) {
    this.#path = path;
    this.#file = file;
    this.#owner = owner;
    this.#options = options;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async start(): Promise<void> {
    await this.#beat();
    // An empty file after a loss of power would have to be watched before it could be taken over.
    await this.#file.sync();
    held.add(this.#owner.token);
    this.#beating = this.#keepBeating();
  }

  async release(): Promise<void> {
    if (this.#released.signal.aborted) return;
    this.#released.abort();
    await this.#beating;
    held.delete(this.#owner.token);
    await this.#file.close();
    if (!this.#lost.signal.aborted && (await this.#isOurs())) await this.#options.disk.remove(this.#path);
  }

  async #keepBeating(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#released;
    try {
      for (;;) {
        await clock.sleep(LOCK_BEAT_MS, { signal });
        if (!(await this.#isOurs())) break;
        await this.#beat();
      }
    } catch {
      if (signal.aborted) return;
    }
    log.write('error', 'lock.lost', { file: LOCK_FILE });
    held.delete(this.#owner.token);
    this.#lost.abort();
  }

  async #isOurs(): Promise<boolean> {
    return (await readOwner(this.#path, this.#options.disk))?.token === this.#owner.token;
  }

  async #beat(): Promise<void> {
    this.#beats += 1;
    // The number has a fixed width, so that a beat needs no room on a full disk.
    const text = JSON.stringify({ ...this.#owner, beat: String(this.#beats).padStart(12, '0') });
    await this.#file.write([new TextEncoder().encode(text)], 0);
  }
}

async function isAbandoned(path: string, options: FolderLockOptions): Promise<boolean> {
  const owner = await readOwner(path, options.disk);
  if (owner === undefined) return await staysSilent(path, options);
  if (held.has(owner.token)) return false;
  const { host } = options;
  if (owner.boot !== host.boot) return true;
  if (owner.namespace !== host.namespace || host.boot === '') return await staysSilent(path, options);
  const start = host.startOf(owner.pid);
  if (start === undefined || start !== owner.start) return true;
  // Our own process id with a token that we do not hold: left by an earlier life with the same id.
  return owner.pid === host.pid;
}

/** Whether nothing happens to the file for as long as a living owner needs for a few beats. */
async function staysSilent(path: string, options: FolderLockOptions): Promise<boolean> {
  const before = await readOwner(path, options.disk);
  await options.clock.sleep(LOCK_WATCH_MS);
  const after = await readOwner(path, options.disk);
  return before?.token === after?.token && before?.beat === after?.beat;
}

/** The owner, or undefined when the file is gone or was never finished. */
async function readOwner(path: string, disk: Disk): Promise<Owner | undefined> {
  let file: DiskFile | undefined;
  try {
    file = await disk.open(path, 'read');
    const bytes = new Uint8Array(MAX_LOCK_BYTES);
    const count = await file.read(bytes, 0);
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(0, count)));
    return parseOwner(value);
  } catch (error) {
    if (errorCodeOf(error) === undefined && !(error instanceof SyntaxError)) throw error;
    return undefined;
  } finally {
    await file?.close();
  }
}

function parseOwner(value: unknown): Owner | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, start, boot, namespace, token, beat } = value as Record<string, unknown>;
  if (typeof pid !== 'number' || typeof start !== 'string' || typeof boot !== 'string') return undefined;
  if (typeof namespace !== 'string' || typeof token !== 'string') return undefined;
  return { pid, start, boot, namespace, token, beat: Number(beat) };
}
