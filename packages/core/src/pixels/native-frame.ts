/** Puts decoded samples into the cells of native Pixel Data (PS3.5 8.1, 8.2). */
import type { FrameShape } from '../world/pixel-decoder.ts';
import { undecodable } from './codecs.ts';

/** What a decoder gave. */
export interface DecodedSamples {
  /** One sample each, of all components. */
  readonly samples: Uint8Array | Uint16Array | Int16Array;
  /** Component by component, or pixel by pixel. */
  readonly isPlanar: boolean;
  /** Bits that the decoder says a sample has. */
  readonly precision: number;
  /** Whether it gave negative numbers as such. */
  readonly isSigned: boolean;
}

/**
 * The frame as native bytes, little endian, in the arrangement that Planar Configuration says.
 *
 * Samples of a signed image that come without a sign, as those of JPEG and JPEG-LS do, get it from their highest stored bit:
 * before they were compressed the bits above it repeated it, and readers that look at whole words rely on that.
 *
 * @throws {DicomError} `DICOM_PIXELS_UNDECODABLE` when there are more or fewer samples than the shape says.
 */
export function nativeFrame(decoded: DecodedSamples, shape: FrameShape): Uint8Array {
  const { bitsAllocated, bitsStored, columns, isPlanar, isSigned, rows, samplesPerPixel } = shape;
  const { precision, samples } = decoded;
  const pixels = rows * columns;
  if (samples.length !== pixels * samplesPerPixel) throw undecodable('size');
  if (precision > bitsAllocated) throw undecodable('precision');
  const lacksSign = isSigned && !decoded.isSigned && precision === bitsStored && precision < bitsAllocated;
  const arranged = decoded.isPlanar === isPlanar || samplesPerPixel === 1 ? samples : rearranged(decoded, shape);
  if (bitsAllocated === 8 && !lacksSign && arranged.BYTES_PER_ELEMENT === 1) {
    return new Uint8Array(arranged.buffer, arranged.byteOffset, arranged.length);
  }
  const bytes = new Uint8Array(arranged.length * (bitsAllocated >> 3));
  const shift = 32 - bitsStored;
  for (let index = 0; index < arranged.length; index++) {
    const raw = arranged[index] as number;
    const sample = lacksSign ? (raw << shift) >> shift : raw;
    if (bitsAllocated === 8) bytes[index] = sample;
    else {
      bytes[2 * index] = sample;
      bytes[2 * index + 1] = sample >> 8;
    }
  }
  return bytes;
}

function rearranged({ isPlanar, samples }: DecodedSamples, { columns, rows, samplesPerPixel }: FrameShape) {
  const pixels = rows * columns;
  const result = samples.slice();
  for (let component = 0; component < samplesPerPixel; component++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const [planar, interleaved] = [component * pixels + pixel, pixel * samplesPerPixel + component];
      if (isPlanar) result[interleaved] = samples[planar] as number;
      else result[planar] = samples[interleaved] as number;
    }
  }
  return result;
}
