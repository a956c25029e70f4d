/**
 * Reads patients from a file, one by one or the whole file into an index. Any row that cannot be used refuses the file: a
 * registry with holes would declare its patients new. Errors name the line and the column, never what stands there.
 */
import { createPatientIndex, NATIONAL_NUMBER_RULES, type PatientIndex } from '@interhosp/core/patients';
import type { LocalPatient } from '@interhosp/core/study';
import { patientOf, positionsOf, type ColumnNames, type ColumnPositions } from './csv-columns.ts';
import { invalidFile, readRows, type RowOptions } from './csv-rows.ts';
import { MOST_ROWS } from './defaults.ts';

/** How the patients of a file are read. */
export interface PatientRowOptions extends RowOptions {
  /** Every patient of the file gets it. */
  readonly issuer: string;
  /** What the file calls the columns of DESIGN.md 9; those named here must be there. */
  readonly columns?: ColumnNames | undefined;
}

/** How a whole file is read. */
export interface ReadOptions extends PatientRowOptions {
  readonly nationalNumbers: keyof typeof NATIONAL_NUMBER_RULES;
  /** Default `MOST_ROWS`. */
  readonly mostRows?: number | undefined;
}

/** A patient, and the line on which the row ends. */
export interface PatientRow {
  readonly patient: LocalPatient;
  readonly line: number;
}

/**
 * Reads a file into an index.
 *
 * @throws {ReconciliationError} `RECONCILIATION_DIRECTORY_INVALID` with the line of a row that cannot be used,
 *   `RECONCILIATION_DIRECTORY_UNAVAILABLE` when the file cannot be read. The signal's reason when it aborts.
 */
export async function readPatients(options: ReadOptions): Promise<PatientIndex> {
  const { nationalNumbers, mostRows = MOST_ROWS } = options;
  const index = createPatientIndex([], { rules: NATIONAL_NUMBER_RULES[nationalNumbers] });
  for await (const { line, patient } of readPatientRows(options)) {
    if (index.get(patient.patientId.id) !== undefined) throw invalidFile('id-twice', { line, field: 'id' });
    if (index.size >= mostRows) throw invalidFile('too-many-rows', { line, limit: mostRows });
    index.upsert(patient);
  }
  return index;
}

/** Reads a file to its end and keeps nothing; returns how many patients it has. Throws as {@link readPatients}. */
export async function checkPatients(options: ReadOptions): Promise<number> {
  const { mostRows = MOST_ROWS } = options;
  const seen = new Set<string>();
  for await (const { line, patient } of readPatientRows(options)) {
    if (seen.has(patient.patientId.id)) throw invalidFile('id-twice', { line, field: 'id' });
    if (seen.size >= mostRows) throw invalidFile('too-many-rows', { line, limit: mostRows });
    seen.add(patient.patientId.id);
  }
  return seen.size;
}

/** Reads a file patient by patient, in its order; an ID may come again. @throws {ReconciliationError} as {@link readPatients}. */
export async function* readPatientRows(options: PatientRowOptions): AsyncGenerator<PatientRow, void, undefined> {
  let positions: ColumnPositions | undefined;
  for await (const { cells, line } of readRows(options)) {
    if (positions === undefined) {
      positions = headerOf(cells, options.columns);
      continue;
    }
    const patient = patientOf(cells, positions, options.issuer);
    if (patient === undefined) throw invalidFile('id-missing', { line, field: 'id' });
    yield { line, patient };
  }
  if (positions === undefined) throw invalidFile('empty', { line: 1 });
}

function headerOf(cells: readonly string[], columns: ColumnNames | undefined): ColumnPositions {
  const positions = positionsOf(cells, columns);
  if (!('problem' in positions)) return positions;
  throw invalidFile(`column-${positions.problem}`, { line: 1, field: positions.column });
}
