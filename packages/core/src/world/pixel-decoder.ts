/**
 * Port: decoders of compressed frames. Bytes from elsewhere go into code that was not written for hostile input, so an
 * implementation keeps it apart from everything else, with a cap on memory and a deadline.
 */

/** How a frame is coded. */
export type PixelCodec =
  | 'jpeg-2000'
  | 'jpeg-lossless'
  | 'jpeg-ls'
  /** As in a native data set, wrapped in fragments (PS3.5 A.4.11). */
  | 'native'
  | 'rle';

/** What one frame is, by the Image Pixel attributes of its data set (PS3.3 C.7.6.3). */
export interface FrameShape {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  /** 8, 16 or 32. */
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  /** Pixel Representation (0028,0103) is 1: two's complement. */
  readonly isSigned: boolean;
  /** Planar Configuration (0028,0006) is 1: all samples of the first component, then all of the second. */
  readonly isPlanar: boolean;
}

/** One frame to be decoded. */
export interface CodedFrame {
  readonly codec: PixelCodec;
  readonly shape: FrameShape;
  /** Its fragments, joined. */
  readonly bytes: Uint8Array;
}

/** Decodes frames. */
export interface PixelDecoder {
  /**
   * One frame as a native data set holds it, little endian (PS3.5 8.1): exactly rows × columns × samples × bytes allocated.
   *
   * @throws {DicomError} `DICOM_PIXELS_UNDECODABLE` whatever is wrong with the frame, a crash and a hang included.
   */
  decodeFrame(frame: CodedFrame, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array>;
}
