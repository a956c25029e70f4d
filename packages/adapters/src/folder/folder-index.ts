/**
 * What a folder tree holds, kept up to date by looking at sizes and times: only new and changed files are read. A file that
 * still grows is not listed, one that cannot be read is counted under its code and never stops the others.
 */
import { errorCodeOf, type ErrorCode } from '@interhosp/core/errors';
import { createStudyIndex, type StudyIndex } from '@interhosp/core/pacs';
import type { Clock } from '@interhosp/core/world';
import { OLD_FILE_MS, PARALLEL_READS } from './defaults.ts';
import type { Files } from './files.ts';
import { Importer, type ImporterOptions } from './import/importer.ts';
import { isSameState, keyOf, readFileHeader, type FiledInstance, type FileState } from './read-file.ts';
import { filesBelow, type SeenFile, type TreeLimits } from './scan.ts';

/** What the last look at the folders found, in numbers. */
export interface FolderReport {
  /** Instances that can be found and retrieved. */
  readonly listed: number;
  /** Files that change, or changed a moment ago. */
  readonly growing: number;
  /** Files that hold an instance which another file holds as well, under the same patient. */
  readonly repeated: number;
  /** Files that cannot be listed, by the code of the reason; `STORAGE_FAILED` when the disk or a permission is it. */
  readonly unreadable: Readonly<Partial<Record<ErrorCode, number>>>;
}

/** One file as it was last seen. */
interface KnownFile {
  readonly state: FileState;
  readonly firstSeenMs: number;
  readonly verdict: 'listed' | 'growing' | 'repeated' | ErrorCode;
  readonly instance?: FiledInstance;
  /** Number of the last look that saw it. */
  seenIn: number;
}

/** How an index is made. */
export interface FolderIndexOptions extends TreeLimits {
  readonly files: Files;
  /** Folders, none inside another. */
  readonly roots: readonly string[];
  readonly stableMs: number;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
  /** What is no DICOM is imported; left out, it is counted as unreadable. */
  readonly importing?: Pick<ImporterOptions, 'dictionary' | 'onRefused' | 'hashedBytesPerLook'>;
}

/** The index of some folder trees. */
export class FolderIndex {
  readonly studies: StudyIndex<FiledInstance> = createStudyIndex<FiledInstance>();
  readonly #options: FolderIndexOptions;
  readonly #known = new Map<string, KnownFile>();
  readonly #importer: Importer | undefined;
  #look = 0;

  constructor(options: FolderIndexOptions) {
    const { files, importing } = options;
    this.#options = options;
    this.#importer = importing && new Importer({ ...importing, files, studies: this.studies });
  }

  /** Looks at every file and reads those that are new. @throws {PacsError} `PACS_UNREACHABLE`, `PACS_TOO_MANY` */
  async refresh(signal: AbortSignal): Promise<void> {
    const { files, roots } = this.#options;
    this.#look++;
    this.#importer?.begin();
    let batch: SeenFile[] = [];
    for (const root of roots) {
      for await (const seen of filesBelow(files, root, this.#options, signal)) {
        if (this.#importer?.take(seen) === true || !this.#isNews(seen)) continue;
        batch.push(seen);
        if (batch.length < PARALLEL_READS) continue;
        await this.#readAll(batch, signal);
        batch = [];
      }
    }
    await this.#readAll(batch, signal);
    // After the studies, since it is they that say whose a file is.
    if (this.#importer !== undefined) await this.#import(this.#importer, signal);
    this.#forgetUnseen();
  }

  /** Adds a file that this adapter wrote itself. */
  add(instance: FiledInstance): void {
    this.#remember(instance.path, instance.state, 'listed', instance);
  }

  report(): FolderReport {
    const counts = new Map<string, number>();
    for (const { verdict } of this.#known.values()) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    const take = (verdict: string): number => {
      const count = counts.get(verdict) ?? 0;
      counts.delete(verdict);
      return count;
    };
    const [listed, growing, repeated] = [take('listed'), take('growing'), take('repeated')];
    return { listed, growing, repeated, unreadable: Object.fromEntries(counts) };
  }

  /** Whether a file must be read: it is new, it changed, it has stopped growing, or the disk failed last time. */
  #isNews({ path, state }: SeenFile): boolean {
    const known = this.#known.get(keyOf(path));
    if (known === undefined || !isSameState(known.state, state)) {
      if (this.#isStable(state, undefined)) return true;
      this.#remember(path, state, 'growing');
      return false;
    }
    known.seenIn = this.#look;
    if (known.verdict === 'growing') return this.#isStable(state, known.firstSeenMs);
    return known.verdict === 'STORAGE_FAILED' || known.verdict === 'repeated';
  }

  /**
   * Whether a file has stopped growing. The times of a file server may differ from ours, so that a recent file counts only
   * from when we saw it ourselves.
   */
  #isStable(state: FileState, firstSeenMs: number | undefined): boolean {
    const { stableMs, clock } = this.#options;
    if (stableMs === 0 || clock.now() - state.mtimeMs > stableMs + OLD_FILE_MS) return true;
    return firstSeenMs !== undefined && clock.monotonicMs() - firstSeenMs >= stableMs;
  }

  async #import(importer: Importer, signal: AbortSignal): Promise<void> {
    const ready = importer.seen.filter(({ path, state }) => {
      const known = this.#known.get(keyOf(path));
      const isSame = known !== undefined && isSameState(known.state, state);
      const hasStoodStill =
        isSame && known.verdict !== 'growing' ? true : this.#isStable(state, isSame ? known.firstSeenMs : undefined);
      if (!hasStoodStill) this.#remember(path, state, 'growing');
      return hasStoodStill;
    });
    for (const { result, seen } of await importer.judge(ready, signal)) {
      const known = this.#known.get(keyOf(seen.path));
      if (typeof result === 'string') this.#remember(seen.path, seen.state, result);
      else if (known?.instance === result) known.seenIn = this.#look;
      else this.#file(result);
    }
  }

  async #readAll(batch: readonly SeenFile[], signal: AbortSignal): Promise<void> {
    const read = await Promise.all(batch.map((seen) => this.#read(seen, signal)));
    // Filed in the order of names, so that of two equal files always the same one counts.
    for (const [index, { path, state }] of batch.entries()) {
      const result = read[index];
      if (typeof result === 'string') this.#remember(path, state, result);
      else if (result !== undefined) this.#file(result);
    }
  }

  async #read({ path, state }: SeenFile, signal: AbortSignal): Promise<FiledInstance | ErrorCode> {
    try {
      return await readFileHeader(this.#options.files, path, state, { signal });
    } catch (error) {
      signal.throwIfAborted();
      return errorCodeOf(error) ?? 'STORAGE_FAILED';
    }
  }

  #file(instance: FiledInstance): void {
    const other = this.studies
      .withUid(instance)
      .find((each) => keyOf(each.path) !== keyOf(instance.path) && isSamePatient(each, instance));
    if (other === undefined) this.#remember(instance.path, instance.state, 'listed', instance);
    else this.#remember(instance.path, instance.state, 'repeated');
  }

  #remember(
    path: FiledInstance['path'],
    state: FileState,
    verdict: KnownFile['verdict'],
    instance?: FiledInstance,
  ): void {
    const key = keyOf(path);
    const before = this.#known.get(key);
    if (before?.instance !== undefined) this.studies.remove(before.instance);
    if (instance !== undefined) this.studies.add(instance);
    const isUnchanged = before !== undefined && isSameState(before.state, state);
    const firstSeenMs = isUnchanged ? before.firstSeenMs : this.#options.clock.monotonicMs();
    this.#known.set(key, {
      state,
      firstSeenMs,
      verdict,
      seenIn: this.#look,
      ...(instance !== undefined && { instance }),
    });
  }

  #forgetUnseen(): void {
    for (const [key, { seenIn, instance }] of this.#known) {
      if (seenIn === this.#look) continue;
      if (instance !== undefined) this.studies.remove(instance);
      this.#known.delete(key);
    }
  }
}

function isSamePatient(left: FiledInstance, right: FiledInstance): boolean {
  const [one, other] = [left.header.patient.patientId, right.header.patient.patientId];
  return one?.id === other?.id && one?.issuer === other?.issuer;
}
