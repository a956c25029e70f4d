/**
 * From text to bytes of a Specific Character Set: what has no bytes there makes the answer undefined, and is never replaced.
 *
 * Code extensions (PS3.5 6.1.2.5): text begins in the first set that is declared; an escape sequence brings in another, and
 * before each separator and at the end G0 is ASCII again.
 */
import { latin1Bytes } from './bytes.ts';
import type { CodeElement, Escape, SingleByteSet } from './character-set-tables.ts';

const ESC = 0x1b;
const REPLACEMENT = '\ufffd';

/** Text in a set of single bytes. */
export function encodeSingle(text: string, set: SingleByteSet): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const byte = singleByte(text.charCodeAt(index), set);
    if (byte === undefined) return undefined;
    bytes[index] = byte;
  }
  return bytes;
}

/**
 * Text with code extensions.
 *
 * @param first - In force at the beginning, in the upper half; undefined for ASCII alone.
 * @param toLower - Brings G0 back to single bytes, without ESC: `(B` for ASCII, `(J` where JIS X 0201 is the first set.
 */
export function encodeIso2022(
  text: string,
  first: CodeElement | undefined,
  escapes: readonly Escape[],
  toLower: string,
): Uint8Array | undefined {
  const bytes: number[] = [];
  // A separator ends the effect of escapes, so that each run begins anew.
  for (const run of text.split(/(?<=[\\^=\r\n\f\t])|(?=[\\^=\r\n\f\t])/)) {
    let lower: CodeElement | undefined;
    let upper = first;
    for (const character of run) {
      const isPlain = character < '\x80';
      const half = isPlain ? 'G0' : halfThatHolds(character, lower, upper);
      if (character === '\x1b') return undefined;
      if (isPlain) {
        if (lower !== undefined) bytes.push(ESC, ...latin1Bytes(toLower));
        lower = undefined;
        bytes.push(character.charCodeAt(0));
        continue;
      }
      if (half === undefined) {
        const escape = escapes.find(({ element }) => element !== undefined && codeIn(element, character) !== undefined);
        if (escape === undefined) return undefined;
        bytes.push(ESC, ...escape.bytes);
        if (escape.half === 'G0') lower = escape.element;
        else upper = escape.element;
      }
      pushCode(bytes, character, half ?? halfThatHolds(character, lower, upper), lower, upper);
    }
    if (lower !== undefined) bytes.push(ESC, ...latin1Bytes(toLower));
  }
  return Uint8Array.from(bytes);
}

function halfThatHolds(
  character: string,
  lower: CodeElement | undefined,
  upper: CodeElement | undefined,
): 'G0' | 'G1' | undefined {
  if (upper !== undefined && codeIn(upper, character) !== undefined) return 'G1';
  return lower !== undefined && codeIn(lower, character) !== undefined ? 'G0' : undefined;
}

/** One byte without its high bit, or two of them as one number. */
function codeIn(element: CodeElement, character: string): number | undefined {
  if (element.kind === 'double') return element.encode(character);
  const byte = character.length === 1 ? singleByte(character.charCodeAt(0), element) : undefined;
  return byte === undefined ? undefined : byte & 0x7f;
}

function pushCode(
  bytes: number[],
  character: string,
  half: 'G0' | 'G1' | undefined,
  lower: CodeElement | undefined,
  upper: CodeElement | undefined,
): void {
  const element = half === 'G0' ? lower : upper;
  const code = element === undefined ? undefined : codeIn(element, character);
  if (element === undefined || code === undefined) return;
  const high = half === 'G0' ? 0 : 0x80;
  if (element.kind === 'double') bytes.push((code >> 8) | high);
  bytes.push((code & 0x7f) | high);
}

function singleByte(code: number, set: SingleByteSet): number | undefined {
  if (code < 0x80) return code === ESC ? undefined : code;
  const upper = set.upper.indexOf(code);
  return upper < 0 ? undefined : upper + 0x80;
}

/** GBK: ASCII and characters of two bytes. */
export function encodeGbk(text: string): Uint8Array | undefined {
  return encodeEach(text, (character) => twoBytes('gbk').get(character));
}

/** GB18030, which has every character of Unicode: the rarer ones take four bytes. */
export function encodeGb18030(text: string): Uint8Array | undefined {
  if (!text.isWellFormed()) return undefined;
  return encodeEach(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0x10000) return fourBytes(FIRST_SUPPLEMENTARY + code - 0x10000);
    const two = twoBytes('gb18030').get(character);
    if (two !== undefined) return two;
    const linear = basicFourBytes().get(character);
    return linear === undefined ? undefined : fourBytes(linear);
  });
}

function encodeEach(
  text: string,
  encode: (character: string) => readonly number[] | undefined,
): Uint8Array | undefined {
  const bytes: number[] = [];
  for (const character of text) {
    if (character === '\x1b') return undefined;
    const code = character < '\x80' ? [character.charCodeAt(0)] : encode(character);
    if (code === undefined) return undefined;
    bytes.push(...code);
  }
  return Uint8Array.from(bytes);
}

/** Place of U+10000 among the four-byte codes, counted from 81308130. */
const FIRST_SUPPLEMENTARY = 189_000;
/** Four-byte codes of the Basic Multilingual Plane, from 81308130 on. */
const BASIC_CODES = 39_420;

function fourBytes(linear: number): readonly number[] {
  const [fourth, third, second] = [linear % 10, Math.floor(linear / 10) % 126, Math.floor(linear / 1260) % 10];
  return [0x81 + Math.floor(linear / 12_600), 0x30 + second, 0x81 + third, 0x30 + fourth];
}

const inverses = new Map<string, ReadonlyMap<string, readonly number[]>>();

function twoBytes(label: 'gb18030' | 'gbk'): ReadonlyMap<string, readonly number[]> {
  const known = inverses.get(label);
  if (known !== undefined) return known;
  const decoder = new TextDecoder(label);
  const inverse = new Map<string, readonly number[]>();
  for (let high = 0x81; high <= 0xfe; high++) {
    for (let low = 0x40; low <= 0xfe; low++) {
      if (low === 0x7f) continue;
      const character = decoder.decode(Uint8Array.of(high, low));
      const isOne = Array.from(character).length === 1 && !character.includes(REPLACEMENT);
      if (isOne && !inverse.has(character)) inverse.set(character, [high, low]);
    }
  }
  inverses.set(label, inverse);
  return inverse;
}

let basic: ReadonlyMap<string, number> | undefined;

function basicFourBytes(): ReadonlyMap<string, number> {
  if (basic !== undefined) return basic;
  const decoder = new TextDecoder('gb18030');
  const inverse = new Map<string, number>();
  for (let linear = 0; linear < BASIC_CODES; linear++) {
    const character = decoder.decode(Uint8Array.from(fourBytes(linear)));
    if (Array.from(character).length === 1 && character !== REPLACEMENT) inverse.set(character, linear);
  }
  basic = inverse;
  return inverse;
}
