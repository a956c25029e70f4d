/**
 * The codecs, as they are called in the worker: CharLS and OpenJPEG in WebAssembly, RLE and JPEG lossless of our own. Their
 * memory ends at a cap. Whatever they throw, print or answer wrongly is told by a reason of ours.
 */
import charls from '@cornerstonejs/codec-charls/decodewasmjs';
import openjpeg from '@cornerstonejs/codec-openjpeg/decodewasmjs';
import { errorCodeOf } from '@interhosp/core/errors';
import { decodeJpegLossless, decodeRle, nativeFrame, undecodable, type DecodedSamples } from '@interhosp/core/pixels';
import type { CodedFrame, FrameShape } from '@interhosp/core/world';

/** What a module of Emscripten is made with. */
export interface EmscriptenOptions {
  readonly print: (line: string) => void;
  readonly printErr: (line: string) => void;
}

/** Decodes one frame. @throws {DicomError} `DICOM_PIXELS_UNDECODABLE` */
export async function decodeInWorker({ bytes, codec, shape }: CodedFrame): Promise<Uint8Array> {
  switch (codec) {
    case 'jpeg-2000':
      return nativeFrame(await decodeJpeg2000(bytes, shape), shape);
    case 'jpeg-lossless':
      return nativeFrame(decodeJpegLossless(bytes), shape);
    case 'jpeg-ls':
      return nativeFrame(await decodeJpegLs(bytes, shape), shape);
    case 'native':
      return decodeNative(bytes, shape);
    case 'rle':
      return decodeRle(bytes, shape);
    default:
      codec satisfies never;
      throw undecodable('codec');
  }
}

/** Memory of both codecs ends here, whatever a codestream makes them ask for. */
export function capWasmMemory(mostBytes: number): void {
  const memory = WebAssembly.Memory.prototype;
  // Called below with the memory that grows.
  // oxlint-disable-next-line unbound-method
  const { grow } = memory;
  memory.grow = function (pages) {
    if (this.buffer.byteLength + pages * 65_536 > mostBytes) throw new RangeError('memory');
    return grow.call(this, pages);
  };
}

/** OpenJPEG decodes what it can and says by a line only that it was not all. */
let hasComplained = false;
const options: EmscriptenOptions = {
  print: () => {},
  printErr: (line) => {
    hasComplained ||= /error|warning/i.test(line);
  },
};

let charlsModule: ReturnType<typeof charls> | undefined;
let openjpegModule: ReturnType<typeof openjpeg> | undefined;

async function decodeJpegLs(bytes: Uint8Array, shape: FrameShape): Promise<DecodedSamples> {
  charlsModule ??= charls(options);
  const decoder = new (await charlsModule).JpegLSDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    orUndecodable(() => decoder.decode());
    const info = decoder.getFrameInfo();
    return {
      isPlanar: decoder.getInterleaveMode() === 0,
      isSigned: false,
      precision: info.bitsPerSample,
      samples: samplesOf(decoder.getDecodedBuffer(), info, shape),
    };
  } finally {
    decoder.delete();
  }
}

async function decodeJpeg2000(bytes: Uint8Array, shape: FrameShape): Promise<DecodedSamples> {
  openjpegModule ??= openjpeg(options);
  const decoder = new (await openjpegModule).J2KDecoder();
  try {
    hasComplained = false;
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    orUndecodable(() => decoder.decode());
    if (hasComplained) throw undecodable('complaint');
    const info = decoder.getFrameInfo();
    if (!decoder.getIsReversible()) throw undecodable('irreversible');
    return {
      isPlanar: false,
      isSigned: info.isSigned,
      precision: info.bitsPerSample,
      samples: samplesOf(decoder.getDecodedBuffer(), info, shape),
    };
  } finally {
    decoder.delete();
  }
}

/** What a decoder threw may repeat what it read, and is a bare number for CharLS. */
function orUndecodable(decode: () => void): void {
  try {
    decode();
  } catch (error) {
    if (errorCodeOf(error) !== undefined) throw error;
    throw undecodable(error instanceof WebAssembly.RuntimeError || error instanceof RangeError ? 'crashed' : 'decoder');
  }
}

/** A copy: the decoder's memory is used again. Samples over 8 bits take two bytes, little endian. */
function samplesOf(
  decoded: Uint8Array,
  info: {
    readonly width: number;
    readonly height: number;
    readonly bitsPerSample: number;
    readonly componentCount: number;
  },
  { columns, rows, samplesPerPixel }: FrameShape,
): Uint8Array | Uint16Array {
  if (info.width !== columns || info.height !== rows || info.componentCount !== samplesPerPixel)
    throw undecodable('size');
  const samples = rows * columns * samplesPerPixel;
  const isWide = info.bitsPerSample > 8;
  if (info.bitsPerSample < 1 || info.bitsPerSample > 16 || decoded.length !== samples * (isWide ? 2 : 1)) {
    throw undecodable('size');
  }
  const copy = decoded.slice();
  return isWide ? new Uint16Array(copy.buffer, 0, samples) : copy;
}

/** Encapsulated Uncompressed (PS3.5 A.4.11): the frame itself, perhaps with the byte that makes a fragment even. */
function decodeNative(bytes: Uint8Array, { bitsAllocated, columns, rows, samplesPerPixel }: FrameShape): Uint8Array {
  const lengthBytes = rows * columns * samplesPerPixel * (bitsAllocated >> 3);
  if (bytes.length !== lengthBytes + (lengthBytes % 2)) throw undecodable('size');
  return bytes.slice(0, lengthBytes);
}
