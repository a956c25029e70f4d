/**
 * Specific Character Set (0008,0005): from bytes to text and back (PS3.3 C.12.1.1.2, PS3.5 6.1).
 *
 * Decoding never fails: a byte that has no meaning becomes U+FFFD, and {@link CharacterSet.decode} callers that must
 * know look for it. Encoding fails rather than replace: it answers undefined when a character has no bytes.
 */
import { latin1Bytes, latin1Text } from './bytes.ts';
import { encodeGb18030, encodeGbk, encodeIso2022, encodeSingle } from './character-set-encode.ts';
import { codeElementOf, escapesOf, type CodeElement, type Escape, type SingleByteSet } from './character-set-tables.ts';

/** One declaration of (0008,0005). */
export interface CharacterSet {
  /** The defined terms as declared, trimmed; empty when the attribute is absent or empty. */
  readonly terms: readonly string[];
  /** Text of a whole value; values and name components are split after decoding (GBK has backslashes in characters). */
  decode(bytes: Uint8Array): string;
  /** Bytes of a whole value, or undefined when a character cannot be written. */
  encode(text: string): Uint8Array | undefined;
}

const ESC = 0x1b;
/** What ends the effect of an escape sequence (PS3.5 6.1.2.5.3): control characters and the separators \ ^ =. */
const RESETS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x3d, 0x5c, 0x5e]);
const REPLACEMENT = '\ufffd';
/** More terms than this are a defect; PS3.3 defines fewer sets than this. */
const MAX_TERMS = 16;

/**
 * The character set that a value of (0008,0005) declares.
 *
 * @param declaration - The text of the value, with its backslashes; undefined when the attribute is absent.
 * @returns undefined when a term is not known: such a text cannot be read safely.
 */
export function characterSetOf(declaration: string | undefined): CharacterSet | undefined {
  const terms = (declaration ?? '').split('\\').map((term) => term.trim());
  if (terms.length > MAX_TERMS) return undefined;
  if (terms.length === 1) return singleValued(terms[0] ?? '');
  return iso2022(terms);
}

/** ASCII, the repertoire when nothing is declared. */
export const ASCII_CHARACTER_SET: CharacterSet = {
  terms: [],
  decode: (bytes) => latin1Text(bytes.map((byte) => (byte < 0x80 ? byte : 0x1a))).replaceAll('\x1a', REPLACEMENT),
  encode: (text) => (isAscii(text) ? latin1Bytes(text) : undefined),
};

/** Whether text is written alike in every character set: no byte over 7FH and no escape. */
export function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f || code === ESC) return false;
  }
  return true;
}

/** As {@link isAscii}, for bytes of a value. */
export function isAsciiBytes(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > 0x7f || byte === ESC) return false;
  return true;
}

/** Whether text holds a control character (C0 or DEL) other than the allowed ones. */
export function hasControlCharacter(text: string, allowed: ReadonlySet<number> = new Set()): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if ((code < 0x20 || code === 0x7f) && !allowed.has(code)) return true;
  }
  return false;
}

function singleValued(term: string): CharacterSet | undefined {
  if (term === '' || term === 'ISO_IR 6' || term === 'ISO 2022 IR 6') {
    return { ...ASCII_CHARACTER_SET, terms: term === '' ? [] : [term] };
  }
  if (term === 'ISO_IR 192') return { terms: [term], decode: decoderOf('utf-8'), encode: utf8Bytes };
  if (term === 'GB18030') return { terms: [term], decode: decoderOf('gb18030'), encode: encodeGb18030 };
  if (term === 'GBK') return { terms: [term], decode: decoderOf('gbk'), encode: encodeGbk };
  const number = numberOf(term);
  const element = number === undefined ? undefined : codeElementOf(number);
  if (element === undefined) return undefined;
  // A lone "ISO 2022 IR 87" or 149 is common in Asia and means ASCII with that extension.
  if (element.kind === 'double' || term.startsWith('ISO 2022')) return iso2022([term]);
  return {
    terms: [term],
    decode: (bytes) => decodeSingle(bytes, element),
    encode: (text) => encodeSingle(text, element),
  };
}

/** A declaration with code extensions: the first term is in force at the start, escapes bring in the others. */
function iso2022(terms: readonly string[]): CharacterSet | undefined {
  const numbers = terms.map((term) => (term === '' ? '6' : numberOf(term)));
  if (numbers.some((number) => number === undefined)) return undefined;
  const escapes = ['6', ...(numbers as string[])].flatMap(escapesOf);
  if (numbers.some((number) => escapesOf(number ?? '').length === 0)) return undefined;
  const first = codeElementOf(numbers[0] ?? '6');
  return {
    terms,
    decode: (bytes) => decodeIso2022(bytes, first, escapes),
    encode: (text) => encodeIso2022(text, first, escapes, numbers[0] === '13' ? '(J' : '(B'),
  };
}

function numberOf(term: string): string | undefined {
  return /^(?:ISO_IR|ISO 2022 IR) (\d{1,3})$/.exec(term)?.[1];
}

function decoderOf(label: string): (bytes: Uint8Array) => string {
  const decoder = new TextDecoder(label, { ignoreBOM: true });
  return (bytes) => decoder.decode(bytes);
}

function utf8Bytes(text: string): Uint8Array | undefined {
  return text.isWellFormed() ? new TextEncoder().encode(text) : undefined;
}

function decodeSingle(bytes: Uint8Array, set: SingleByteSet): string {
  let text = '';
  for (const byte of bytes) text += upperCharacter(byte, set);
  return text;
}

function upperCharacter(byte: number, set: SingleByteSet): string {
  if (byte < 0x80) return String.fromCharCode(byte);
  const code = set.upper[byte - 0x80] ?? 0;
  return code === 0 ? REPLACEMENT : String.fromCharCode(code);
}

function decodeIso2022(bytes: Uint8Array, first: CodeElement | undefined, escapes: readonly Escape[]): string {
  let lower: CodeElement | undefined;
  let upper = first;
  let text = '';
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    const next = bytes[at + 1];
    if (byte === ESC) {
      const escape = escapes.find((one) => one.bytes.every((code, index) => bytes[at + 1 + index] === code));
      if (escape === undefined) {
        text += REPLACEMENT;
        continue;
      }
      if (escape.half === 'G0') lower = escape.element;
      else upper = escape.element;
      at += escape.bytes.length;
    } else if (byte < 0x80 && lower?.kind === 'double' && byte > 0x20) {
      text += next === undefined ? REPLACEMENT : lower.decode(byte, next);
      at++;
    } else if (byte < 0x80) {
      if (RESETS.has(byte)) [lower, upper] = [undefined, first];
      text += String.fromCharCode(byte);
    } else if (upper?.kind === 'double') {
      text += next === undefined ? REPLACEMENT : upper.decode(byte, next);
      at++;
    } else {
      text += upper === undefined ? REPLACEMENT : upperCharacter(byte, upper);
    }
  }
  return text;
}
