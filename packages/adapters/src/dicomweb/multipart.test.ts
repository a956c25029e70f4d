import { describe, expect, it } from 'vitest';
import { parseMediaType } from './media-type.ts';
import { MultipartError, readMultipart, type MultipartLimits } from './multipart-reader.ts';

async function* once(bytes: Uint8Array | string): AsyncGenerator<Uint8Array> {
  yield typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
}

async function bodies(text: string | Uint8Array, boundary = 'b', limits?: MultipartLimits): Promise<string[]> {
  const list: string[] = [];
  for await (const { body } of readMultipart(once(text), boundary, limits)) {
    const pieces: Uint8Array[] = [];
    for await (const piece of body) pieces.push(piece);
    list.push(Buffer.concat(pieces).toString('latin1'));
  }
  return list;
}

async function problemOf(
  text: string | Uint8Array,
  boundary = 'b',
  limits?: MultipartLimits,
): Promise<string | undefined> {
  try {
    await bodies(text, boundary, limits);
    return undefined;
  } catch (error) {
    if (error instanceof MultipartError) return error.problem;
    throw error;
  }
}

describe('a multipart reader', () => {
  it.each([
    ['as the standard writes it', '--b\r\nA: 1\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n', ['one', 'two']],
    ['with a line end first', '\r\n--b\r\n\r\none\r\n--b--\r\n', ['one']],
    ['with a preamble and an epilogue', 'hello --b\r\n--b\r\n\r\none\r\n--b--\r\nbye\r\n--b\r\n', ['one']],
    ['without the last line end', '--b\r\n\r\none\r\n--b--', ['one']],
    ['with bare line feeds', '--b\nA: 1\n\none\n--b\n\ntwo\r\n--b--\n', ['one', 'two\r']],
    ['with white space behind a boundary', '--b \t\r\n\r\none\r\n--b \r\n\r\ntwo\r\n--b--', ['one', 'two']],
    ['with a boundary that begins like another word', '--b\r\n\r\none\r\n--bc\r\n--b--', ['one\r\n--bc']],
    ['with empty parts', '--b\r\n\r\n\r\n--b\r\n\r\n--b--', ['', '']],
    ['without parts', '--b--\r\n', []],
    [
      'with a boundary inside a part of known length',
      '--b\r\nContent-Length: 9\r\n\r\na\r\n--b\r\nc\r\n--b--',
      ['a\r\n--b\r\nc'],
    ],
    ['with a folded header', '--b\r\nA: 1\r\n 2\r\n\r\none\r\n--b--', ['one']],
  ])('reads a body %s', async (_title, text, expected) => {
    expect(await bodies(text)).toEqual(expected);
  });

  it.each<[string, string, string]>([
    ['without any boundary', 'one', 'truncated'],
    ['without the closing boundary', '--b\r\n\r\none\r\n', 'truncated'],
    ['with another part announced and missing', '--b\r\n\r\none\r\n--b\r\n', 'truncated'],
    ['with a part that is longer than it said', '--b\r\nContent-Length: 2\r\n\r\none\r\n--b--', 'malformed'],
    ['with a part that is shorter than it said', '--b\r\nContent-Length: 4\r\n\r\none\r\n--b--', 'malformed'],
    ['with two lengths', '--b\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\none\r\n--b--', 'malformed'],
    ['with a negative length', '--b\r\nContent-Length: -3\r\n\r\none\r\n--b--', 'malformed'],
    ['with a header that has no name', '--b\r\n: 3\r\n\r\none\r\n--b--', 'malformed'],
    [
      'with a message in the message',
      '--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n--b--',
      'malformed',
    ],
  ])('refuses a body %s', async (_title, text, problem) => {
    expect(await problemOf(text)).toBe(problem);
  });

  it('has limits on preamble, headers, parts and bytes', async () => {
    const rest = '\r\n--b\r\n\r\none\r\n--b--';
    expect(await problemOf('x'.repeat(65_534) + rest)).toBe(undefined);
    expect(await problemOf('x'.repeat(65_535) + rest)).toBe('limit');
    const header = (length: number) => `--b\r\n${'a'.repeat(length - 6)}: 1\r\n\r\none\r\n--b--`;
    // The line above is `length` bytes with its end but for one; the empty line takes two more.
    expect(await problemOf(header(8191))).toBe(undefined);
    expect(await problemOf(header(8192))).toBe('limit');
    const two = '--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--';
    expect(await problemOf(two, 'b', { maxParts: 2 })).toBe(undefined);
    expect(await problemOf(two, 'b', { maxParts: 1 })).toBe('limit');
    expect(await problemOf(two, 'b', { maxPartBytes: 3 })).toBe(undefined);
    expect(await problemOf(two, 'b', { maxPartBytes: 2 })).toBe('limit');
    expect(await problemOf('--b\r\nContent-Length: 3\r\n\r\none\r\n--b--', 'b', { maxPartBytes: 2 })).toBe('limit');
  });

  it('takes boundaries of up to 70 characters, odd ones too', async () => {
    const boundary = "'()+_,-./:=? x".padEnd(70, 'y');
    expect(await bodies(`--${boundary}\r\n\r\none\r\n--${boundary}--`, boundary)).toEqual(['one']);
    expect(await problemOf('', 'y'.repeat(71))).toBe('malformed');
    expect(await problemOf('', '')).toBe('malformed');
    expect(await problemOf('', 'a\r\nb')).toBe('malformed');
  });

  it('goes on when a body is not read, and ends its source when nobody goes on', async () => {
    let ended = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (const text of ['--b\r\n\r\none', ' more\r\n--b\r\n\r\ntwo', '\r\n--b\r\n\r\nthree\r\n--b--']) {
          yield Buffer.from(text);
        }
      } finally {
        ended = true;
      }
    }
    let count = 0;
    for await (const _ of readMultipart(source(), 'b')) count++;
    expect(count).toBe(3);
    ended = false;
    for await (const _ of readMultipart(source(), 'b')) break;
    expect(ended).toBe(true);
  });

  it('holds no more than a chunk of a part whose end does not come', async () => {
    const chunk = Buffer.from('\r\n--\r\n-'.repeat(1000));
    let made = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('--b\r\n\r\n');
      for (;;) {
        made += chunk.length;
        yield chunk;
      }
    }
    let read = 0;
    for await (const { body } of readMultipart(endless(), 'b', { maxPartBytes: 1_000_000_000 })) {
      for await (const piece of body) {
        read += piece.length;
        expect(made - read).toBeLessThan(chunk.length);
        if (read > 1_000_000) break;
      }
      break;
    }
  });
});

describe('media types', () => {
  it.each([
    ['multipart/related; type="application/dicom"; boundary=abc', 'multipart/related', 'abc'],
    ['Multipart/Related;BOUNDARY="a b\\"c;d"; type=x', 'multipart/related', 'a b"c;d'],
    ['multipart/related ; boundary = "q"', 'multipart/related', 'q'],
    ['multipart/related; boundary=a; boundary=b', 'multipart/related', 'a'],
    ['application/dicom', 'application/dicom', undefined],
  ])('reads %s', (text, type, boundary) => {
    const media = parseMediaType(text);
    expect(media?.type).toBe(type);
    expect(media?.parameters.get('boundary')).toBe(boundary);
  });

  it.each(['', 'multipart', '/related', ';boundary=a'])('refuses %j', (text) => {
    expect(parseMediaType(text)).toBe(undefined);
  });

  it('does not lose its way in a long header', () => {
    expect(parseMediaType(`a/b${'; x='.repeat(100_000)}`)?.type).toBe('a/b');
  });
});
