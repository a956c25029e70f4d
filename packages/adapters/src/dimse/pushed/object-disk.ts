/** The disk that received objects go to, and a few operations on it. */
import { fdatasyncSync, writevSync } from 'node:fs';
import { open, rename, rm, statfs } from 'node:fs/promises';

/** File operations, so that a test can let any of them fail. See node:fs and node:fs/promises. */
export interface ObjectDisk {
  readonly open: typeof open;
  readonly rename: typeof rename;
  readonly rm: typeof rm;
  readonly statfs: typeof statfs;
  readonly fdatasyncSync: typeof fdatasyncSync;
  readonly writevSync: typeof writevSync;
}

/** The disk of this machine. */
export const nodeObjectDisk: ObjectDisk = { open, rename, rm, statfs, fdatasyncSync, writevSync };

/** Nobody else on this machine needs to read images. */
export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

/** Where an object's file (PS3.10) lies. */
export interface ObjectPlace {
  readonly path: string;
  /** Where it begins: 0, or somewhere in a pack. */
  readonly start: number;
  readonly lengthBytes: number;
}
