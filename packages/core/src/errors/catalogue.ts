/**
 * Every error code with its text, its advice and what to do next; one file per area, joined here.
 * `docs/errors.md` is kept equal by a test.
 */
import { CONFIG_ERRORS } from './config-errors.ts';
import { DICOM_ERRORS } from './dicom-errors.ts';
import { FEDERATION_ERRORS } from './federation-errors.ts';
import { IMPORT_ERRORS } from './import-errors.ts';
import { PACS_ERRORS } from './pacs-errors.ts';
import { PEER_ERRORS } from './peer-errors.ts';
import { RECONCILIATION_ERRORS } from './reconciliation-errors.ts';
import { STORAGE_ERRORS } from './storage-errors.ts';
import { TRANSFER_ERRORS } from './transfer-errors.ts';

/** The catalogue by area; codes begin with their area's prefix. */
export const ERRORS_BY_AREA = {
  config: CONFIG_ERRORS,
  dicom: DICOM_ERRORS,
  federation: FEDERATION_ERRORS,
  import: IMPORT_ERRORS,
  pacs: PACS_ERRORS,
  peer: PEER_ERRORS,
  reconciliation: RECONCILIATION_ERRORS,
  storage: STORAGE_ERRORS,
  transfer: TRANSFER_ERRORS,
} as const;

/** An area of the catalogue. */
export type ErrorArea = keyof typeof ERRORS_BY_AREA;
/** The codes of one area. */
export type ErrorCodeOf<A extends ErrorArea> = Extract<keyof (typeof ERRORS_BY_AREA)[A], string>;
/** Any code of the catalogue. */
export type ErrorCode = { [A in ErrorArea]: ErrorCodeOf<A> }[ErrorArea];

/** One entry: `text` says what happened, `fix` what to do; neither ends with a full stop. */
export interface ErrorEntry {
  readonly text: string;
  readonly fix: string;
  readonly retry: 'no' | 'later' | 'elsewhere';
}

/** All entries by code. */
export const ERROR_CATALOGUE: Readonly<Record<ErrorCode, ErrorEntry>> = {
  ...CONFIG_ERRORS,
  ...DICOM_ERRORS,
  ...FEDERATION_ERRORS,
  ...IMPORT_ERRORS,
  ...PACS_ERRORS,
  ...PEER_ERRORS,
  ...RECONCILIATION_ERRORS,
  ...STORAGE_ERRORS,
  ...TRANSFER_ERRORS,
};
