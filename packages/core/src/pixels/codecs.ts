/**
 * Transfer syntaxes whose pixels decode to the same bits whoever decodes them, and how (PS3.5 A.4, 8.2). Syntaxes with an
 * inverse cosine transform or a floating-point wavelet are not here: two decoders give two results.
 */
import { DicomError } from '../errors/interhosp-error.ts';
import { TRANSFER_SYNTAXES } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import type { PixelCodec } from '../world/pixel-decoder.ts';

const CODECS: ReadonlyMap<string, PixelCodec> = new Map<string, PixelCodec>([
  ['1.2.840.10008.1.2.1.98', 'native'],
  // JPEG Lossless, Non-Hierarchical (process 14), and the same with first-order prediction.
  ['1.2.840.10008.1.2.4.57', 'jpeg-lossless'],
  ['1.2.840.10008.1.2.4.70', 'jpeg-lossless'],
  ['1.2.840.10008.1.2.4.80', 'jpeg-ls'],
  // Near-lossless: the loss was made when it was coded; ISO/IEC 14495-1 fixes each decoded value.
  ['1.2.840.10008.1.2.4.81', 'jpeg-ls'],
  ['1.2.840.10008.1.2.4.90', 'jpeg-2000'],
  // May hold either wavelet: the reversible one is decoded, frame by frame as its header says.
  ['1.2.840.10008.1.2.4.91', 'jpeg-2000'],
  ['1.2.840.10008.1.2.5', 'rle'],
]);

/** How frames in a transfer syntax are decoded bit by bit; undefined where they cannot be, or are not compressed. */
export function pixelCodecOf(transferSyntaxUid: Uid): PixelCodec | undefined {
  return CODECS.get(transferSyntaxUid);
}

/** Whether a data set is in one of the two plain little endian syntaxes. */
export function isPlainSyntax(transferSyntaxUid: Uid): boolean {
  return (
    transferSyntaxUid === TRANSFER_SYNTAXES.ImplicitVRLittleEndian ||
    transferSyntaxUid === TRANSFER_SYNTAXES.ExplicitVRLittleEndian
  );
}

/**
 * A frame that is not what it should be.
 *
 * @param reason - A literal of the code that says what: never a text of a decoder, which may repeat what it read.
 */
export function undecodable(
  reason: string,
  details: { readonly count?: number; readonly limit?: number } = {},
): DicomError {
  return new DicomError('DICOM_PIXELS_UNDECODABLE', { details: { reason, ...details } });
}
