/** Unique identifiers (PS3.5 chapter 9). A UID is data, never a path. */
import { DicomError } from '../errors/interhosp-error.ts';
import { trimPadding } from './padding.ts';

/** A UID that was checked by {@link parseUid}. */
export type Uid = string & { readonly __brand: 'Uid' };

/**
 * Checks a UID. Padding (trailing NUL or space, as stored in data sets) is removed first.
 *
 * A leading zero in a component is accepted: it is invalid (PS3.5 9.1) and common, and refusing it would lose studies.
 *
 * @throws {DicomError} `DICOM_UID_INVALID`; the text is not repeated, as a UID field may hold anything.
 */
export function parseUid(text: string): Uid {
  const uid = tryParseUid(text);
  if (uid === undefined) throw new DicomError('DICOM_UID_INVALID');
  return uid;
}

/** As {@link parseUid}, with undefined instead of an error. */
export function tryParseUid(text: string): Uid | undefined {
  const trimmed = trimPadding(text);
  return trimmed.length <= 64 && /^\d+(?:\.\d+)+$/.test(trimmed) ? (trimmed as Uid) : undefined;
}
