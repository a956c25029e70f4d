/**
 * Reads the whole file into an index, row by row. Any row that cannot be used refuses the file: a registry with holes
 * would declare its patients new. Errors name the line and the column, never what stands there.
 */
import { ReconciliationError } from '@interhosp/core/errors';
import { createPatientIndex, NATIONAL_NUMBER_RULES, type PatientIndex } from '@interhosp/core/patients';
import type { SafeFields } from '@interhosp/core/world';
import { CsvError, parse } from 'csv-parse';
import { patientOf, positionsOf, type ColumnNames, type ColumnPositions } from './csv-columns.ts';
import { formOf, NotUtf8Error, readText, type CsvEncoding } from './csv-text.ts';
import { MOST_COLUMNS, MOST_ROW_BYTES, MOST_ROWS } from './defaults.ts';

/** How the file is read. */
export interface ReadOptions {
  readonly file: string;
  readonly issuer: string;
  readonly encoding: CsvEncoding;
  readonly delimiter?: string | undefined;
  readonly columns?: ColumnNames | undefined;
  readonly nationalNumbers: keyof typeof NATIONAL_NUMBER_RULES;
  readonly mostRows?: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Reads the file.
 *
 * @throws {ReconciliationError} `RECONCILIATION_DIRECTORY_INVALID` with the line of a row that cannot be used,
 *   `RECONCILIATION_DIRECTORY_UNAVAILABLE` when the file cannot be read. The signal's reason when it aborts.
 */
export async function readPatients(options: ReadOptions): Promise<PatientIndex> {
  try {
    return await readRows(options);
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof ReconciliationError) throw error;
    // Neither error is kept as the cause: csv-parse quotes the row in its text.
    if (error instanceof CsvError) throw invalid(error.code, { line: lineOf(error) });
    if (error instanceof NotUtf8Error) throw invalid('not-utf-8');
    throw new ReconciliationError('RECONCILIATION_DIRECTORY_UNAVAILABLE', {
      details: { file: options.file, ...fileErrorCode(error) },
    });
  }
}

async function readRows(options: ReadOptions): Promise<PatientIndex> {
  const { file, issuer, signal, mostRows = MOST_ROWS } = options;
  const { encoding, delimiter } = await formOf(file, options);
  const index = createPatientIndex([], { rules: NATIONAL_NUMBER_RULES[options.nationalNumbers] });
  const rows = parse({ delimiter, info: true, skip_empty_lines: true, max_record_size: MOST_ROW_BYTES });
  const feeding = feed(rows, readText(file, encoding, signal));
  let positions: ColumnPositions | undefined;
  try {
    for await (const item of rows) {
      const { record, info } = item as {
        readonly record: readonly string[];
        readonly info: { readonly lines: number };
      };
      if (positions === undefined) {
        positions = headerOf(record, options);
        continue;
      }
      const patient = patientOf(record, positions, issuer);
      if (patient === undefined) throw invalid('id-missing', { line: info.lines, field: 'id' });
      if (index.get(patient.patientId.id) !== undefined) throw invalid('id-twice', { line: info.lines, field: 'id' });
      if (index.size >= mostRows) throw invalid('too-many-rows', { line: info.lines, limit: mostRows });
      index.upsert(patient);
    }
  } finally {
    rows.destroy();
    await feeding;
  }
  if (positions === undefined) throw invalid('empty', { line: 1 });
  return index;
}

/** Feeds the parser with back-pressure; what goes wrong becomes the parser's error. Never rejects. */
async function feed(rows: ReturnType<typeof parse>, text: AsyncIterable<string>): Promise<void> {
  try {
    for await (const piece of text) {
      if (rows.destroyed) return;
      if (!rows.write(piece)) await drained(rows);
    }
    rows.end();
  } catch (error) {
    rows.destroy(error as Error);
  }
}

/** Resolves when the parser takes more, or is gone. */
function drained(rows: ReturnType<typeof parse>): Promise<void> {
  if (rows.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      rows.off('drain', done);
      rows.off('close', done);
      resolve();
    };
    rows.on('drain', done);
    rows.on('close', done);
  });
}

function headerOf(record: readonly string[], options: ReadOptions): ColumnPositions {
  if (record.length > MOST_COLUMNS) throw invalid('too-many-columns', { line: 1, limit: MOST_COLUMNS });
  const positions = positionsOf(record, options.columns);
  if (!('problem' in positions)) return positions;
  throw invalid(`column-${positions.problem}`, { line: 1, field: positions.column });
}

function invalid(reason: string, details: SafeFields = {}): ReconciliationError {
  return new ReconciliationError('RECONCILIATION_DIRECTORY_INVALID', { details: { reason, ...details } });
}

function lineOf(error: CsvError): number {
  const lines: unknown = (error as { readonly lines?: unknown }).lines;
  return typeof lines === 'number' ? lines : 0;
}

function fileErrorCode(error: unknown): SafeFields {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? { reason: code } : {};
}
