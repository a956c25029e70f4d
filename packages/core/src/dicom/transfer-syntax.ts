/** Transfer syntaxes (PS3.5 chapter 10, annex A), as far as the form of a data set depends on them. */
import { DicomError } from '../errors/interhosp-error.ts';
import type { VrForm } from './encode.ts';
import type { Uid } from './uid.ts';

/** The transfer syntaxes that are named in code. */
export const TRANSFER_SYNTAXES = {
  ImplicitVRLittleEndian: '1.2.840.10008.1.2' as Uid,
  ExplicitVRLittleEndian: '1.2.840.10008.1.2.1' as Uid,
  DeflatedExplicitVRLittleEndian: '1.2.840.10008.1.2.1.99' as Uid,
  ExplicitVRBigEndian: '1.2.840.10008.1.2.2' as Uid,
} as const;

/** Syntaxes whose data set cannot be walked as plain little endian bytes: deflated ones and big endian ones. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian,
  TRANSFER_SYNTAXES.ExplicitVRBigEndian,
  // JPIP Referenced Deflate and JPIP HTJ2K Referenced Deflate (PS3.5 A.7, A.4.12).
  '1.2.840.10008.1.2.4.95',
  '1.2.840.10008.1.2.4.205',
  // GE's private implicit VR with big endian pixels: its pixels need a reader of its own.
  '1.2.840.113619.5.2',
]);

/**
 * How the data set of a transfer syntax writes VRs. Private syntaxes are taken to be explicit VR little endian, as all
 * encapsulated ones are (PS3.5 A.4).
 *
 * @throws {DicomError} `DICOM_TRANSFER_SYNTAX_UNSUPPORTED` for deflated and big endian syntaxes.
 */
export function vrFormOf(transferSyntaxUid: Uid): VrForm {
  if (UNSUPPORTED.has(transferSyntaxUid)) {
    throw new DicomError('DICOM_TRANSFER_SYNTAX_UNSUPPORTED', { details: { transferSyntaxUid } });
  }
  return transferSyntaxUid === TRANSFER_SYNTAXES.ImplicitVRLittleEndian ? 'implicit' : 'explicit';
}
