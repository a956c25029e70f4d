/**
 * The contract of the `Inflate` port as a test suite. Deflated data sets come from other hospitals: the suite sends
 * streams that are cut, wrong, or a thousand times larger inside than outside.
 */
import type { Inflate } from '../world/index.ts';
import { check, equal, rejectsWithCode, type TestRunner } from './expect.ts';
import { createSampleRandom } from './sample-random.ts';

/** What the suite is told about an implementation. */
export interface InflateConformanceOptions {
  /** Title of the suite. */
  readonly name: string;
  /** Makes the port. */
  readonly create: () => Inflate;
}

/** A block of 10 stored bytes and the end (RFC 1951 3.2.4). */
const STORED = Uint8Array.of(0x01, 0x0a, 0x00, 0xf5, 0xff, ...Array.from({ length: 10 }, (_, index) => index));
/** "hello" in a block with fixed codes (RFC 1951 3.2.6). */
const FIXED = Uint8Array.of(0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00);
const MEBIBYTE = 1_048_576;
/** Pieces of input, as a network gives them. */
const PIECE_BYTES = 4_096;

/** Registers the suite. */
export function inflateConformance(runner: TestRunner, { name, create }: InflateConformanceOptions): void {
  runner.describe(`the contract of inflating: ${name}`, () => {
    formatTests(runner, create);
    endTests(runner, create);
    limitTests(runner, create);
    damageTests(runner, create);
  });
}

function formatTests({ it }: TestRunner, create: () => Inflate): void {
  it('inflates RFC 1951 without a wrapper', async () => {
    equal(await inflated(create(), STORED), Uint8Array.from(STORED.subarray(5)), 'a stored block comes out as it is');
    equal(await inflated(create(), FIXED), new TextEncoder().encode('hello'), 'a block of fixed codes is decoded');
  });

  it('gives back what it deflated, in whatever pieces it comes', async () => {
    for (const bytes of [new Uint8Array(), Uint8Array.of(7), new Uint8Array(MEBIBYTE), noise(300_000)]) {
      const deflated = await joined(create().deflateRaw(pieces(bytes, PIECE_BYTES)));
      equal(await inflated(create(), deflated, bytes.length), bytes, 'inflateRaw() reverses deflateRaw()');
    }
    const small = await joined(create().deflateRaw(pieces(noise(100), 1)));
    equal(
      await joined(create().inflateRaw(pieces(small, 1), { maxBytes: 100 })),
      noise(100),
      'pieces may be of a byte',
    );
  });
}

function endTests({ it }: TestRunner, create: () => Inflate): void {
  it('gives out all before a padding byte, however slow its reader is', async () => {
    for (const bytes of [noise(100_000), new Uint8Array(MEBIBYTE)]) {
      const deflated = await joined(create().deflateRaw(pieces(bytes, PIECE_BYTES)));
      // The zero that makes an odd length even (PS3.5 A.5), and a block of others, that stands for anything else.
      for (const behind of [Uint8Array.of(0), noise(PIECE_BYTES)]) {
        const padded = new Uint8Array([...deflated, ...behind]);
        for (const pieceBytes of [padded.length, deflated.length, PIECE_BYTES]) {
          const given = create().inflateRaw(pieces(padded, pieceBytes), { maxBytes: bytes.length });
          equal(await joined(slowly(given)), bytes, 'bytes behind the last block take nothing away');
        }
      }
    }
  });
}

function limitTests({ it }: TestRunner, create: () => Inflate): void {
  it('gives as much as the limit, and refuses a byte more', async () => {
    const bytes = noise(50_000);
    const deflated = await joined(create().deflateRaw(pieces(bytes, PIECE_BYTES)));
    equal(await inflated(create(), deflated, bytes.length), bytes, 'as much as the limit is allowed');
    await rejectsWithCode(
      () => inflated(create(), deflated, bytes.length - 1),
      'DICOM_LIMIT',
      'a byte more than the limit is refused',
    );
  });

  it('stops at the limit, however much would follow', async () => {
    const bomb = await joined(create().deflateRaw(zeros(64)));
    check(bomb.length * 500 < 64 * MEBIBYTE, 'zeros are deflated to little');
    let seenBytes = 0;
    const inflating = async () => {
      for await (const piece of create().inflateRaw(pieces(bomb, PIECE_BYTES), { maxBytes: MEBIBYTE })) {
        seenBytes += piece.length;
      }
    };
    await rejectsWithCode(inflating, 'DICOM_LIMIT', 'a stream that grows a thousandfold ends at the limit');
    check(seenBytes <= MEBIBYTE, 'no more than the limit is given out before');
  });

  it('reads no further than its reader does', async () => {
    let takenBytes = 0;
    const input = await joined(create().deflateRaw(pieces(noise(4 * MEBIBYTE), PIECE_BYTES)));
    async function* counted(): AsyncIterable<Uint8Array> {
      for await (const piece of pieces(input, PIECE_BYTES)) {
        takenBytes += piece.length;
        yield piece;
      }
    }
    // A reader that takes one piece and leaves.
    for await (const _ of create().inflateRaw(counted(), { maxBytes: 8 * MEBIBYTE })) break;
    check(takenBytes <= MEBIBYTE, 'a stream is never held whole');
  });
}

function damageTests({ it }: TestRunner, create: () => Inflate): void {
  it('says so when the stream ends early', async () => {
    const deflated = await joined(create().deflateRaw(pieces(noise(20_000), PIECE_BYTES)));
    for (const whole of [STORED, FIXED, deflated]) {
      for (const keptBytes of [0, 1, whole.length >> 1, whole.length - 2]) {
        await rejectsWithCode(
          () => inflated(create(), whole.subarray(0, keptBytes)),
          'DICOM_TRUNCATED',
          'a stream without its last block is cut',
        );
      }
    }
  });

  it('says so when the stream is none', async () => {
    // A block of the reserved type 3, a stored block whose lengths disagree, and a distance before the beginning.
    for (const bytes of [[0x07], [0x01, 0x0a, 0x00, 0x00, 0x00, 1, 2], [0x03, 0x02, 0x00, 0x00]]) {
      await rejectsWithCode(
        () => inflated(create(), Uint8Array.from(bytes)),
        'DICOM_MALFORMED',
        'bytes that are no deflated stream are refused',
      );
    }
  });

  it('passes on what broke its source', async () => {
    const broken = new Error('the source broke off');
    async function* breaking(): AsyncIterable<Uint8Array> {
      yield STORED.subarray(0, 7);
      await Promise.reject(broken);
    }
    let thrown: unknown;
    try {
      await joined(create().inflateRaw(breaking(), { maxBytes: 100 }));
    } catch (error) {
      thrown = error;
    }
    check(Object.is(thrown, broken), "a source's error comes through untouched");
  });
}

function inflated(inflate: Inflate, bytes: Uint8Array, maxBytes: number = MEBIBYTE): Promise<Uint8Array> {
  return joined(inflate.inflateRaw(pieces(bytes, PIECE_BYTES), { maxBytes }));
}

async function* pieces(bytes: Uint8Array, pieceBytes: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** As a disk or a network takes pieces. */
async function* slowly(parts: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const part of parts) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    yield part;
  }
}

async function* zeros(mebibytes: number): AsyncIterable<Uint8Array> {
  for (let count = 0; count < mebibytes; count++) yield new Uint8Array(MEBIBYTE);
}

function noise(bytes: number): Uint8Array {
  return createSampleRandom('inflate').bytes(bytes);
}

async function joined(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const held: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const part of parts) {
    held.push(part.slice());
    lengthBytes += part.length;
  }
  const whole = new Uint8Array(lengthBytes);
  let at = 0;
  for (const part of held) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
