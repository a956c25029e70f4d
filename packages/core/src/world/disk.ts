/**
 * Port: files, as journal and spool need them. Small on purpose, so that a simulation can lose unsynced bytes, run out
 * of space and fail a sync at any call.
 *
 * Every method may throw {@link StorageError} `STORAGE_FULL` or `STORAGE_FAILED`. After a failed sync a file is never
 * trusted again: close it, read it back, write it elsewhere.
 */

/**
 * How a file is opened: `create` fails if it exists, `write` opens an existing one for reading and writing, `read` for
 * reading alone.
 */
export type OpenMode = 'create' | 'write' | 'read';

/** An open file. */
export interface DiskFile {
  readonly path: string;
  sizeBytes(): Promise<number>;
  /** Fills `into` from `position`; returns the bytes read, fewer only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes all parts one after another at `position`. */
  write(parts: readonly Uint8Array[], position: number): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  /** Returns once the bytes survive a loss of power (fdatasync). */
  sync(): Promise<void>;
  /** Calling it twice is fine. */
  close(): Promise<void>;
}

/** A folder tree on one file system. */
export interface Disk {
  open(path: string, mode: OpenMode): Promise<DiskFile>;
  /** Creates the folder and those above it, mode 0700. */
  makeFolder(path: string): Promise<void>;
  /** Names in a folder, sorted; empty when the folder does not exist. */
  list(path: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
  /** Replaces `to` atomically; durable only after {@link Disk.syncFolder}. */
  rename(from: string, to: string): Promise<void>;
  /** Removing what is not there is fine. */
  remove(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
  freeBytes(path: string): Promise<number>;
}
