/**
 * A patient directory over a PACS that is searched at each question, for a hospital without another list of its patients. It
 * knows what images say of a patient: ID, name, birth date and sex; and nobody of whom there is no image.
 */
import { errorCodeOf, PacsError, ReconciliationError } from '@interhosp/core/errors';
import type { Pacs, PacsPatient, PatientQuery } from '@interhosp/core/pacs';
import { createPatientIndex, NATIONAL_NUMBER_RULES, type PatientDirectory } from '@interhosp/core/patients';
import type { ArrivingPatient, LocalPatient } from '@interhosp/core/study';
import { silentLog, type Log } from '@interhosp/core/world';
import { ANSWER_WITHIN_MS, MOST_ANSWERS } from './defaults.ts';
import { isSearchableId, searchesFor, type Search } from './searches.ts';

/** What the directory needs of a PACS. */
export type SearchedPacs = Pick<Pacs, 'start' | 'stop' | 'findPatients'>;

/** Options of {@link patientsDicom}. */
export interface PatientsDicomOptions {
  /** Started and stopped with the directory; must be able to search patients. */
  readonly pacs: SearchedPacs;
  /** The hospital's own issuer of patient IDs (0010,0021); patients of another are not the hospital's. */
  readonly issuer: string;
  /** How many patients the PACS knows, about: it cannot be asked, and is a prior for "not registered". */
  readonly patients: number;
  readonly log?: Log | undefined;
  /** The rules by which a Patient ID is known to be a national number; default `be`. */
  readonly nationalNumbers?: keyof typeof NATIONAL_NUMBER_RULES | undefined;
  /** Default `MOST_ANSWERS`. */
  readonly mostAnswers?: number | undefined;
  /** Default `ANSWER_WITHIN_MS`. */
  readonly answerWithinMs?: number | undefined;
}

/**
 * A directory over a PACS.
 *
 * Questions throw `RECONCILIATION_DIRECTORY_UNAVAILABLE` when the PACS does not answer, refuses, or has more patients of one
 * birth date than are looked at: who is missing among the candidates would be declared new.
 *
 * @throws {ReconciliationError} `RECONCILIATION_DIRECTORY_UNAVAILABLE` when its adapter cannot search patients.
 */
export function patientsDicom(options: PatientsDicomOptions): PatientDirectory {
  if (options.pacs.findPatients === undefined) throw unavailable('no-patient-search');
  return new DicomDirectory(options);
}

class DicomDirectory implements PatientDirectory {
  readonly #options: PatientsDicomOptions;
  readonly #log: Log;

  constructor(options: PatientsDicomOptions) {
    this.#options = options;
    this.#log = (options.log ?? silentLog).forComponent('interhosp:patients-dicom');
  }

  async start(): Promise<void> {
    await this.#options.pacs.start();
  }

  async stop(): Promise<void> {
    await this.#options.pacs.stop();
  }

  async candidates(
    arrival: ArrivingPatient,
    options: { readonly limit?: number; readonly signal?: AbortSignal } = {},
  ): Promise<readonly LocalPatient[]> {
    const patients = await this.#searched(searchesFor(arrival), options.signal);
    const rules = NATIONAL_NUMBER_RULES[this.#options.nationalNumbers ?? 'be'];
    // Of everybody who came, those who are near, the nearest first.
    return createPatientIndex(patients, { rules }).candidates(
      arrival,
      options.limit === undefined ? {} : { limit: options.limit },
    );
  }

  async get(patientId: string, options: { readonly signal?: AbortSignal } = {}): Promise<LocalPatient | undefined> {
    options.signal?.throwIfAborted();
    if (!isSearchableId(patientId)) return undefined;
    const [patient] = await this.#searched([{ query: { patientId }, mayBeCut: false }], options.signal);
    return patient;
  }

  async size(): Promise<number> {
    return this.#options.patients;
  }

  /** A PACS does not say when it gets to know somebody; what waits is looked at when it is asked again. */
  onChange(): () => void {
    return () => {};
  }

  async #searched(searches: readonly Search[], signal: AbortSignal | undefined): Promise<readonly LocalPatient[]> {
    signal?.throwIfAborted();
    const { answerWithinMs = ANSWER_WITHIN_MS, issuer } = this.#options;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new PacsError('PACS_UNREACHABLE')), answerWithinMs);
    const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
    const answers: PacsPatient[] = [];
    try {
      for (const search of searches) answers.push(...(await this.#search(search, either)));
    } catch (error) {
      signal?.throwIfAborted();
      throw unavailable(errorCodeOf(error) ?? 'unexpected', error);
    } finally {
      clearTimeout(timer);
    }
    return patientsOf(answers, issuer);
  }

  async #search({ mayBeCut, query }: Search, signal: AbortSignal): Promise<readonly PacsPatient[]> {
    const { mostAnswers = MOST_ANSWERS } = this.#options;
    const found: PacsPatient[] = [];
    try {
      for await (const patient of this.#find(query, signal)) {
        signal.throwIfAborted();
        if (found.length >= mostAnswers) throw new PacsError('PACS_TOO_MANY', { details: { limit: mostAnswers } });
        found.push(patient);
      }
    } catch (error) {
      if (!mayBeCut || errorCodeOf(error) !== 'PACS_TOO_MANY') throw error;
      this.#log.write('debug', 'patients.search.cut', { count: found.length });
    }
    return found;
  }

  #find(query: PatientQuery, signal: AbortSignal): AsyncIterable<PacsPatient> {
    const { pacs } = this.#options;
    if (pacs.findPatients === undefined) throw unavailable('no-patient-search');
    return pacs.findPatients(query, { signal });
  }
}

/**
 * One patient for each ID of the hospital's. Studies of one ID may disagree; of birth dates or sexes that they tell in several
 * ways, none is believed.
 */
function patientsOf(answers: readonly PacsPatient[], issuer: string): readonly LocalPatient[] {
  const byId = new Map<string, PacsPatient[]>();
  for (const answer of answers) {
    const { id, issuer: theirs = '' } = answer.patientId;
    if (id === '' || (theirs.trim() !== '' && theirs.trim() !== issuer)) continue;
    const told = byId.get(id);
    if (told === undefined) byId.set(id, [answer]);
    else told.push(answer);
  }
  return Array.from(byId, ([id, told]) => {
    const name = told.find((each) => each.name !== undefined)?.name;
    const birthDate = onlyOne(told.map((each) => each.birthDate));
    const sex = onlyOne(told.map((each) => each.sex));
    return {
      patientId: { id, issuer },
      ...(name !== undefined && { name }),
      ...(birthDate !== undefined && { birthDate }),
      ...(sex !== undefined && { sex }),
    };
  });
}

function onlyOne<T>(values: readonly (T | undefined)[]): T | undefined {
  const told = new Set(values.filter((value) => value !== undefined));
  return told.size === 1 ? told.values().next().value : undefined;
}

function unavailable(reason: string, cause?: unknown): ReconciliationError {
  return new ReconciliationError('RECONCILIATION_DIRECTORY_UNAVAILABLE', { cause, details: { reason } });
}
