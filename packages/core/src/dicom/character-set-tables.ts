/**
 * The defined terms of Specific Character Set (0008,0005) (PS3.3 C.12.1.1.2) and how their bytes become characters.
 *
 * Single-byte sets are tables of their upper half, made from the platform's decoders where those agree with the ISO
 * registers; Latin-1 is the identity (a WHATWG decoder would read it as windows-1252), JIS X 0201 a formula.
 */

/** A set of which one byte is one character: the code point of each byte 80H-FFH, 0 where there is none. */
export interface SingleByteSet {
  readonly kind: 'single';
  readonly upper: Uint16Array;
}
/** A set of which two bytes, both with the high bit, are one character once `prefix` is put before them. */
export interface DoubleByteSet {
  readonly kind: 'double';
  readonly decode: (high: number, low: number) => string;
  /** Both bytes of a character as one number, without their high bits; undefined when the register has none. */
  readonly encode: (character: string) => number | undefined;
}
/** Any code element that ISO 2022 escapes can designate. */
export type CodeElement = SingleByteSet | DoubleByteSet;

/** Which half of the code table an escape sequence fills: bytes below 80H or bytes above. */
export interface Escape {
  readonly bytes: readonly number[];
  readonly half: 'G0' | 'G1';
  /** Undefined for ASCII. */
  readonly element?: CodeElement;
}

/** Term without its prefix (`ISO_IR `, `ISO 2022 IR `) -> label of the platform's decoder. */
const DECODER_LABELS: Readonly<Record<string, string>> = {
  '101': 'iso-8859-2',
  '109': 'iso-8859-3',
  '110': 'iso-8859-4',
  '126': 'iso-8859-7',
  '127': 'iso-8859-6',
  '138': 'iso-8859-8',
  '144': 'iso-8859-5',
  '148': 'iso-8859-9',
  '166': 'windows-874',
  '203': 'iso-8859-15',
};

/** ISO 2022 escape sequences without ESC (PS3.3 Tables C.12-3 and C.12-4), by term without its prefix. */
const ESCAPES: Readonly<Record<string, string>> = {
  '100': '-A',
  '101': '-B',
  '109': '-C',
  '110': '-D',
  '126': '-F',
  '127': '-G',
  '138': '-H',
  '144': '-L',
  '148': '-M',
  '166': '-T',
  '203': '-b',
  '13': ')I',
  '149': '$)C',
  '58': '$)A',
};

const made = new Map<string, CodeElement | undefined>();

/** The code element of a term's number, or undefined for ASCII (6) and for numbers that are no term. */
export function codeElementOf(number: string): CodeElement | undefined {
  if (!made.has(number)) made.set(number, makeCodeElement(number));
  return made.get(number);
}

/** The escape sequences a term declares; empty for a number that is no term. */
export function escapesOf(number: string): readonly Escape[] {
  if (number === '6') return [{ bytes: codes('(B'), half: 'G0' }];
  const element = codeElementOf(number);
  if (element === undefined) return [];
  // JIS X 0208 and 0212 are designated to the lower half, where their bytes have no high bit.
  if (number === '87') return [{ bytes: codes('$B'), half: 'G0', element }];
  if (number === '159') return [{ bytes: codes('$(D'), half: 'G0', element }];
  const escapes: Escape[] = [{ bytes: codes(ESCAPES[number] ?? ''), half: 'G1', element }];
  // JIS X 0201 romaji differs from ASCII in the yen sign and the overline only, and both are read as ASCII.
  if (number === '13') escapes.push({ bytes: codes('(J'), half: 'G0' });
  return escapes;
}

function makeCodeElement(number: string): CodeElement | undefined {
  switch (number) {
    case '100':
      return { kind: 'single', upper: upperHalf((byte) => (byte >= 0xa0 ? byte : 0)) };
    case '13':
      return { kind: 'single', upper: upperHalf((byte) => (byte >= 0xa1 && byte <= 0xdf ? 0xff61 + byte - 0xa1 : 0)) };
    case '87':
      return doubleByteSet(doubleBytes('euc-jp', []), [1, 8], [16, 84]);
    case '159':
      return doubleByteSet(doubleBytes('euc-jp', [0x8f]), [2, 11], [16, 77]);
    case '149':
      return doubleByteSet(doubleBytes('euc-kr', []), [16, 40], [42, 93]);
    case '58':
      return doubleByteSet(doubleBytes('gbk', []), [1, 1], [16, 87]);
    default: {
      const label = DECODER_LABELS[number];
      if (label === undefined) return undefined;
      const decoder = new TextDecoder(label);
      return { kind: 'single', upper: upperHalf((byte) => (byte >= 0xa0 ? upperCode(decoder, byte) : 0)) };
    }
  }
}

function upperHalf(codeOf: (byte: number) => number): Uint16Array {
  return Uint16Array.from({ length: 128 }, (_, index) => codeOf(index + 0x80));
}

function upperCode(decoder: InstanceType<typeof TextDecoder>, byte: number): number {
  const code = decoder.decode(Uint8Array.of(byte)).charCodeAt(0);
  return code === 0xfffd ? 0 : code;
}

function doubleBytes(label: string, prefix: readonly number[]): (high: number, low: number) => string {
  const decoder = new TextDecoder(label);
  return (high, low) => decoder.decode(Uint8Array.of(...prefix, high | 0x80, low | 0x80));
}

/**
 * @param rows - First and last rows that are written. The platform's decoders read more than the registers hold: what a
 *   vendor added is read, and never written.
 */
function doubleByteSet(
  decode: DoubleByteSet['decode'],
  ...rows: ReadonlyArray<readonly [number, number]>
): DoubleByteSet {
  let inverse: Map<string, number> | undefined;
  return {
    kind: 'double',
    decode,
    encode: (character) => (inverse ??= inverseOf(decode, rows)).get(character),
  };
}

function inverseOf(
  decode: DoubleByteSet['decode'],
  rows: ReadonlyArray<readonly [number, number]>,
): Map<string, number> {
  const inverse = new Map<string, number>();
  for (const [first, last] of rows) {
    for (let row = first; row <= last; row++) {
      for (let cell = 1; cell <= 94; cell++) {
        const text = decode(row + 0x20, cell + 0x20);
        const isOne = Array.from(text).length === 1 && text > '\x7f' && text !== '\ufffd';
        if (isOne && !inverse.has(text)) inverse.set(text, ((row + 0x20) << 8) | (cell + 0x20));
      }
    }
  }
  return inverse;
}

function codes(text: string): readonly number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}
