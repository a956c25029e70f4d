import { fuzz, fuzzRandom, fuzzRuns, splits } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { mllpBlock, MllpError, MllpReader, type MllpLimits } from './mllp.ts';

const LIMITS: MllpLimits = { messageBytes: 64, skippedBytes: 8 };

/** What a reader makes of the pieces: messages, and why it ended. */
function told(pieces: readonly Uint8Array[], limits: MllpLimits = LIMITS): readonly string[] {
  const lines: string[] = [];
  const reader = new MllpReader(limits);
  try {
    for (const piece of pieces)
      for (const message of reader.push(piece)) lines.push(Buffer.from(message).toString('latin1'));
    if (reader.isInside) lines.push('-- inside');
  } catch (error) {
    if (!(error instanceof MllpError)) throw error;
    lines.push(`-- ${error.problem}`);
  }
  return lines;
}

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('a reader of blocks', () => {
  it.each<[string, string, readonly string[]]>([
    ['one message', '\x0bMSH\x1c\r', ['MSH']],
    ['several at once', '\x0ba\x1c\r\x0bb\x1c\r\x0bc\x1c\r', ['a', 'b', 'c']],
    ['an empty one', '\x0b\x1c\r', ['']],
    ['line ends between', '\x0ba\x1c\r\r\n\x0bb\x1c\r', ['a', 'b']],
    ['a few bytes before', 'garbage\x0ba\x1c\r', ['a']],
    ['a beginning', '\x0ba', ['-- inside']],
    ['an end without its CR', '\x0ba\x1c', ['-- inside']],
    ['bytes that are no block', 'GET / HTTP/1.1', ['-- no-block']],
    ['an end in a block', '\x0ba\x1cb\x1c\r', ['-- end-in-block']],
    ['an end that begins a block', '\x0ba\x1c\x0bb\x1c\r', ['-- end-in-block']],
    ['a message that another is hidden in', '\x0ba\x0bMSH\x1c\r', ['-- block-in-block']],
    ['a message before one that is not', '\x0ba\x1c\r\x0bb\x0b', ['a', '-- block-in-block']],
  ])('makes the right thing of %s', (_what, text, expected) => {
    expect(told([bytes(text)])).toEqual(expected);
  });

  it('takes a message of the limit, and nothing longer', () => {
    expect(told([mllpBlock(new Uint8Array(64).fill(65))])).toEqual(['A'.repeat(64)]);
    expect(told([mllpBlock(new Uint8Array(65).fill(65))])).toEqual(['-- too-long']);
    expect(told([bytes(`\x0b${'A'.repeat(65)}`)])).toEqual(['-- too-long']);
  });

  it('skips so many bytes in the life of a connection, and no more', () => {
    expect(told([bytes('12345678\x0ba\x1c\r')])).toEqual(['a']);
    expect(told([bytes('1234\x0ba\x1c\r5678\x0bb\x1c\r9')])).toEqual(['a', 'b', '-- no-block']);
  });

  it('keeps what it read when the next piece is another use of the same buffer', () => {
    const piece = Buffer.from('\x0bfirst', 'latin1');
    const reader = new MllpReader();
    expect([...reader.push(piece)]).toEqual([]);
    piece.fill(0);
    const [message] = [...reader.push(bytes(' second\x1c\r'))];
    expect(Buffer.from(message ?? []).toString()).toBe('first second');
  });

  it('gives each message a memory of its own', () => {
    const [first, second] = [...new MllpReader().push(bytes('\x0baaa\x1c\r\x0bbbb\x1c\r'))];
    expect([first, second].map((each) => Buffer.from(each ?? []).toString())).toEqual(['aaa', 'bbb']);
  });

  it('leaves the second message of a piece where it is until the first was taken', () => {
    const reader = new MllpReader();
    const messages = reader.push(bytes('\x0ba\x1c\r\x0bb\x1c\r'));
    messages.next();
    expect(reader.isInside).toBe(false);
    expect(Buffer.from(messages.next().value ?? []).toString()).toBe('b');
  });
});

describe('damaged streams', () => {
  it('are read alike however they are cut', async () => {
    const report = await fuzz({
      name: 'MLLP',
      corpus: [
        '\x0bMSH|a\rPID|b\x1c\r\x0bMSH|c\x1c\r',
        '\r\n\x0b\x1c\r',
        '\x0babc\x0bdef\x1c\r',
        '\x0bab\x1cc',
        '0123456789',
      ].map(bytes),
      dictionary: ['\x0b', '\x1c\r', '\x1c', '\r'].map(bytes),
      maxBytes: 256,
      runs: fuzzRuns(20_000, 1_000_000),
      execute: (input, random) => {
        const whole = told([input]);
        expect(told(splits(input, random))).toEqual(whole);
        return whole.at(-1)?.startsWith('--') === true ? whole.at(-1) : `${Math.min(whole.length, 3)}`;
      },
    });
    expect([...report.outcomes.keys()]).toEqual(
      expect.arrayContaining([
        '1',
        '2',
        '-- inside',
        '-- no-block',
        '-- end-in-block',
        '-- block-in-block',
        '-- too-long',
      ]),
    );
  });

  it('of a byte at a time too, with the limit of a real one', () => {
    const content = Buffer.from(
      fuzzRandom(1)
        .bytes(9_000)
        .map((byte) => (byte === 0x0b || byte === 0x1c ? 32 : byte)),
    );
    const block = mllpBlock(content);
    const pieces = Array.from(block, (byte) => Uint8Array.of(byte));
    expect(told(pieces, {})).toEqual([content.toString('latin1')]);
  });
});
