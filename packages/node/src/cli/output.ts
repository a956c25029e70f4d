/**
 * What commands print. With `--json` each record is one object a line on standard output, and nothing else goes there;
 * without it, sentences and tables for people. Notices, progress and errors go to standard error.
 */
import { inspect } from 'node:util';
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
export function createOutput(options: { readonly json: boolean; readonly showStack?: boolean }): Output {
  const { json, showStack = false } = options;
  return {
    json,
    record: (object, text) => void process.stdout.write(json ? `${JSON.stringify(object)}\n` : `${text}\n`),
    notice: (text) => void process.stderr.write(`${text}\n`),
    failure: (error) => failure(error, { json, showStack }),
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

/**
 * What a person is told of an error: ours by its sentence, which holds no patient data; any other by its kind alone, since
 * its text may hold what it worked on, a name in a path or in a value.
 */
export function errorText(error: unknown, options: { readonly showStack: boolean }): string {
  if (options.showStack) return inspect(error);
  if (isInterhospError(error)) return error.message;
  const system = systemCodeOf(error);
  if (system !== undefined)
    return `the system answered ${system}. Check that the folders named exist, that this user may read and write them, and that the disk has room; --stack-trace shows the place.`;
  const name = error instanceof Error && /^[A-Z][A-Za-z]{0,31}$/.test(error.name) ? error.name : 'no error of ours';
  return `an unexpected error (${name}). This is a fault of the program: run the command again with --stack-trace, take out what is private, and report it.`;
}

/** `EACCES (open)`; undefined when the system did not say it. */
function systemCodeOf(error: unknown): string | undefined {
  const { code, syscall } = (error ?? {}) as { readonly code?: unknown; readonly syscall?: unknown };
  if (typeof code !== 'string' || typeof syscall !== 'string') return undefined;
  return /^E[A-Z0-9]{2,31}$/.test(code) && /^[a-z]{1,31}$/.test(syscall) ? `${code} (${syscall})` : undefined;
}

function failure(error: unknown, options: { readonly json: boolean; readonly showStack: boolean }): number {
  process.stderr.write(`interhosp: ${errorText(error, options)}\n`);
  if (!isInterhospError(error)) {
    if (options.json) process.stdout.write(`${JSON.stringify({ error: 'UNEXPECTED', details: {} })}\n`);
    return EXIT.failed;
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ error: error.code, details: error.details })}\n`);
  return exitCodeOf(error.code);
}

function exitCodeOf(code: ErrorCode): number {
  if (code === 'CONFIG_USAGE') return EXIT.usage;
  return REFUSALS.has(code) ? EXIT.refused : EXIT.failed;
}
