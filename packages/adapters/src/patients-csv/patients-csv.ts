/**
 * A patient directory in a CSV file that the hospital's own system exports. It is read whole at the start and again
 * whenever it changes; a new file that cannot be used leaves the old patients in place and is logged. The patients lie in
 * memory, or in a registry on disk.
 */
import { stat } from 'node:fs/promises';
import { errorCodeOf, isInterhospError, ReconciliationError } from '@interhosp/core/errors';
import type { NameCounts, NATIONAL_NUMBER_RULES, PatientDirectory, PatientRegistry } from '@interhosp/core/patients';
import type { ArrivingPatient, LocalPatient } from '@interhosp/core/study';
import { silentLog, type Clock, type Log } from '@interhosp/core/world';
import type { ColumnNames } from './csv-columns.ts';
import type { CsvEncoding } from './csv-text.ts';
import { LEAST_SHARE_KEPT, POLL_MS } from './defaults.ts';
import { patientsInMemory, patientsInRegistry, type HeldPatients } from './held-patients.ts';
import type { ReadOptions } from './read-patients.ts';

/** Options of {@link patientsCsv}. */
export interface PatientsCsvOptions {
  readonly file: string;
  /** The hospital's own issuer of patient IDs; every patient of the file gets it. */
  readonly issuer: string;
  readonly clock: Clock;
  readonly log?: Log;
  /** One character; found in the header unless given. */
  readonly delimiter?: string | undefined;
  /** Default `auto`. */
  readonly encoding?: CsvEncoding | undefined;
  /** What the file calls the columns of DESIGN.md 9; those named here must be there. */
  readonly columns?: ColumnNames | undefined;
  /** The rules national numbers are indexed under; default `be`. */
  readonly nationalNumbers?: keyof typeof NATIONAL_NUMBER_RULES | undefined;
  /** Default `POLL_MS`. */
  readonly pollMs?: number | undefined;
  /** Default `LEAST_SHARE_KEPT`; 0 takes any file. */
  readonly leastShareKept?: number | undefined;
  /**
   * Where the patients are kept; started and stopped with the directory. Default memory. With a registry that holds
   * patients already, a file that is refused at the start leaves them in place, as a new one does later.
   */
  readonly registry?: PatientRegistry | undefined;
}

/**
 * A directory over a CSV file. Nothing is opened before `start()`.
 *
 * `start()` throws `RECONCILIATION_DIRECTORY_UNAVAILABLE` when the file cannot be read and
 * `RECONCILIATION_DIRECTORY_INVALID` when a row cannot be used. The hospital's export should write beside the file and
 * rename: a file that grows is read again when it has stood still for one poll.
 */
export function patientsCsv(options: PatientsCsvOptions): PatientDirectory {
  return new CsvDirectory(options);
}

/** A file as it was seen, to know it again. */
interface FileMark {
  readonly mtimeMs: number;
  readonly size: number;
  readonly ino: number;
}

class CsvDirectory implements PatientDirectory {
  readonly #options: PatientsCsvOptions;
  readonly #log: Log;
  readonly #listeners = new Set<() => void>();
  readonly #patients: HeldPatients;
  /** The file that was last read, or last refused: a broken file is read once, not at every poll. */
  #read: FileMark | undefined;
  #life: { readonly abort: AbortController; readonly started: Promise<void>; polling: Promise<void> } | undefined;

  constructor(options: PatientsCsvOptions) {
    this.#options = options;
    this.#log = (options.log ?? silentLog).forComponent('interhosp:patients-csv');
    this.#patients = options.registry === undefined ? patientsInMemory() : patientsInRegistry(options.registry);
    options.registry?.onChange(() => this.#tell());
  }

  start(): Promise<void> {
    this.#life ??= this.#begin();
    return this.#life.started;
  }

  async stop(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    life.abort.abort(new Error('stopped'));
    await life.started.catch(() => {});
    await life.polling;
    // Questions after stop() find no directory rather than an old one.
    if (this.#life === life) this.#life = undefined;
    await this.#patients.stop();
    this.#read = undefined;
  }

  async candidates(
    arrival: ArrivingPatient,
    options: { readonly limit?: number; readonly signal?: AbortSignal } = {},
  ): Promise<readonly LocalPatient[]> {
    options.signal?.throwIfAborted();
    return await this.#held().candidates(arrival, options);
  }

  async get(patientId: string, options: { readonly signal?: AbortSignal } = {}): Promise<LocalPatient | undefined> {
    options.signal?.throwIfAborted();
    return await this.#held().get(patientId, options);
  }

  async size(): Promise<number> {
    return await this.#held().size();
  }

  async names(): Promise<NameCounts> {
    return await this.#held().names();
  }

  onChange(listener: () => void): () => void {
    // Wrapped, so that one function given twice is two listeners.
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  #held(): NonNullable<HeldPatients['answers']> {
    const { answers } = this.#patients;
    if (answers === undefined) throw new ReconciliationError('RECONCILIATION_DIRECTORY_UNAVAILABLE');
    return answers;
  }

  #begin(): { readonly abort: AbortController; readonly started: Promise<void>; polling: Promise<void> } {
    const abort = new AbortController();
    const started = this.#firstLoad(abort.signal);
    const life = { abort, started, polling: Promise.resolve() };
    started.then(
      () => {
        life.polling = this.#poll(abort.signal);
      },
      () => {
        // A start that failed may be tried again.
        if (this.#life === life) this.#life = undefined;
      },
    );
    return life;
  }

  async #firstLoad(signal: AbortSignal): Promise<void> {
    const mark = await this.#mark();
    if (mark === undefined) {
      throw new ReconciliationError('RECONCILIATION_DIRECTORY_UNAVAILABLE', { details: { file: this.#options.file } });
    }
    const holdsSome = await this.#patients.start();
    try {
      this.#read = mark;
      await this.#load(mark, signal);
    } catch (error) {
      if (holdsSome && errorCodeOf(error) === 'RECONCILIATION_DIRECTORY_INVALID') return this.#logRefusal(error);
      await this.#patients.stop();
      throw error;
    }
  }

  /** Ends when the signal aborts; never rejects. */
  async #poll(signal: AbortSignal): Promise<void> {
    const { clock, pollMs = POLL_MS } = this.#options;
    let seen: FileMark | undefined;
    while (!signal.aborted) {
      try {
        await clock.sleep(pollMs, { signal });
        const mark = await this.#mark();
        // Twice the same: whoever writes it is done.
        if (mark !== undefined && !isSame(mark, this.#read) && isSame(mark, seen)) await this.#reload(mark, signal);
        seen = mark;
      } catch (error) {
        if (signal.aborted) return;
        this.#logRefusal(error);
        // A file that could not be read may be readable at the next look, though it looks the same.
        if (errorCodeOf(error) !== 'RECONCILIATION_DIRECTORY_INVALID') this.#read = undefined;
      }
    }
  }

  async #reload(mark: FileMark, signal: AbortSignal): Promise<void> {
    this.#read = mark;
    const isTaken = await this.#load(mark, signal);
    // Written to meanwhile: the next poll sees another mark.
    if (!isTaken) this.#read = undefined;
    // A registry tells by itself, and only when something changed.
    else if (this.#options.registry === undefined) this.#tell();
  }

  /** @returns false when the file was written to meanwhile: what was read may be half of each. */
  async #load(mark: FileMark, signal: AbortSignal): Promise<boolean> {
    const { file, issuer, clock, delimiter, encoding = 'auto', columns, nationalNumbers = 'be' } = this.#options;
    const { leastShareKept = LEAST_SHARE_KEPT } = this.#options;
    const startedMs = clock.monotonicMs();
    const reading: ReadOptions = { file, issuer, delimiter, encoding, columns, nationalNumbers, signal };
    const isStill = async (): Promise<boolean> => isSame(await this.#mark(), mark);
    const count = await this.#patients.take(reading, { isStill, leastShareKept });
    if (count === undefined) return false;
    this.#log.write('info', 'patients.directory.loaded', {
      count,
      durationMs: Math.round(clock.monotonicMs() - startedMs),
    });
    return true;
  }

  async #mark(): Promise<FileMark | undefined> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#options.file);
      return { mtimeMs, size, ino };
    } catch {
      // Between an export's removal and its rename there is no file; the patients held stay.
      return undefined;
    }
  }

  #logRefusal(error: unknown): void {
    this.#log.write('error', 'patients.directory.refused', {
      ...(isInterhospError(error) ? error.details : {}),
      code: errorCodeOf(error) ?? 'RECONCILIATION_DIRECTORY_UNAVAILABLE',
      file: this.#options.file,
    });
  }

  #tell(): void {
    // A copy: a listener may add another.
    for (const listener of Array.from(this.#listeners)) {
      try {
        listener();
      } catch {
        // A listener's fault is its own; the others are told all the same.
        this.#log.write('error', 'patients.directory.listener-failed');
      }
    }
  }
}

function isSame(left: FileMark | undefined, right: FileMark | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  return left.mtimeMs === right.mtimeMs && left.size === right.size && left.ino === right.ino;
}
