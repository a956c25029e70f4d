/**
 * A disk in memory for tests that behaves like a real one at its worst: what was not synced is lost or torn by a crash,
 * names not covered by a folder sync are lost, space runs out in the middle of a write, a write or sync fails at any
 * call, and after a failed sync the bytes still read back but never reach the platter (as on Linux).
 */
import { StorageError } from '@interhosp/core/errors';
import type { Disk, DiskFile, OpenMode } from '@interhosp/core/world';

/** What happens at the chosen call. */
export type SimulatedFault = 'failed' | 'full' | 'crash';

/** A disk whose faults are chosen by the test. */
export interface SimulatedDisk extends Disk {
  /** Calls so far that change something: create, write, truncate, sync, rename, remove, folder sync. */
  readonly changes: number;
  /** Makes the n-th change from now fail (0 is the next one); `crash` also loses power, see {@link SimulatedDisk.crash}. */
  failAfter(changes: number, fault: SimulatedFault, chance?: () => number): void;
  /** Bytes the disk holds; lower it below what is used to run out of space. */
  capacityBytes: number;
  /**
   * Loses power. Handles opened before are dead.
   *
   * @param chance - Asked for each 512-byte sector written since the last sync and each name changed since the last
   *   folder sync; below 0.5 it survives. Default: nothing survives.
   */
  crash(chance?: () => number): void;
  /** Every file as it reads now, for a test that damages or searches it. */
  files(): ReadonlyMap<string, Uint8Array>;
  /** Replaces a file's bytes on the platter. */
  put(path: string, bytes: Uint8Array): void;
  /** A copy whose later life is independent. */
  clone(): SimulatedDisk;
}

/** An empty disk. */
export function simDisk(options: { readonly capacityBytes?: number } = {}): SimulatedDisk {
  return new SimDisk(options.capacityBytes ?? Number.MAX_SAFE_INTEGER);
}

const SECTOR_BYTES = 512;
const SURVIVES = 0.5;

interface Write {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** A change of names, which happens as a whole: `rename` takes one name away and gives another. */
interface NameChange {
  readonly gone?: string;
  readonly given?: { readonly path: string; readonly inode: Inode };
}

class Inode {
  bytes: Uint8Array = new Uint8Array();
  /** What a loss of power leaves. */
  synced: Uint8Array = new Uint8Array();
  /** Writes and truncations (`bytes` empty, `position` the new size) since the last sync. */
  unsynced: Write[] = [];

  apply(write: Write): void {
    this.bytes = applied(this.bytes, write);
    this.unsynced.push(write);
  }
}

class SimDisk implements SimulatedDisk {
  capacityBytes: number;
  changes = 0;
  #fault: { at: number; fault: SimulatedFault; chance: (() => number) | undefined } | undefined;
  #life = 0;
  #names = new Map<string, Inode>();
  #syncedNames = new Map<string, Inode>();
  /** Since the last sync of their folder. */
  #unsyncedNames: NameChange[] = [];

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  failAfter(changes: number, fault: SimulatedFault, chance?: () => number): void {
    this.#fault = { at: this.changes + changes, fault, chance };
  }

  crash(chance: () => number = () => 1): void {
    this.#life += 1;
    this.#fault = undefined;
    for (const change of this.#unsyncedNames) if (chance() < SURVIVES) applyName(this.#syncedNames, change);
    this.#unsyncedNames = [];
    for (const inode of new Set(this.#syncedNames.values())) settleBytes(inode, chance);
    this.#names = new Map(this.#syncedNames);
  }

  files(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#names].map(([path, inode]) => [path, inode.bytes.slice()]));
  }

  put(path: string, bytes: Uint8Array): void {
    const inode = new Inode();
    inode.bytes = bytes.slice();
    inode.synced = bytes.slice();
    this.#names.set(path, inode);
    this.#syncedNames.set(path, inode);
  }

  clone(): SimulatedDisk {
    const copy = new SimDisk(this.capacityBytes);
    for (const [path, inode] of this.#names) copy.put(path, inode.bytes);
    return copy;
  }

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    await this.#turn();
    if (mode === 'create') {
      this.change('open');
      if (this.#names.has(path)) throw failed('EEXIST');
      this.#rename({ given: { path, inode: new Inode() } });
    }
    const inode = this.#names.get(path);
    if (inode === undefined) throw failed('ENOENT');
    return new SimFile(this, path, inode, this.#life, mode);
  }

  async makeFolder(): Promise<void> {
    await this.#turn();
  }

  async list(path: string): Promise<readonly string[]> {
    await this.#turn();
    const prefix = `${path}/`;
    const inside = [...this.#names.keys()].filter((name) => name.startsWith(prefix));
    return [...new Set(inside.map((name) => name.slice(prefix.length).split('/')[0] as string))].sort();
  }

  async exists(path: string): Promise<boolean> {
    await this.#turn();
    return this.#names.has(path) || (await this.list(path)).length > 0;
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#turn();
    this.change('rename');
    const inode = this.#names.get(from);
    if (inode === undefined) throw failed('ENOENT');
    this.#rename({ gone: from, given: { path: to, inode } });
  }

  async remove(path: string): Promise<void> {
    await this.#turn();
    this.change('unlink');
    if (this.#names.has(path)) this.#rename({ gone: path });
  }

  async syncFolder(path: string): Promise<void> {
    await this.#turn();
    this.change('fsync');
    const isHere = ({ gone, given }: NameChange): boolean => folderOf(given?.path ?? gone ?? '') === path;
    for (const change of this.#unsyncedNames) if (isHere(change)) applyName(this.#syncedNames, change);
    this.#unsyncedNames = this.#unsyncedNames.filter((change) => !isHere(change));
  }

  async freeBytes(): Promise<number> {
    await this.#turn();
    return Math.max(0, this.capacityBytes - this.usedBytes());
  }

  usedBytes(): number {
    let used = 0;
    for (const inode of this.#names.values()) used += inode.bytes.length;
    return used;
  }

  isAlive(life: number): boolean {
    return life === this.#life;
  }

  /** Counts a change and fails it when its turn has come; `inPart` is what such a change may still have done. */
  change(kind: string, inPart: () => void = () => {}): void {
    const at = this.changes;
    this.changes += 1;
    if (this.#fault?.at !== at) return;
    const { fault, chance } = this.#fault;
    this.#fault = undefined;
    inPart();
    if (fault === 'full') throw new StorageError('STORAGE_FULL', { details: { kind, reason: 'ENOSPC' } });
    if (fault === 'crash') this.crash(chance);
    throw failed('EIO');
  }

  /** Real disks answer later; so do we, so that two calls under way can overlap. */
  async #turn(): Promise<void> {
    await Promise.resolve();
  }

  #rename(change: NameChange): void {
    applyName(this.#names, change);
    this.#unsyncedNames.push(change);
  }
}

class SimFile implements DiskFile {
  readonly path: string;
  readonly #disk: SimDisk;
  readonly #inode: Inode;
  readonly #life: number;
  readonly #mode: OpenMode;

  constructor(disk: SimDisk, path: string, inode: Inode, life: number, mode: OpenMode) {
    this.#disk = disk;
    this.path = path;
    this.#inode = inode;
    this.#life = life;
    this.#mode = mode;
  }

  async sizeBytes(): Promise<number> {
    await this.#turn();
    return this.#inode.bytes.length;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    await this.#turn();
    const found = this.#inode.bytes.subarray(position, position + into.length);
    into.set(found);
    return found.length;
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    await this.#turn();
    this.#checkWritable();
    const bytes = new Uint8Array(Buffer.concat(parts));
    if (bytes.length === 0) return;
    const half = bytes.subarray(0, bytes.length >> 1);
    this.#disk.change('write', () => {
      if (half.length > 0) this.#inode.apply({ position, bytes: half });
    });
    const growth = Math.max(0, position + bytes.length - this.#inode.bytes.length);
    const roomBytes = Math.max(0, this.#disk.capacityBytes - this.#disk.usedBytes());
    if (growth <= roomBytes) return this.#inode.apply({ position, bytes });
    // A full disk takes the first part and then says no.
    const kept = bytes.length - (growth - roomBytes);
    if (kept > 0) this.#inode.apply({ position, bytes: bytes.subarray(0, kept) });
    throw new StorageError('STORAGE_FULL', { details: { kind: 'write', reason: 'ENOSPC' } });
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.#turn();
    this.#checkWritable();
    this.#disk.change('truncate');
    this.#inode.apply({ position: sizeBytes, bytes: new Uint8Array() });
  }

  async sync(): Promise<void> {
    await this.#turn();
    try {
      this.#disk.change('fsync');
    } catch (error) {
      // Linux marks the pages clean: they read back, and no later sync writes them.
      this.#inode.unsynced = [];
      throw error;
    }
    for (const write of this.#inode.unsynced) this.#inode.synced = applied(this.#inode.synced, write);
    this.#inode.unsynced = [];
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }

  #checkWritable(): void {
    if (this.#mode === 'read') throw failed('EBADF');
  }

  async #turn(): Promise<void> {
    await Promise.resolve();
    if (!this.#disk.isAlive(this.#life)) throw failed('ESTALE');
  }
}

function applied(bytes: Uint8Array, write: Write): Uint8Array {
  if (write.bytes.length === 0) {
    const resized = new Uint8Array(write.position);
    resized.set(bytes.subarray(0, write.position));
    return resized;
  }
  const end = write.position + write.bytes.length;
  const result = end > bytes.length ? new Uint8Array(end) : bytes.slice();
  if (end > bytes.length) result.set(bytes);
  result.set(write.bytes, write.position);
  return result;
}

function applyName(names: Map<string, Inode>, { gone, given }: NameChange): void {
  if (gone !== undefined) names.delete(gone);
  if (given !== undefined) names.set(given.path, given.inode);
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** Power is gone: each sector not yet synced is there or not. */
function settleBytes(inode: Inode, chance: () => number): void {
  for (const write of inode.unsynced) {
    const pieces = write.bytes.length === 0 ? [write] : sectorsOf(write);
    for (const piece of pieces) if (chance() < SURVIVES) inode.synced = applied(inode.synced, piece);
  }
  inode.unsynced = [];
  inode.bytes = inode.synced.slice();
}

function* sectorsOf(write: Write): Iterable<Write> {
  let at = 0;
  while (at < write.bytes.length) {
    const untilEdge = SECTOR_BYTES - ((write.position + at) % SECTOR_BYTES);
    const bytes = write.bytes.subarray(at, at + untilEdge);
    yield { position: write.position + at, bytes };
    at += bytes.length;
  }
}

function failed(reason: string): StorageError {
  return new StorageError('STORAGE_FAILED', { details: { kind: 'simulated', reason } });
}
