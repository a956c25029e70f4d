/**
 * Reads multipart/related bodies (RFC 2046 5.1, RFC 2387) as a stream: nothing is held but the end of a chunk that may be
 * the beginning of a boundary. Whatever way a body is cut into chunks, the parts are the same.
 *
 * A part that tells its length is read by its length, so that a boundary inside its bytes does no harm. A body is complete
 * only with the closing boundary; one that breaks off before is an error, also when every part seemed whole.
 */
import {
  MAX_BOUNDARY_CHARACTERS,
  MAX_PADDING_BYTES,
  MAX_PART_BYTES,
  MAX_PART_HEADER_BYTES,
  MAX_PARTS,
  MAX_PREAMBLE_BYTES,
} from './limits.ts';

/** Why a body cannot be read: it broke off, it is no multipart body, or it exceeds a limit. */
export type MultipartProblem = 'truncated' | 'malformed' | 'limit';

/** A multipart body that cannot be read; client and server make of it what they tell. */
export class MultipartError extends Error {
  override readonly name = 'MultipartError';
  readonly problem: MultipartProblem;
  constructor(problem: MultipartProblem, text: string) {
    super(text);
    this.problem = problem;
  }
}

/** One part. Its body is read to its end, or dropped, before the next part comes. */
export interface Part {
  /** By lower-case name; of a repeated header the first. */
  readonly headers: ReadonlyMap<string, string>;
  /** As Content-Length tells; undefined when it does not. */
  readonly lengthBytes: number | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

/** Limits of one body; see limits.ts for the defaults. */
export interface MultipartLimits {
  readonly maxParts?: number;
  readonly maxPartBytes?: number;
}

/**
 * Yields the parts of a body.
 *
 * @throws {MultipartError} and whatever `chunks` throws, untouched.
 */
export async function* readMultipart(
  chunks: AsyncIterable<Uint8Array>,
  boundary: string,
  limits: MultipartLimits = {},
): AsyncGenerator<Part, void, undefined> {
  const { maxParts = MAX_PARTS, maxPartBytes = MAX_PART_BYTES } = limits;
  if (boundary === '' || boundary.length > MAX_BOUNDARY_CHARACTERS || !/^[\x20-\x7e]*$/.test(boundary)) {
    throw new MultipartError('malformed', 'the boundary is missing or no boundary');
  }
  const input = new Input(chunks);
  try {
    let mark = await firstMark(input, boundary);
    for (let count = 0; !mark.isClosing; count++) {
      if (count === maxParts) throw new MultipartError('limit', 'too many parts');
      const headers = await readHeaders(input);
      const lengthBytes = lengthOf(headers);
      if (lengthBytes !== undefined && lengthBytes > maxPartBytes) throw tooLong();
      const reader = new BodyReader(input, delimiterOf(boundary, mark.hasReturns), lengthBytes, maxPartBytes);
      yield { headers, lengthBytes, body: reader.pieces() };
      mark = { isClosing: await reader.finish(), hasReturns: mark.hasReturns };
    }
    await skipEpilogue(input);
  } finally {
    await input.end();
  }
}

/** A boundary that was found. */
interface Mark {
  readonly isClosing: boolean;
  /** Lines end with CRLF and not, as some old servers write, with LF alone. Decided once, by the first line. */
  readonly hasReturns: boolean;
}

interface Delimiter {
  /** With the end of the line before it. */
  readonly bytes: Buffer;
  /** Without. */
  readonly line: Buffer;
}

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;

function delimiterOf(boundary: string, hasReturns: boolean): Delimiter {
  const line = Buffer.from(`--${boundary}`, 'latin1');
  return { line, bytes: Buffer.concat([Buffer.from(hasReturns ? '\r\n' : '\n'), line]) };
}

/** Bytes that were read and not yet used. */
class Input {
  buffer: Buffer = Buffer.alloc(0);
  readonly #iterator: AsyncIterator<Uint8Array>;
  #isEnded = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#iterator = chunks[Symbol.asyncIterator]();
  }

  /** Appends the next chunk; false when there is none. */
  async more(): Promise<boolean> {
    while (!this.#isEnded) {
      const next = await this.#iterator.next();
      if (next.done === true) {
        this.#isEnded = true;
      } else if (next.value.length > 0) {
        const { buffer, byteOffset, byteLength } = next.value;
        const chunk = Buffer.from(buffer, byteOffset, byteLength);
        this.buffer = this.buffer.length === 0 ? chunk : Buffer.concat([this.buffer, chunk]);
        return true;
      }
    }
    return false;
  }

  /** Takes bytes from the front. */
  take(count: number): Buffer {
    const taken = this.buffer.subarray(0, count);
    this.buffer = this.buffer.subarray(count);
    return taken;
  }

  async end(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    await this.#iterator.return?.();
  }
}

/** What follows a boundary: the end of its line, the two dashes of the last one, something else, or too little to tell. */
type Ending = { readonly kind: 'open'; readonly bytes: number } | { readonly kind: 'close' | 'other' | 'short' };

function endingAt(buffer: Buffer, at: number): Ending {
  if (buffer[at] === DASH) {
    if (at + 1 >= buffer.length) return { kind: 'short' };
    return { kind: buffer[at + 1] === DASH ? 'close' : 'other' };
  }
  for (let index = at; index < Math.min(buffer.length, at + MAX_PADDING_BYTES); index++) {
    const byte = buffer[index];
    if (byte === LF) return { kind: 'open', bytes: index + 1 - at };
    if (byte === CR && index + 1 < buffer.length && buffer[index + 1] !== LF) return { kind: 'other' };
    if (byte !== 0x20 && byte !== 0x09 && byte !== CR) return { kind: 'other' };
  }
  return { kind: buffer.length - at >= MAX_PADDING_BYTES ? 'other' : 'short' };
}

/** Finds the first boundary, at the start of a line; what stands before it is no content (RFC 2046 5.1.1). */
async function firstMark(input: Input, boundary: string): Promise<Mark> {
  const line = Buffer.from(`--${boundary}`, 'latin1');
  let from = 0;
  for (;;) {
    const at = input.buffer.indexOf(line, from);
    const ending = at < 0 ? undefined : endingAt(input.buffer, at + line.length);
    const isLineStart = at === 0 || (at > 0 && input.buffer[at - 1] === LF);
    if (at > MAX_PREAMBLE_BYTES || (at < 0 && input.buffer.length > MAX_PREAMBLE_BYTES + line.length)) {
      throw new MultipartError('limit', 'no boundary within the first bytes');
    }
    if (ending !== undefined && (!isLineStart || ending.kind === 'other')) {
      from = at + 1;
    } else if (ending !== undefined && ending.kind === 'close') {
      input.take(at + line.length + 2);
      return { isClosing: true, hasReturns: true };
    } else if (ending !== undefined && ending.kind === 'open') {
      const hasReturns = input.buffer[at + line.length + ending.bytes - 2] === CR;
      input.take(at + line.length + ending.bytes);
      return { isClosing: false, hasReturns };
    } else if (!(await input.more())) {
      throw new MultipartError('truncated', 'the body ends before its first boundary');
    }
  }
}

/** Reads header lines up to the empty one. */
async function readHeaders(input: Input): Promise<ReadonlyMap<string, string>> {
  const headers = new Map<string, string>();
  let left = MAX_PART_HEADER_BYTES;
  let last = '';
  for (;;) {
    let end = input.buffer.indexOf(LF);
    while (end < 0) {
      if (input.buffer.length > left) throw new MultipartError('limit', 'headers of a part are too long');
      if (!(await input.more())) throw new MultipartError('truncated', 'the body ends within the headers of a part');
      end = input.buffer.indexOf(LF);
    }
    left -= end + 1;
    if (left < 0) throw new MultipartError('limit', 'headers of a part are too long');
    const line = input
      .take(end + 1)
      .toString('latin1')
      .replace(/\r?\n$/, '');
    if (line === '') return checkedHeaders(headers);
    if (/^[ \t]/.test(line) && last !== '') {
      headers.set(last, `${headers.get(last) ?? ''} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    if (colon <= 0) throw new MultipartError('malformed', 'a header of a part has no name');
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'content-length' && headers.has(name) && headers.get(name) !== value) {
      throw new MultipartError('malformed', 'a part has two lengths');
    }
    last = headers.has(name) ? '' : name;
    if (last !== '') headers.set(name, value);
  }
}

function checkedHeaders(headers: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  // A message in a message would be a way around every limit here, and no DICOMweb service has one.
  if (/^multipart\//i.test(headers.get('content-type') ?? '')) {
    throw new MultipartError('malformed', 'a part is a multipart message itself');
  }
  return headers;
}

function lengthOf(headers: ReadonlyMap<string, string>): number | undefined {
  const text = headers.get('content-length');
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new MultipartError('malformed', 'the length of a part is no number');
  return Number(text);
}

/** Reads the body of one part, piece by piece, and the boundary behind it. */
class BodyReader {
  readonly #input: Input;
  readonly #delimiter: Delimiter;
  readonly #maxBytes: number;
  /** Bytes that are still to come when the length is known. */
  #left: number | undefined;
  #passed = 0;
  #isAtStart = true;
  /** Whether the boundary behind the body was read, and which. */
  #end: 'open' | 'close' | undefined;

  constructor(input: Input, delimiter: Delimiter, lengthBytes: number | undefined, maxBytes: number) {
    this.#input = input;
    this.#delimiter = delimiter;
    this.#left = lengthBytes;
    this.#maxBytes = maxBytes;
  }

  async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let piece = await this.#next(); piece !== undefined; piece = await this.#next()) {
      if (piece.length > 0) yield piece;
    }
  }

  /** Drops what is left of the body; whether the closing boundary follows it. */
  async finish(): Promise<boolean> {
    while ((await this.#next()) !== undefined) continue;
    return this.#end === 'close';
  }

  /** The next piece, perhaps empty; undefined at the end of the body. */
  async #next(): Promise<Uint8Array | undefined> {
    if (this.#end !== undefined) return undefined;
    const piece = this.#left === undefined ? await this.#searched() : await this.#counted(this.#left);
    this.#passed += piece?.length ?? 0;
    if (this.#passed > this.#maxBytes) throw tooLong();
    return piece;
  }

  async #counted(left: number): Promise<Uint8Array | undefined> {
    const input = this.#input;
    if (left > 0) {
      if (input.buffer.length === 0 && !(await input.more())) throw brokenOff();
      const piece = input.take(Math.min(left, input.buffer.length));
      this.#left = left - piece.length;
      return piece;
    }
    const { bytes, line } = this.#delimiter;
    for (;;) {
      const { buffer } = input;
      // An empty body may have no line end of its own.
      const mark = this.#passed === 0 && startsLike(buffer, line) ? line : bytes;
      if (!startsLike(buffer, mark)) throw new MultipartError('malformed', 'a part is longer than it said');
      if (buffer.length >= mark.length && this.#close(0, mark.length)) return undefined;
      if (buffer.length >= mark.length && endingAt(buffer, mark.length).kind === 'other') {
        throw new MultipartError('malformed', 'a part is longer than it said');
      }
      if (!(await input.more())) throw brokenOff();
    }
  }

  async #searched(): Promise<Uint8Array | undefined> {
    const input = this.#input;
    const { bytes, line } = this.#delimiter;
    if (this.#isAtStart) {
      // Some writers leave out the line end before the boundary when the body is empty.
      while (startsLike(input.buffer, line)) {
        if (input.buffer.length >= line.length) {
          if (this.#close(0, line.length)) return undefined;
          if (endingAt(input.buffer, line.length).kind === 'other') break;
        }
        if (!(await input.more())) throw brokenOff();
      }
      this.#isAtStart = false;
    }
    for (let from = 0; ;) {
      const { buffer } = input;
      const at = buffer.indexOf(bytes, from);
      if (at < 0) {
        const keep = beginningAtEnd(buffer, bytes);
        if (buffer.length > keep) return input.take(buffer.length - keep);
      } else {
        const ending = endingAt(buffer, at + bytes.length);
        if (ending.kind === 'other') {
          from = at + 1;
          continue;
        }
        if (at > 0) return input.take(at);
        if (this.#close(at, bytes.length)) return undefined;
      }
      if (!(await input.more())) throw brokenOff();
      from = 0;
    }
  }

  /** Takes a boundary at the front of the input, when it is seen to be one. */
  #close(at: number, length: number): boolean {
    const ending = endingAt(this.#input.buffer, at + length);
    if (ending.kind !== 'open' && ending.kind !== 'close') return false;
    this.#input.take(at + length + (ending.kind === 'open' ? ending.bytes : 2));
    this.#end = ending.kind;
    return true;
  }
}

/** Whether the bytes begin like the pattern, as far as there are any. */
function startsLike(bytes: Buffer, pattern: Buffer): boolean {
  const length = Math.min(bytes.length, pattern.length);
  return bytes.compare(pattern, 0, length, 0, length) === 0;
}

/** Length of the longest end of `bytes` with which `pattern` begins. */
function beginningAtEnd(bytes: Buffer, pattern: Buffer): number {
  const first = pattern[0] ?? 0;
  const earliest = Math.max(0, bytes.length - pattern.length + 1);
  for (let at = bytes.indexOf(first, earliest); at >= 0; at = bytes.indexOf(first, at + 1)) {
    const length = bytes.length - at;
    if (bytes.compare(pattern, 0, length, at) === 0) return length;
  }
  return 0;
}

/** What follows the last boundary is no content; a little is read, so that the connection can be used again. */
async function skipEpilogue(input: Input): Promise<void> {
  let skipped = input.take(input.buffer.length).length;
  while (skipped <= MAX_PREAMBLE_BYTES && (await input.more())) skipped += input.take(input.buffer.length).length;
}

function brokenOff(): MultipartError {
  return new MultipartError('truncated', 'the body ends before its closing boundary');
}

function tooLong(): MultipartError {
  return new MultipartError('limit', 'a part is too long');
}
