/**
 * A folder as a PACS: finds studies in a tree of DICOM files that somebody exports, and stores instances as files for
 * somebody to import. What it stored it finds again, so that a store can be confirmed.
 */
import { resolve, sep } from 'node:path';
import type { Uid } from '@interhosp/core/dicom';
import { PacsError, type InterhospError } from '@interhosp/core/errors';
import type {
  InstanceSummary,
  Pacs,
  PacsCapabilities,
  PacsOptions,
  RetrievedInstance,
  StorableInstance,
  StoreOutcome,
  StudyQuery,
  StudySummary,
} from '@interhosp/core/pacs';
import { silentLog, untilAborted, type Clock, type Log } from '@interhosp/core/world';
import { createDcmjs, type DcmjsClient } from '../dcmjs/index.ts';
import { DEFAULT_RESCAN_MS, DEFAULT_STABLE_MS, PARALLEL_WRITES } from './defaults.ts';
import { nodeFiles, type Files } from './files.ts';
import { FolderIndex, type FolderReport } from './folder-index.ts';
import { openInstance, readDataSet, type FiledInstance } from './read-file.ts';
import type { TreeLimits } from './scan.ts';
import { sideBySide } from './side-by-side.ts';
import { prepareFolder, writeObject } from './write-object.ts';

/** How a folder PACS is made; at least one folder is needed, and both may be the same. */
export interface FolderPacsOptions extends TreeLimits {
  /** A tree of Part 10 files with any names, which others fill. */
  readonly watch?: string;
  /** A folder to write to; made when it does not exist. */
  readonly write?: string;
  /** A file is listed when it has not changed for so long; default `DEFAULT_STABLE_MS`. */
  readonly stableMs?: number;
  /** Searches closer together share one look at the folder; default `DEFAULT_RESCAN_MS`. */
  readonly rescanMs?: number;
  /**
   * Whether PDF, CDA, JPEG, MP4 and WAV files of the watched folder become objects of the studies that a JSON file beside them
   * names; default no. See docs/operating.md.
   */
  readonly import?: boolean;
  readonly clock?: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly log?: Log;
  /** For tests that let the disk fail. */
  readonly files?: Files;
}

/** A folder PACS with its report. */
export interface FolderPacs extends Pacs {
  /** What the last look at the folders found; look again with a search. */
  report(): FolderReport;
}

/** Makes a PACS of one or two folders. @throws {RangeError} without any. */
export function folderPacs(options: FolderPacsOptions): FolderPacs {
  if (options.watch === undefined && options.write === undefined) throw new RangeError('a folder PACS needs a folder');
  return new Folder(options);
}

const processClock: Pick<Clock, 'now' | 'monotonicMs'> = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
};

class Folder implements FolderPacs {
  readonly capabilities: PacsCapabilities;
  readonly #options: FolderPacsOptions;
  readonly #files: Files;
  readonly #clock: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly #log: Log;
  readonly #index: FolderIndex;
  #isPrepared = false;
  #stopped = new AbortController();
  /** The look at the folders that is under way. */
  #looking: Promise<void> | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: FolderPacsOptions) {
    const { watch, write, stableMs = DEFAULT_STABLE_MS, clock = processClock, files = nodeFiles } = options;
    this.#options = options;
    this.#files = files;
    this.#clock = clock;
    this.#log = (options.log ?? silentLog).forComponent('interhosp:folder');
    const roots = outermost([watch, write].filter((each) => each !== undefined));
    const importing = { dictionary: describeKeywords, onRefused: (error: InterhospError) => this.#onRefused(error) };
    this.#index = new FolderIndex({
      ...options,
      roots,
      stableMs,
      clock,
      files,
      ...(options.import === true && watch !== undefined && { importing }),
    });
    this.capabilities = {
      source: true,
      destination: write !== undefined,
      preservesBytes: true,
      onDuplicate: 'ignore',
    };
  }

  async start(): Promise<void> {
    if (this.#stopped.signal.aborted) this.#stopped = new AbortController();
    // A share that is not mounted yet is no error here; each call says so.
    await this.#prepare().catch(() => {});
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new PacsError('PACS_UNREACHABLE', { details: { reason: 'stopped' } }));
    await this.#looking?.catch(() => {});
  }

  report(): FolderReport {
    return this.#index.report();
  }

  async echo(options: PacsOptions = {}): Promise<void> {
    await this.#refresh(options);
  }

  async *findStudies(query: StudyQuery, options: PacsOptions = {}): AsyncGenerator<StudySummary> {
    await this.#refresh(options);
    for (const study of this.#index.studies.studies(query)) {
      options.signal?.throwIfAborted();
      yield study;
    }
  }

  async *findInstances(studyInstanceUid: Uid, options: PacsOptions = {}): AsyncGenerator<InstanceSummary> {
    await this.#refresh(options);
    for (const { seriesInstanceUid, sopInstanceUid, sopClassUid } of this.#index.studies.instances(studyInstanceUid)) {
      options.signal?.throwIfAborted();
      yield { seriesInstanceUid, sopInstanceUid, sopClassUid };
    }
  }

  async *retrieve(
    studyInstanceUid: Uid,
    options: PacsOptions & { readonly instances?: readonly InstanceSummary[] } = {},
  ): AsyncGenerator<RetrievedInstance> {
    await this.#refresh(options);
    if (options.instances?.length === 0) return;
    const held = this.#index.studies.instances(studyInstanceUid);
    if (held.length === 0) throw new PacsError('PACS_STUDY_UNKNOWN', { details: { studyInstanceUid } });
    for (const instance of namedInstances(held, options.instances)) {
      options.signal?.throwIfAborted();
      const handle = await openInstance(this.#files, instance).catch((error: unknown) => {
        this.#lookedAtMs = Number.NEGATIVE_INFINITY;
        throw error;
      });
      try {
        yield { transferSyntaxUid: instance.transferSyntaxUid, dataSet: readDataSet(handle, instance, options) };
      } finally {
        await handle.close();
      }
    }
  }

  async *store(
    instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
    options: PacsOptions = {},
  ): AsyncGenerator<StoreOutcome> {
    options.signal?.throwIfAborted();
    const { write } = this.#options;
    if (write === undefined) throw new PacsError('PACS_READ_ONLY');
    await this.#prepare();
    // What is there already must be known, or a duplicate in the watched tree would not be seen.
    await this.#refresh(options);
    // A disk takes several syncs in the time of one.
    yield* sideBySide(instances, PARALLEL_WRITES, async (instance) => {
      options.signal?.throwIfAborted();
      return { sopInstanceUid: instance.sopInstanceUid, ...(await this.#storeOne(write, instance, options)) };
    });
  }

  async #storeOne(
    folder: string,
    instance: StorableInstance,
    options: PacsOptions,
  ): Promise<Omit<StoreOutcome, 'sopInstanceUid'>> {
    if (this.#index.studies.withUid(instance).length > 0) return { status: 'duplicate', statusCode: 0x0111 };
    const result = await writeObject(this.#files, folder, instance, options);
    if ('outcome' in result) return result.outcome;
    this.#index.add(result.instance);
    return { status: 'stored', statusCode: 0 };
  }

  /** The name of the file is not logged: it may be a patient's. */
  #onRefused({ code, details }: InterhospError): void {
    const { field, reason, tag } = details;
    this.#log.write('warn', 'folder.import-refused', {
      code,
      ...(field !== undefined && { field }),
      ...(reason !== undefined && { reason }),
      ...(tag !== undefined && { tag }),
    });
  }

  async #prepare(): Promise<void> {
    const { write } = this.#options;
    if (this.#isPrepared || write === undefined) return;
    try {
      await prepareFolder(this.#files, write, this.#clock.now());
      this.#isPrepared = true;
    } catch (cause) {
      throw new PacsError('PACS_UNREACHABLE', { cause });
    }
  }

  /** Looks at the folders unless that was done a moment ago; callers at the same time share one look. */
  async #refresh(options: PacsOptions): Promise<void> {
    options.signal?.throwIfAborted();
    const { rescanMs = DEFAULT_RESCAN_MS } = this.#options;
    const isFresh = this.#clock.monotonicMs() - this.#lookedAtMs < rescanMs;
    if (isFresh && this.#looking === undefined) return;
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    await untilAborted(this.#looking, options.signal);
  }

  async #look(): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const before = JSON.stringify(this.#index.report());
    await this.#index.refresh(this.#stopped.signal);
    this.#stopped.signal.throwIfAborted();
    this.#lookedAtMs = startedMs;
    const report = this.#index.report();
    if (JSON.stringify(report) === before) return;
    const durationMs = Math.round(this.#clock.monotonicMs() - startedMs);
    this.#log.write('info', 'folder.looked', { instances: report.listed, count: report.growing, durationMs });
    for (const [code, count] of Object.entries(report.unreadable)) {
      this.#log.write('warn', 'folder.unreadable', { code, count });
    }
  }
}

let described: ReturnType<DcmjsClient['describe']> | undefined;

/** What a keyword means does not change: asked once in a process, and again when it failed. */
async function describeKeywords(keywords: readonly string[]) {
  described ??= (async () => {
    await using dcmjs = createDcmjs();
    return await dcmjs.describe(keywords);
  })();
  return await described.catch((error: unknown) => {
    described = undefined;
    throw error;
  });
}

/** The folders that lie in no other: each file is looked at once. */
function outermost(folders: readonly string[]): readonly string[] {
  const absolute = [...new Set(folders.map((each) => resolve(each)))];
  return absolute.filter((each) => !absolute.some((other) => other !== each && each.startsWith(withSeparator(other))));
}

function withSeparator(folder: string): string {
  return folder.endsWith(sep) ? folder : `${folder}${sep}`;
}

/** @throws {PacsError} `PACS_INCOMPLETE` when one of the named instances is not held. */
function namedInstances(
  held: readonly FiledInstance[],
  named: readonly InstanceSummary[] | undefined,
): readonly FiledInstance[] {
  if (named === undefined) return held;
  const uids = new Set(named.map((each) => each.sopInstanceUid));
  const wanted = held.filter((each) => uids.has(each.sopInstanceUid));
  const found = new Set(wanted.map((each) => each.sopInstanceUid));
  if (found.size < uids.size) throw new PacsError('PACS_INCOMPLETE', { details: { instances: found.size } });
  return wanted;
}
