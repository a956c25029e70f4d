/**
 * A folder of instances that others pushed to us (C-STORE, and the sub-operations of C-MOVE and C-GET): durable before a
 * success is answered, listed and retrieved as a PACS would, and held until it was passed on. What it holds is told by the files
 * alone: the index is made anew from their headers at each start.
 */
import type { Uid } from '@interhosp/core/dicom';
import { errorCodeOf, PacsError } from '@interhosp/core/errors';
import type {
  InstanceSummary,
  IsPassedOn,
  PacsOptions,
  RetrievedInstance,
  StudyQuery,
  StudySummary,
} from '@interhosp/core/pacs';
import { silentLog, type Clock, type Log } from '@interhosp/core/world';
import type { InstanceTaker } from '../store/incoming-store.ts';
import { HeldIndex } from './held-index.ts';
import { EXPIRY_CHECK_MS, PARALLEL_READS, RETENTION_DAYS } from '../limits.ts';
import type { ObjectDisk } from './object-disk.ts';
import { ObjectFolder } from './object-files.ts';
import { readHeldHeader, readHeldObject, type HeldInstance } from './held-object.ts';
import { Receiver } from './receive-object.ts';
import { Hints } from './hints.ts';
import type { PackedObject } from './read-pack.ts';

/** How an inbox is opened. */
export interface StoreInboxOptions {
  /** Its own alone; made when it is not there. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log?: Log;
  /**
   * Days that a study is held at least after its last instance came; whole studies go, and only those that were passed on.
   * Default `RETENTION_DAYS`.
   */
  readonly retentionDays?: number;
  /** Instances are refused with A700 when less would stay free. Default `MIN_FREE_BYTES`. */
  readonly minFreeBytes?: number;
  /** Most bytes of one study. Default `MAX_STUDY_BYTES`. */
  readonly maxStudyBytes?: number;
  /** Most instances in all. Default `MAX_HELD_INSTANCES`. */
  readonly maxInstances?: number;
  /** For tests that let the disk fail. */
  readonly disk?: ObjectDisk;
}

/** An inbox that is open. A second object of a SOP Instance UID never replaces the first. */
export interface StoreInbox {
  /** Number of instances held. */
  readonly size: number;
  /**
   * Takes an instance, and answers once it is durable: 0000, also for a repetition of the same bytes; 0111 for other bytes
   * of a UID that is held, which are thrown away; A900 where command and data set name different objects; C000 for what
   * cannot be read to its end or names no study; A700 where there is no room.
   */
  readonly take: InstanceTaker;
  /** Studies that match, as they are at this moment. */
  studies(query: StudyQuery): readonly StudySummary[];
  /** The instances of a study; empty when none is held. */
  instances(studyInstanceUid: Uid): readonly HeldInstance[];
  /**
   * Reads a study, or the named instances of it that are held.
   *
   * @throws {PacsError} `PACS_STUDY_UNKNOWN` when nothing is held; `PACS_INCOMPLETE` when a file is not there any more.
   */
  retrieve(
    studyInstanceUid: Uid,
    options?: PacsOptions & { readonly instances?: readonly Pick<InstanceSummary, 'sopInstanceUid'>[] },
  ): AsyncIterable<RetrievedInstance>;
  /** Studies of which instances have come since the call, again when more come; ends when the inbox stops. */
  changes(options?: PacsOptions): AsyncIterable<Uid>;
  /** Removes a study. What is read at this moment is read to its end. */
  remove(studyInstanceUid: Uid): Promise<void>;
  /** Says who knows what was passed on for good. Until then nothing is removed by itself. */
  erasesWhen(isPassedOn: IsPassedOn): void;
  /**
   * Removes the studies whose time is over and which were passed on, and logs as an error how many others are over time: these
   * stay, and what comes is refused in the end. Happens by itself every hour, and here for those who cannot wait.
   */
  expire(): Promise<void>;
  /** Ends what waits. Instances that come in meanwhile end with their associations. Calling it twice is fine. */
  stop(): Promise<void>;
}

/** Opens an inbox: removes what a crash left half-written, and reads the headers of what is held. */
export async function openStoreInbox(options: StoreInboxOptions): Promise<StoreInbox> {
  const log = (options.log ?? silentLog).forComponent('interhosp:dimse');
  const folder = await ObjectFolder.open(options.folder, options.disk);
  const index = new HeldIndex();
  await readHeld(folder, index, log);
  return new Inbox(options, folder, index, log);
}

/** What cannot be read is left where it is and counted: somebody may want to look at it. */
async function readHeld(folder: ObjectFolder, index: HeldIndex, log: Log): Promise<void> {
  let unreadable = 0;
  let batch: PackedObject[] = [];
  const readBatch = async (): Promise<void> => {
    const read = await Promise.all(
      batch.map((object) =>
        readHeldHeader(folder.disk, object).catch((error: unknown) => {
          log.write('warn', 'dimse.inbox.unreadable', { code: errorCodeOf(error) ?? 'STORAGE_FAILED' });
          unreadable++;
        }),
      ),
    );
    batch = [];
    for (const instance of read) {
      const older = instance === undefined ? undefined : addNewer(index, instance);
      if (older !== undefined) await folder.remove([older.place]);
    }
  };
  for await (const object of folder.held(() => unreadable++)) {
    if (batch.push(object) === PARALLEL_READS) await readBatch();
  }
  await readBatch();
  log.write('info', 'dimse.inbox.opened', { instances: index.size, count: unreadable });
}

/** Returns the older of two under one UID. Nobody was told of it: a write failed, and so did taking it back. */
function addNewer(index: HeldIndex, instance: HeldInstance): HeldInstance | undefined {
  const other = index.withUid(instance.sopInstanceUid);
  if (other !== undefined && other.receivedMs >= instance.receivedMs) return instance;
  if (other !== undefined) index.remove(other);
  index.add(instance);
  return other;
}

class Inbox implements StoreInbox {
  readonly take: InstanceTaker;
  readonly #folder: ObjectFolder;
  readonly #index: HeldIndex;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #retentionMs: number;
  readonly #hints = new Hints<Uid>();
  readonly #timer: NodeJS.Timeout;
  #isPassedOn: IsPassedOn = () => Promise.resolve(false);
  #expiring: Promise<void> | undefined;

  constructor(options: StoreInboxOptions, folder: ObjectFolder, index: HeldIndex, log: Log) {
    const { clock, retentionDays = RETENTION_DAYS } = options;
    this.#folder = folder;
    this.#index = index;
    this.#log = log;
    this.#clock = clock;
    this.#retentionMs = retentionDays * 86_400_000;
    const receiver = new Receiver(options, folder, index, log);
    this.take = async (instance, signal) => {
      const { status, stored } = await receiver.take(instance, signal);
      if (stored !== undefined) this.#hints.tell(stored.studyInstanceUid);
      return status;
    };
    this.#timer = setInterval(() => void this.expire(), EXPIRY_CHECK_MS);
    this.#timer.unref();
  }

  get size(): number {
    return this.#index.size;
  }

  studies(query: StudyQuery): readonly StudySummary[] {
    return this.#index.studies(query);
  }

  instances(studyInstanceUid: Uid): readonly HeldInstance[] {
    return this.#index.instances(studyInstanceUid);
  }

  async *retrieve(
    studyInstanceUid: Uid,
    options: PacsOptions & { readonly instances?: readonly Pick<InstanceSummary, 'sopInstanceUid'>[] } = {},
  ): AsyncGenerator<RetrievedInstance, void, undefined> {
    const { instances: named, signal } = options;
    if (named?.length === 0) return;
    const held = this.instances(studyInstanceUid);
    if (held.length === 0) throw new PacsError('PACS_STUDY_UNKNOWN', { details: { studyInstanceUid } });
    const wanted = named === undefined ? undefined : new Set(named.map(({ sopInstanceUid }) => sopInstanceUid));
    for (const instance of held) {
      if (wanted?.has(instance.sopInstanceUid) === false) continue;
      signal?.throwIfAborted();
      const { sopInstanceUid, transferSyntaxUid } = instance;
      await using object = await readHeldObject(this.#folder.disk, instance, signal);
      yield { sopInstanceUid, transferSyntaxUid, dataSet: object.dataSet };
    }
  }

  changes({ signal }: PacsOptions = {}): AsyncIterable<Uid> {
    return this.#hints.listen(signal);
  }

  async remove(studyInstanceUid: Uid): Promise<void> {
    const held = this.instances(studyInstanceUid);
    // Out of the index first: what is listed can be read.
    for (const instance of held) this.#index.remove(instance);
    await this.#folder.remove(held.map(({ place }) => place));
  }

  erasesWhen(isPassedOn: IsPassedOn): void {
    this.#isPassedOn = isPassedOn;
  }

  async expire(): Promise<void> {
    this.#expiring ??= this.#expire().finally(() => (this.#expiring = undefined));
    await this.#expiring;
  }

  async #expire(): Promise<void> {
    const beforeMs = this.#clock.now() - this.#retentionMs;
    const left: Uid[] = [];
    try {
      for (const studyInstanceUid of this.#index.quietSince(beforeMs)) {
        const isPassedOn = await this.#isWhollyPassedOn(studyInstanceUid);
        // Something may have come while that was asked.
        if (!this.#index.isQuietSince(studyInstanceUid, beforeMs)) continue;
        if (!isPassedOn) {
          left.push(studyInstanceUid);
          continue;
        }
        const instances = this.instances(studyInstanceUid).length;
        this.#log.write('info', 'dimse.inbox.expired', { studyInstanceUid, instances });
        await this.remove(studyInstanceUid);
      }
      const [studyInstanceUid] = left;
      if (studyInstanceUid === undefined) return;
      this.#log.write('error', 'dimse.inbox.not-passed-on', { count: left.length, studyInstanceUid });
    } catch (error) {
      this.#log.write('error', 'dimse.inbox.failed', { code: errorCodeOf(error) ?? 'STORAGE_FAILED' });
    }
  }

  async #isWhollyPassedOn(studyInstanceUid: Uid): Promise<boolean> {
    const [study, ...underOthers] = this.studies({ studyInstanceUid });
    // One under two patients is for a person to look at.
    if (study === undefined || underOthers.length > 0) return false;
    const held = this.instances(studyInstanceUid);
    const receivedMs = held.reduce((latest, instance) => Math.max(latest, instance.receivedMs), 0);
    return await this.#isPassedOn({ ...study, instances: held.length, receivedMs });
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#hints.end();
    await this.#expiring;
    await this.#folder.close();
  }
}
