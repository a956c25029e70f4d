/**
 * Frames in a stream of bytes: a length as four bytes, most significant first, then that many bytes
 * (docs/protocol/peer.md). The length is compared with the limit before anything of the frame is kept, and memory is
 * taken only for bytes that arrived, so that a length is never a way to make us allocate.
 */
import { PeerError } from '@interhosp/core/errors';

/** Bytes of the length in front of each frame. */
export const FRAME_HEADER_BYTES = 4;

/** Pieces smaller than this are gathered: kept one by one, a megabyte that arrives byte by byte would cost a hundred. */
const SMALL_PIECE_BYTES = 4 * 1024;
const GATHER_BYTES = 32 * 1024;

/**
 * Header and frame in one new buffer. It is copied on purpose: libp2p keeps what it is given until it is written, and a
 * caller that filled its buffer again would alter bytes under way.
 *
 * @throws {PeerError} `PEER_LIMIT` when the frame is longer than `maxFrameBytes`; nothing was allocated.
 */
export function encodeFrame(frame: Uint8Array, maxFrameBytes: number): Uint8Array {
  if (frame.byteLength > maxFrameBytes) throw tooLong(frame.byteLength, maxFrameBytes);
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + frame.byteLength);
  new DataView(bytes.buffer).setUint32(0, frame.byteLength);
  bytes.set(frame, FRAME_HEADER_BYTES);
  return bytes;
}

/** Bytes in as they arrive, frames out. */
export class FrameReader {
  readonly #maxFrameBytes: number;
  #chunks: Uint8Array[] = [];
  /** The buffer behind the last chunk, while small pieces are gathered there. */
  #gathered: { readonly buffer: Uint8Array; readonly view: Uint8Array } | undefined;
  /** Where the unread bytes of the first chunk begin. */
  #offset = 0;
  #bufferedBytes = 0;
  /** Length of the frame in front, once its header is here. */
  #frameBytes: number | undefined;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes held, headers included. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Buffers that hold them; see {@link SMALL_PIECE_BYTES}. */
  get chunkCount(): number {
    return this.#chunks.length;
  }

  /**
   * Takes bytes as they arrived. Large pieces are kept by reference until the frame is read.
   *
   * @throws {PeerError} `PEER_LIMIT` when the frame in front announces more than the limit.
   */
  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    if (chunk.byteLength < SMALL_PIECE_BYTES) this.#gather(chunk);
    else this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.byteLength;
    this.#readHeader();
  }

  /** Whether {@link FrameReader.next} would return a frame. */
  get hasFrame(): boolean {
    return this.#frameBytes !== undefined && this.#bufferedBytes >= this.#frameBytes;
  }

  /** Whether nothing of a further frame has arrived. */
  get atFrameEdge(): boolean {
    return this.#frameBytes === undefined && this.#bufferedBytes === 0;
  }

  /**
   * The next frame, in a buffer of its own; undefined when it is not all here.
   *
   * @throws {PeerError} `PEER_LIMIT` when the frame after it announces more than the limit.
   */
  next(): Uint8Array | undefined {
    if (this.#frameBytes === undefined || this.#bufferedBytes < this.#frameBytes) return undefined;
    const frame = this.#take(this.#frameBytes);
    this.#frameBytes = undefined;
    this.#readHeader();
    return frame;
  }

  /** Forgets everything. */
  clear(): void {
    this.#chunks = [];
    this.#offset = 0;
    this.#bufferedBytes = 0;
    this.#frameBytes = undefined;
  }

  #gather(piece: Uint8Array): void {
    const last = this.#chunks.length - 1;
    const gathered = this.#gathered;
    if (gathered !== undefined && this.#chunks[last] === gathered.view) {
      const { buffer, view } = gathered;
      const end = view.byteLength + piece.byteLength;
      if (end <= buffer.byteLength) {
        buffer.set(piece, view.byteLength);
        this.#gathered = { buffer, view: buffer.subarray(0, end) };
        this.#chunks[last] = this.#gathered.view;
        return;
      }
    }
    const fresh = new Uint8Array(GATHER_BYTES);
    fresh.set(piece);
    this.#gathered = { buffer: fresh, view: fresh.subarray(0, piece.byteLength) };
    this.#chunks.push(this.#gathered.view);
  }

  #readHeader(): void {
    if (this.#frameBytes !== undefined || this.#bufferedBytes < FRAME_HEADER_BYTES) return;
    const header = this.#take(FRAME_HEADER_BYTES);
    const length = new DataView(header.buffer).getUint32(0);
    if (length > this.#maxFrameBytes) throw tooLong(length, this.#maxFrameBytes);
    this.#frameBytes = length;
  }

  #take(count: number): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(count);
    let filled = 0;
    let used = 0;
    while (filled < count) {
      const chunk = this.#chunks[used] as Uint8Array;
      const part = chunk.subarray(this.#offset, this.#offset + count - filled);
      taken.set(part, filled);
      filled += part.byteLength;
      this.#offset += part.byteLength;
      if (this.#offset === chunk.byteLength) {
        this.#offset = 0;
        used += 1;
      }
    }
    this.#chunks.splice(0, used);
    this.#bufferedBytes -= count;
    return taken;
  }
}

function tooLong(bytes: number, limit: number): PeerError {
  return new PeerError('PEER_LIMIT', { retry: 'no', details: { field: 'frame', bytes, limit } });
}
