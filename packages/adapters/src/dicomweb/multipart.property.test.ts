import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MultipartError, readMultipart, type MultipartLimits } from './multipart-reader.ts';
import { closing, joinSmall, multipartBody, partHead } from './multipart-writer.ts';

interface Result {
  readonly parts: readonly { readonly type: string | undefined; readonly bytes: string }[];
  readonly problem?: string;
}

async function parse(chunks: readonly Uint8Array[], boundary: string, limits?: MultipartLimits): Promise<Result> {
  const parts: { type: string | undefined; bytes: string }[] = [];
  let current: Uint8Array[] = [];
  try {
    for await (const part of readMultipart(stream(chunks), boundary, limits)) {
      current = [];
      for await (const piece of part.body) current.push(piece.slice());
      parts.push({ type: part.headers.get('content-type'), bytes: Buffer.concat(current).toString('latin1') });
    }
    return { parts };
  } catch (error) {
    if (!(error instanceof MultipartError)) throw error;
    return { parts, problem: error.problem };
  }
}

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** Cuts bytes at the given places, which may repeat. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b);
  return [0, ...sorted].map((from, index) => bytes.subarray(from, sorted[index] ?? bytes.length));
}

const boundaryOf = fc.stringMatching(/^[a-zA-Z0-9'()+_,./:=?-]{1,70}$/);

/** Bytes that like to look like boundaries and line ends. */
function nastyBytes(boundary: string): fc.Arbitrary<Uint8Array> {
  const morsel = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.constantFrom(
      '\r',
      '\n',
      '\r\n',
      '-',
      '--',
      '\r\n--',
      `\r\n--${boundary.slice(0, -1)}`,
      `--${boundary}`,
      '\r\n\r\n',
    ),
  );
  return fc
    .array(morsel, { maxLength: 12 })
    .map((morsels) =>
      Buffer.concat(morsels.map((each) => (typeof each === 'string' ? Buffer.from(each, 'latin1') : each))),
    );
}

describe('multipart bodies', () => {
  it('come back part by part, whatever way they are cut into chunks', async () => {
    const scenario = boundaryOf.chain((boundary) =>
      fc.record({
        boundary: fc.constant(boundary),
        bodies: fc.array(nastyBytes(boundary), { maxLength: 4 }),
        places: fc.array(fc.nat(), { maxLength: 12 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(scenario, async ({ boundary, bodies, places }) => {
        const parts = bodies.map((bytes) => ({
          contentType: 'application/dicom',
          lengthBytes: bytes.length,
          body: () => stream(cut(bytes, places)),
        }));
        const body = multipartBody(parts, boundary);
        const written: Uint8Array[] = [];
        for await (const chunk of body.chunks()) written.push(chunk);
        const whole = Buffer.concat(written);
        expect(whole.length).toBe(body.lengthBytes);
        const expected = bodies.map((bytes) => ({
          type: 'application/dicom',
          bytes: Buffer.from(bytes).toString('latin1'),
        }));
        expect(await parse(cut(whole, places), boundary)).toEqual({ parts: expected });
      }),
    );
  });

  it('mean the same in whatever way they are cut, sound or not', async () => {
    const boundary = 'b';
    const line = fc.constantFrom(
      '--b',
      '--b--',
      '--b ',
      '--bb',
      'Content-Type: application/dicom',
      'Content-Length: 3',
      'x: y',
      '',
      'abc',
      '--',
    );
    const text = fc.array(fc.tuple(line, fc.constantFrom('\r\n', '\n', '\r', '')), { maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(), { maxLength: 8 }), async (lines, places) => {
        const bytes = Buffer.from(lines.flat().join(''), 'latin1');
        const limits = { maxParts: 3, maxPartBytes: 12 };
        const whole = await parse([bytes], boundary, limits);
        const single = await parse(cut(bytes, [...bytes.keys()]), boundary, limits);
        // Where it goes wrong is the same; how much of a part came before may not be.
        expect(single).toEqual(whole);
        expect(await parse(cut(bytes, places), boundary, limits)).toEqual(whole);
      }),
      { numRuns: 1000 },
    );
  });

  it('do not hang or crash on noise', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 400 }),
        fc.array(fc.nat(), { maxLength: 5 }),
        async (noise, places) => {
          const bytes = Buffer.concat([Buffer.from('--b\r\n'), noise]);
          expect(await parse(cut(bytes, places), 'b')).toEqual(await parse([bytes], 'b'));
        },
      ),
    );
  });

  it('are truncated wherever they are cut off before the closing boundary', async () => {
    const head = Buffer.from(partHead('b', 'application/dicom', 4));
    const body = Buffer.concat([head, Buffer.from('abcd'), Buffer.from(closing('b'))]);
    for (let length = 0; length < body.length - 2; length++) {
      expect((await parse([body.subarray(0, length)], 'b')).problem, `cut to ${length}`).toBe('truncated');
    }
    expect(await parse([body.subarray(0, -2)], 'b')).toEqual({ parts: [{ type: 'application/dicom', bytes: 'abcd' }] });
  });
});

describe('joining of small pieces', () => {
  it('changes no byte', async () => {
    const sizes = fc.array(fc.oneof(fc.nat(100), fc.integer({ min: 65_000, max: 66_000 })), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(sizes, async (lengths) => {
        const pieces = lengths.map((length, index) => Buffer.alloc(length, index));
        const joined: Uint8Array[] = [];
        for await (const piece of joinSmall(stream(pieces))) joined.push(piece);
        expect(Buffer.concat(joined).equals(Buffer.concat(pieces))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
