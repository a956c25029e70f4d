/**
 * Receives one object after another into a folder: bytes to disk as they come, the header read as it passes, and a status
 * only when the object is durable and indexed (PS3.4 B.2.3).
 */
import { part10Header, type Uid } from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import type { IndexedInstance } from '@interhosp/core/pacs';
import type { Clock, Log } from '@interhosp/core/world';
import { fsCodeOf } from '../../disk/open-file.ts';
import type { HeldIndex } from './held-index.ts';
import { readHeldObject, type HeldInstance } from './held-object.ts';
import type { DataSetInbox } from '../association/inbox.ts';
import type { IncomingInstance } from '../store/incoming-store.ts';
import { MAX_HELD_INSTANCES, MAX_STUDY_BYTES, MIN_FREE_BYTES, WHOLE_OBJECT_BYTES } from '../limits.ts';
import type { ObjectPlace } from './object-disk.ts';
import type { ObjectFolder, PartFile } from './object-files.ts';
import { HeaderMemory } from './header-memory.ts';
import { HeaderWatch } from './object-header.ts';
import { PieceList } from '../association/piece-list.ts';
import { PieceMemory } from '../association/piece-memory.ts';
import { STATUS } from '../association/status.ts';

/** What became of an instance. */
export interface Received {
  readonly status: number;
  /** Only when it is new. */
  readonly stored?: HeldInstance;
}

/** What bounds a {@link Receiver}; see `StoreInboxOptions`. */
export interface ReceiverOptions {
  readonly clock: Clock;
  readonly minFreeBytes?: number;
  readonly maxStudyBytes?: number;
  readonly maxInstances?: number;
}

/** See the file's head. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #folder: ObjectFolder;
  readonly #index: HeldIndex;
  readonly #log: Log;
  /** Objects that are on their way in, by UID: another of the same UID waits for the first. */
  readonly #underWay = new Map<Uid, Promise<unknown>>();
  readonly #room: Room;
  readonly #headers = new HeaderMemory();

  constructor(options: ReceiverOptions, folder: ObjectFolder, index: HeldIndex, log: Log) {
    this.#options = options;
    this.#folder = folder;
    this.#index = index;
    this.#log = log;
    this.#room = new Room(folder, options.clock, options.minFreeBytes ?? MIN_FREE_BYTES);
  }

  /** @throws {PacsError} what ended the association before the data set; the signal's reason. */
  async take(instance: IncomingInstance, signal: AbortSignal): Promise<Received> {
    const { sopInstanceUid } = instance;
    for (let first; (first = this.#underWay.get(sopInstanceUid)) !== undefined;) await first;
    const receiving = this.#receive(instance, signal);
    const done = receiving.catch(() => {});
    this.#underWay.set(sopInstanceUid, done);
    try {
      return await receiving;
    } finally {
      this.#underWay.delete(sopInstanceUid);
    }
  }

  async #receive(instance: IncomingInstance, signal: AbortSignal): Promise<Received> {
    try {
      signal.throwIfAborted();
      const held = this.#index.withUid(instance.sopInstanceUid);
      if (held !== undefined) return await this.#repeated(held, instance);
      const { maxInstances = MAX_HELD_INSTANCES } = this.#options;
      if (this.#index.size >= maxInstances) return this.#refused(STATUS.outOfResources, 'instance-limit');
      if (!(await this.#room.isThere())) return this.#refused(STATUS.outOfResources, 'disk-floor');
      return await this.#write(instance, signal);
    } catch (error) {
      const status = diskStatus(error);
      if (status === undefined) throw error;
      return this.#refused(status, fsCodeOf(error) ?? 'disk');
    }
  }

  /** The same bytes again are no news; others are refused, and the first ones stay. */
  async #repeated(held: HeldInstance, { dataSet, transferSyntaxUid }: IncomingInstance): Promise<Received> {
    const isSame = held.transferSyntaxUid === transferSyntaxUid && (await this.#isEqual(held, dataSet));
    if (!isSame) return this.#refused(STATUS.duplicateSopInstance, 'duplicate');
    await this.#folder.syncAgain(held.place);
    // Its study may have been let go of meanwhile: the next try finds it gone, and brings it anew.
    if (this.#index.withUid(held.sopInstanceUid) !== held) return this.#refused(STATUS.processingFailure, 'gone');
    this.#index.renew(held.studyInstanceUid, this.#options.clock.now());
    return { status: STATUS.success };
  }

  async #isEqual(held: HeldInstance, dataSet: DataSetInbox): Promise<boolean> {
    await using object = await readHeldObject(this.#folder.disk, held);
    const ours = object.dataSet[Symbol.asyncIterator]();
    let left: Uint8Array = new Uint8Array(0);
    for await (const piece of dataSet) {
      for (let at = 0; at < piece.length;) {
        if (left.length === 0) left = (await ours.next()).value ?? left;
        const length = Math.min(left.length, piece.length - at);
        if (length === 0 || Buffer.compare(left.subarray(0, length), piece.subarray(at, at + length)) !== 0)
          return false;
        left = left.subarray(length);
        at += length;
      }
    }
    return left.length === 0 && (await ours.next()).done === true;
  }

  async #write(instance: IncomingInstance, signal: AbortSignal): Promise<Received> {
    const header = part10Header(instance);
    const watch = new HeaderWatch(instance.transferSyntaxUid, this.#headers);
    const incoming = new ObjectBytes(this.#folder, header);
    try {
      const refusal = await this.#pass(instance, watch, incoming, signal);
      if (refusal !== undefined) return refusal;
      const read = await readOrCode(watch);
      if (typeof read === 'string') return this.#refused(STATUS.cannotUnderstand, read);
      const lengthBytes = incoming.bytes - header.length;
      const problem = this.#problem(instance, read, lengthBytes);
      if (problem !== undefined) return problem;
      const receivedMs = this.#options.clock.now();
      const place = await incoming.publish(receivedMs, this.#underWay.size === 1);
      return this.#filed({ ...read, place, lengthBytes, receivedMs });
    } finally {
      await incoming.drop();
    }
  }

  /** Lets the data set pass by the header's reader and onto the disk. A refusal ends it early. */
  async #pass(
    { dataSet }: IncomingInstance,
    watch: HeaderWatch,
    incoming: ObjectBytes,
    signal: AbortSignal,
  ): Promise<Received | undefined> {
    const { maxStudyBytes = MAX_STUDY_BYTES } = this.#options;
    for (;;) {
      const pieces = await dataSet.batch();
      if (pieces.length === 0 || watch.isUnreadable) return undefined;
      signal.throwIfAborted();
      for (const piece of pieces) watch.push(piece);
      const bytes = await incoming.push(pieces, dataSet.isAsItCame);
      if (incoming.bytes > maxStudyBytes) return this.#refused(STATUS.outOfResources, 'study-limit');
      if (!(await this.#room.isThere(bytes))) return this.#refused(STATUS.outOfResources, 'disk-floor');
    }
  }

  #problem(instance: IncomingInstance, read: IndexedInstance, lengthBytes: number): Received | undefined {
    if (read.sopInstanceUid !== instance.sopInstanceUid || read.sopClassUid !== instance.sopClassUid) {
      return this.#refused(STATUS.dataSetDoesNotMatchSopClass, 'identity');
    }
    const { maxStudyBytes = MAX_STUDY_BYTES } = this.#options;
    const isTooMuch = this.#index.bytesOf(read.studyInstanceUid) + lengthBytes > maxStudyBytes;
    return isTooMuch ? this.#refused(STATUS.outOfResources, 'study-limit') : undefined;
  }

  #filed(stored: HeldInstance): Received {
    this.#index.add(stored);
    return { status: STATUS.success, stored };
  }

  #refused(status: number, reason: string): Received {
    this.#log.write('warn', 'dimse.store.refused', { status, reason });
    return { status };
  }
}

/** What the header says, or the code of what is wrong with it. */
async function readOrCode(watch: HeaderWatch): Promise<IndexedInstance | string> {
  try {
    return await watch.end();
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === undefined) throw error;
    return code;
  }
}

/** The bytes of one object: held as long as they are few, then in a part file. */
class ObjectBytes {
  /** So far, the header in front included. */
  bytes: number;
  readonly #folder: ObjectFolder;
  readonly #held = new PieceList();
  readonly #memory = new PieceMemory();
  #part: PartFile | undefined;

  constructor(folder: ObjectFolder, header: Uint8Array) {
    this.#folder = folder;
    this.#held.push(header);
    this.bytes = header.length;
  }

  /** Takes pieces; returns how many bytes they have. @param mayBeFreed - Nobody else looks at them any more. */
  async push(pieces: readonly Uint8Array[], mayBeFreed: boolean): Promise<number> {
    if (mayBeFreed) this.#memory.arrived(pieces);
    let bytes = 0;
    for (const piece of pieces) {
      bytes += piece.length;
      this.#held.push(piece);
    }
    this.bytes += bytes;
    if (this.#part !== undefined || this.bytes > WHOLE_OBJECT_BYTES) await this.#flush();
    return bytes;
  }

  /** Gives the object its place; durable on return. */
  async publish(receivedMs: number, isAlone: boolean): Promise<ObjectPlace> {
    const part = this.#part;
    this.#part = undefined;
    if (part !== undefined) return await this.#folder.publish(part, this.bytes);
    const packed = { pieces: this.#held.take(), lengthBytes: this.bytes, receivedMs };
    const place = await this.#folder.pack(packed, isAlone);
    this.#memory.free();
    return place;
  }

  /** Throws away what was not published. */
  async drop(): Promise<void> {
    await this.#part?.drop();
  }

  async #flush(): Promise<void> {
    this.#part ??= await this.#folder.part();
    await this.#part.append(this.#held.take());
    this.#memory.free();
  }
}

/** How long a look at the free space holds; what is written meanwhile is counted. */
const LOOK_MS = 1_000;

/** Whether the disk has room above its floor. */
class Room {
  readonly #folder: ObjectFolder;
  readonly #clock: Clock;
  readonly #floorBytes: number;
  #freeBytes = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(folder: ObjectFolder, clock: Clock, floorBytes: number) {
    this.#folder = folder;
    this.#clock = clock;
    this.#floorBytes = floorBytes;
  }

  /** @param writtenBytes - Since the last call. */
  async isThere(writtenBytes = 0): Promise<boolean> {
    this.#freeBytes -= writtenBytes;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lookedMs >= LOOK_MS) {
      this.#lookedMs = nowMs;
      this.#looking = this.#look();
    }
    // Whoever comes meanwhile waits for the same answer: nobody knows before.
    await this.#looking;
    return this.#freeBytes >= this.#floorBytes;
  }

  async #look(): Promise<void> {
    this.#freeBytes = await this.#folder.freeBytes();
  }
}

const NO_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** What a failure of the disk is to the sender; undefined for what is none. */
function diskStatus(error: unknown): number | undefined {
  // Errors of ours have codes too.
  const code = errorCodeOf(error) === undefined ? fsCodeOf(error) : undefined;
  if (code === undefined) return undefined;
  return NO_ROOM.has(code) ? STATUS.outOfResources : STATUS.processingFailure;
}
