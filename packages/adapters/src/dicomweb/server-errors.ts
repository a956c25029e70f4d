/** What the server answers when it cannot do what it was asked; never a text that came from a PACS or a request. */
import { errorCodeOf, type ErrorCode } from '@interhosp/core/errors';
import { MultipartError } from './multipart-reader.ts';

/** A request that cannot be served, with the status that says so. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

const STATUS_BY_CODE: Partial<Record<ErrorCode, number>> = {
  PACS_BUSY: 503,
  PACS_INCOMPLETE: 502,
  PACS_PROTOCOL: 502,
  PACS_READ_ONLY: 405,
  PACS_REDIRECTED: 502,
  PACS_REFUSED: 403,
  PACS_STUDY_UNKNOWN: 404,
  PACS_TOO_MANY: 413,
  PACS_UNAUTHORIZED: 502,
  PACS_UNREACHABLE: 503,
  PACS_WRITE_ONLY: 405,
};

/** The status and the few words that answer an error. */
export function problemOf(error: unknown): { readonly status: number; readonly text: string } {
  if (error instanceof HttpProblem) return { status: error.status, text: error.message };
  if (error instanceof MultipartError) return { status: error.problem === 'limit' ? 413 : 400, text: error.message };
  const code = errorCodeOf(error);
  const status = code === undefined ? undefined : STATUS_BY_CODE[code];
  return { status: status ?? 500, text: code ?? 'internal error' };
}
