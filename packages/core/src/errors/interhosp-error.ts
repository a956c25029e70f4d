/**
 * The one base class of everything Interhosp throws.
 *
 * Callers branch on `code`, never on the text and never on `instanceof` across packages, where two copies of this class
 * may be installed. The text comes from the catalogue, so that it is the same everywhere, says what to do, and can hold
 * no patient data: what varies goes into `details`, whose fields are an allow-list ({@link SafeFields}). The constructor
 * holds to that list at run time as well, since a type does not keep a name out of a field that is meant for a UID.
 */
import { keepSafe, type SafeFields } from '../world/safe-fields.ts';
import { ERROR_CATALOGUE, type ErrorCode, type ErrorCodeOf } from './catalogue.ts';

/** What a caller may do about an error: give up, try again after a pause, or try another path. */
export type RetryAdvice = 'no' | 'later' | 'elsewhere';

/** What an error may carry beside its code. */
export interface InterhospErrorOptions {
  /** The error that led here; kept, never shown to a peer. */
  readonly cause?: unknown;
  /** Overrides the catalogue's advice, where the case is known better than the code. */
  readonly retry?: RetryAdvice;
  /** Codes, counts and identifiers that help; never patient data. */
  readonly details?: SafeFields;
}

/** Base class; use the subclass of the area. */
export class InterhospError extends Error {
  override readonly name: string = 'InterhospError';
  /** Stable, listed in docs/errors.md. */
  readonly code: ErrorCode;
  readonly retry: RetryAdvice;
  /** Frozen. Holds only fields of the allow-list; see {@link keepSafe}. */
  readonly details: SafeFields;

  constructor(code: ErrorCode, options: InterhospErrorOptions = {}) {
    const entry = ERROR_CATALOGUE[code];
    const { cause, retry = entry.retry } = options;
    const details = Object.freeze(keepSafe(options.details ?? {}));
    super(sentence(code, details), cause === undefined ? undefined : { cause });
    this.code = code;
    this.retry = retry;
    this.details = details;
  }

  /** What to do next, in one sentence. */
  get fix(): string {
    return ERROR_CATALOGUE[this.code].fix;
  }
}

/** The bytes of a data set are not what DICOM says, or exceed a limit. */
export class DicomError extends InterhospError {
  override readonly name: string = 'DicomError';
  constructor(code: ErrorCodeOf<'dicom'>, options?: InterhospErrorOptions) {
    super(code, options);
  }
}

/** A file that is not DICOM cannot become an object of a study. */
export class ImportError extends InterhospError {
  override readonly name: string = 'ImportError';
  constructor(code: ErrorCodeOf<'import'>, options?: InterhospErrorOptions) {
    super(code, options);
  }
}

/** A PACS cannot be reached, refuses, or does not hold what it said. */
export class PacsError extends InterhospError {
  override readonly name: string = 'PacsError';
  constructor(code: ErrorCodeOf<'pacs'>, options?: InterhospErrorOptions) {
    super(code, options);
  }
}

/** An exchange broke a rule of the protocol or cannot go on. */
export class TransferError extends InterhospError {
  override readonly name: string = 'TransferError';
  constructor(code: ErrorCodeOf<'transfer'>, options?: InterhospErrorOptions) {
    super(code, options);
  }
}

/** A peer cannot be dialled, or is not who it should be. */
export class PeerError extends InterhospError {
  override readonly name: string = 'PeerError';
  constructor(code: ErrorCodeOf<'peer'>, options?: InterhospErrorOptions) {
    super(code, options);
  }
}

/** A patient directory or the reconciliation cannot answer. A doubtful match is not an error but a decision. */
export class ReconciliationError extends InterhospError {
  override readonly name: string = 'ReconciliationError';
  constructor(code: ErrorCodeOf<'reconciliation'>, options?: InterhospErrorOptions) {
    super(code, options);
  }
}

/** A configuration, rule set or command line that cannot be used as it is. */
export class ConfigError extends InterhospError {
  override readonly name: string = 'ConfigError';
  constructor(code: ErrorCodeOf<'config'>, options?: InterhospErrorOptions) {
    super(code, options);
  }
}

/** A roster, envelope or permission that does not hold. */
export class FederationError extends InterhospError {
  override readonly name: string = 'FederationError';
  constructor(code: ErrorCodeOf<'federation'>, options?: InterhospErrorOptions) {
    super(code, options);
  }
}

/** The journal, the spool or the store on this machine's disk. */
export class StorageError extends InterhospError {
  override readonly name: string = 'StorageError';
  constructor(code: ErrorCodeOf<'storage'>, options?: InterhospErrorOptions) {
    super(code, options);
  }
}

/** Whether a value is an error of ours, also one made by another installed copy of this package. */
export function isInterhospError(value: unknown): value is InterhospError {
  return value instanceof Error && 'code' in value && typeof value.code === 'string' && value.code in ERROR_CATALOGUE;
}

/** The code of an error, or undefined when it is not one of ours. */
export function errorCodeOf(value: unknown): ErrorCode | undefined {
  return isInterhospError(value) ? value.code : undefined;
}

function sentence(code: ErrorCode, details: SafeFields): string {
  const entry = ERROR_CATALOGUE[code];
  const shown = Object.entries(details).map(([field, value]) => `${field}=${String(value)}`);
  return `${code}: ${entry.text}${shown.length > 0 ? ` (${shown.join(', ')})` : ''}. ${entry.fix}.`;
}
