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

/** Syntaxes whose data set is one raw DEFLATE stream around explicit VR little endian (PS3.5 A.5, A.7). */
const DEFLATED: ReadonlySet<string> = new Set([
  TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian,
  // JPIP Referenced Deflate and JPIP HTJ2K Referenced Deflate.
  '1.2.840.10008.1.2.4.95',
  '1.2.840.10008.1.2.4.205',
]);

const IMPLICIT: ReadonlySet<string> = new Set([
  TRANSFER_SYNTAXES.ImplicitVRLittleEndian,
  // GE's private one, in which the pixels alone are big endian: they travel as they are.
  '1.2.840.113619.5.2',
]);

/** Whether the bytes of the data set are deflated: inflated-source.ts reads them, {@link vrFormOf} refuses them. */
export function isDeflated(transferSyntaxUid: Uid): boolean {
  return DEFLATED.has(transferSyntaxUid);
}

/**
 * How the data set of a transfer syntax writes VRs. Private syntaxes are taken to be explicit VR little endian, as all
 * encapsulated ones are (PS3.5 A.4).
 *
 * @throws {DicomError} `DICOM_TRANSFER_SYNTAX_UNSUPPORTED` for deflated syntaxes, whose bytes are no elements.
 */
export function vrFormOf(transferSyntaxUid: Uid): VrForm {
  if (isDeflated(transferSyntaxUid)) {
    throw new DicomError('DICOM_TRANSFER_SYNTAX_UNSUPPORTED', { details: { transferSyntaxUid } });
  }
  if (transferSyntaxUid === TRANSFER_SYNTAXES.ExplicitVRBigEndian) return 'explicit-big-endian';
  return IMPLICIT.has(transferSyntaxUid) ? 'implicit' : 'explicit';
}
