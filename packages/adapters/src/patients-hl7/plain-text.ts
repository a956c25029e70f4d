/** A text of a message as plain text: escape sequences undone (HL7 2.5.1 2.7), and nothing in it that is no character. */
import type { Decode } from './character-set.ts';
import { MOST_VALUE_CHARACTERS } from './defaults.ts';
import type { Delimiters } from './message.ts';
import { Refusal } from './refusal.ts';

/** What a text is read with. */
export interface TextContext {
  readonly delimiters: Delimiters;
  readonly decode: Decode;
}

/** Longest escape sequence; hexadecimal data may be as long as its text. */
const MOST_SEQUENCE_CHARACTERS = 256;
// oxlint-disable-next-line no-control-regex -- they are what is taken out
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** @throws {Refusal} `too-long` */
export function plainText(text: string, field: string, context: TextContext): string {
  if (text.length > MOST_VALUE_CHARACTERS * 2) throw new Refusal('too-long', field);
  const plain = withoutEscapes(text, context).replace(CONTROLS, ' ').replace(/ {2,}/g, ' ').trim();
  if (plain.length > MOST_VALUE_CHARACTERS) throw new Refusal('too-long', field);
  return plain;
}

function withoutEscapes(text: string, context: TextContext): string {
  const { escape } = context.delimiters;
  let plain = '';
  let at = 0;
  for (;;) {
    const start = text.indexOf(escape, at);
    const end = start < 0 ? -1 : text.indexOf(escape, start + 1);
    if (end < 0) return plain + text.slice(at);
    const meant = meaningOf(text.slice(start + 1, end), context);
    // A path, or a stray character: left as it is, and the second of the two may begin a sequence.
    plain += meant === undefined ? text.slice(at, end) : text.slice(at, start) + meant;
    at = meant === undefined ? end : end + 1;
  }
}

/** What a sequence stands for; undefined when it is none. */
function meaningOf(sequence: string, { delimiters, decode }: TextContext): string | undefined {
  if (sequence.length > MOST_SEQUENCE_CHARACTERS) return undefined;
  switch (sequence) {
    case 'F':
      return delimiters.field;
    case 'S':
      return delimiters.component;
    case 'T':
      return delimiters.subcomponent;
    case 'R':
      return delimiters.repetition;
    case 'E':
      return delimiters.escape;
    case 'H':
    case 'N':
      return '';
  }
  if (/^X(?:[0-9A-Fa-f]{2})+$/.test(sequence)) return decode(Buffer.from(sequence.slice(1), 'hex'));
  // Line breaks and other layout; sequences of a sender's own.
  if (/^\.(?:br|sp|ce|sk|fi|nf|in|ti)[+-]?\d*$/i.test(sequence)) return ' ';
  return /^Z[0-9A-Za-z]*$/.test(sequence) ? '' : undefined;
}
