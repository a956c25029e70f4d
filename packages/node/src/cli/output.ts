/**
 * What commands print. With `--json` each record is one object a line on standard output, and nothing else goes there;
 * without it, sentences and tables for people. Notices, progress and errors go to standard error.
 */
import { isInterhospError, type ErrorCode, type InterhospError } from '@interhosp/core/errors';

/** Exit codes of DESIGN.md §9. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3 } as const;

/** Codes by which a command was refused for safety rather than failed. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CONFIG_EXISTS',
  'CONFIG_KEY_EXPOSED',
  'CONFIG_NO_STUDIES',
  'CONFIG_OVERWRITES',
  'FEDERATION_NOT_PERMITTED',
  'FEDERATION_EQUIVOCATION',
  'FEDERATION_ROLLBACK',
  'FEDERATION_SIGNATURE_INVALID',
  'FEDERATION_FOREIGN',
  'TRANSFER_STUDY_CONFLICT',
]);

/** Where a command writes. */
export interface Output {
  readonly json: boolean;
  /** A result: the object as a line, or its text for people. */
  record(object: object, text: string): void;
  /** Something for people only. */
  notice(text: string): void;
  /** An error, with what to do next; returns the exit code. */
  failure(error: unknown): number;
}

/** An output on the process's own streams. */
export function createOutput(options: { readonly json: boolean }): Output {
  const { json } = options;
  return {
    json,
    record: (object, text) => void process.stdout.write(json ? `${JSON.stringify(object)}\n` : `${text}\n`),
    notice: (text) => void process.stderr.write(`${text}\n`),
    failure: (error) => failure(error, json),
  };
}

/** Lines up columns; the first row is the heading. */
export function table(rows: ReadonlyArray<readonly string[]>): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** What an error says after its code, for where the code stands by itself. */
export function reasonOf(error: InterhospError): string {
  const prefix = `${error.code}: `;
  return error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message;
}

function failure(error: unknown, json: boolean): number {
  if (!isInterhospError(error)) {
    process.stderr.write(`interhosp: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return EXIT.failed;
  }
  if (json) process.stdout.write(`${JSON.stringify({ error: error.code, details: error.details })}\n`);
  process.stderr.write(`interhosp: ${error.message}\n`);
  return exitCodeOf(error.code);
}

function exitCodeOf(code: ErrorCode): number {
  if (code === 'CONFIG_USAGE') return EXIT.usage;
  return REFUSALS.has(code) ? EXIT.refused : EXIT.failed;
}
