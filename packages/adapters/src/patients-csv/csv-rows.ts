/**
 * A CSV file row by row, with back-pressure: what every file of the columns of DESIGN.md 9 has in common. Errors name the
 * line, never what stands there.
 */
import { ReconciliationError } from '@interhosp/core/errors';
import type { SafeFields } from '@interhosp/core/world';
import { CsvError, parse } from 'csv-parse';
import { formOf, NotUtf8Error, readText, type CsvEncoding } from './csv-text.ts';
import { MOST_COLUMNS, MOST_ROW_BYTES } from './defaults.ts';

/** How a file is read. */
export interface RowOptions {
  readonly file: string;
  readonly encoding: CsvEncoding;
  /** One character; found in the header unless given. */
  readonly delimiter?: string | undefined;
  readonly signal: AbortSignal;
}

/** One row; the first is the header. */
export interface CsvRow {
  /** As many as the header has. */
  readonly cells: readonly string[];
  /** The line on which the row ends, from 1. */
  readonly line: number;
}

/**
 * Reads the rows of a file. One that holds nothing ends at once.
 *
 * @throws {ReconciliationError} `RECONCILIATION_DIRECTORY_INVALID` with the line of what is no CSV,
 *   `RECONCILIATION_DIRECTORY_UNAVAILABLE` when the file cannot be read. The signal's reason when it aborts.
 */
export async function* readRows(options: RowOptions): AsyncGenerator<CsvRow, void, undefined> {
  try {
    yield* rowsOf(options);
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof ReconciliationError) throw error;
    // Neither error is kept as the cause: csv-parse quotes the row in its text.
    if (error instanceof CsvError) throw invalidFile(error.code, { line: lineOf(error) });
    if (error instanceof NotUtf8Error) throw invalidFile('not-utf-8');
    throw new ReconciliationError('RECONCILIATION_DIRECTORY_UNAVAILABLE', {
      details: { file: options.file, ...fileErrorCode(error) },
    });
  }
}

/** The error of a row or a header that cannot be used. */
export function invalidFile(reason: string, details: SafeFields = {}): ReconciliationError {
  return new ReconciliationError('RECONCILIATION_DIRECTORY_INVALID', { details: { reason, ...details } });
}

async function* rowsOf(options: RowOptions): AsyncGenerator<CsvRow, void, undefined> {
  const { file, signal } = options;
  const { encoding, delimiter } = await formOf(file, options);
  const rows = parse({ delimiter, info: true, skip_empty_lines: true, max_record_size: MOST_ROW_BYTES });
  const feeding = feed(rows, readText(file, encoding, signal));
  try {
    for await (const item of rows) {
      const { record, info } = item as {
        readonly record: readonly string[];
        readonly info: { readonly lines: number };
      };
      if (record.length > MOST_COLUMNS) throw invalidFile('too-many-columns', { line: 1, limit: MOST_COLUMNS });
      yield { cells: record, line: info.lines };
    }
  } finally {
    rows.destroy();
    await feeding;
  }
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

function lineOf(error: CsvError): number {
  const lines: unknown = (error as { readonly lines?: unknown }).lines;
  return typeof lines === 'number' ? lines : 0;
}

function fileErrorCode(error: unknown): SafeFields {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? { reason: code } : {};
}
