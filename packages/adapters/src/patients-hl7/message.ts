/**
 * An HL7 v2 message in its standard encoding (HL7 2.5.1 chapter 2): the header first, as bytes, since it says how the rest is
 * written; then the segments that are asked for. Nothing is split that nobody reads, and everything that is split has a limit.
 */
import { decoderOf, type DefaultCharset } from './character-set.ts';
import { HEADER_CHARACTERS, MOST_COMPONENTS, MOST_FIELDS, MOST_REPETITIONS, MOST_SEGMENTS } from './defaults.ts';
import { plainText, type TextContext } from './plain-text.ts';
import { Refusal } from './refusal.ts';

/** The characters of MSH-1 and MSH-2. */
export interface Delimiters {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escape: string;
  readonly subcomponent: string;
}

/** MSH, where each character is one byte, so that an answer can repeat what stood there. */
export interface MessageHeader {
  readonly delimiters: Delimiters;
  /** MSH-2 as written, with the truncation character of HL7 2.7 where there is one. */
  readonly encodingCharacters: string;
  /** MSH-n as written; empty when absent. */
  field(number: number): string;
  /** A component of MSH-n, of its first repetition, from 1. */
  component(number: number, component: number): string;
}

/** What was sent: undefined where there was nothing, null where there was `""`, which says that there is no value. */
export type Sent<T> = T | undefined | null;

/** One repetition of a field. */
export interface Repetition {
  /** Subcomponent of a component, both from 1, as plain text; empty when absent or `""`. */
  text(component: number, subcomponent?: number): string;
  /** Whether the component is `""`. */
  isDeleted(component: number): boolean;
}

/** A segment. */
export interface Segment {
  readonly name: string;
  /** The repetitions of field n that are not empty. */
  repetitions(number: number): Sent<readonly Repetition[]>;
  /** The first component of the field's first repetition. */
  text(number: number): Sent<string>;
}

const DELETED = '""';
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const LINE_END = /[\r\n]/;

/** Reads MSH. @throws {Refusal} `no-header` */
export function readHeader(message: Uint8Array): MessageHeader {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
  const start = bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
  const line = bytes.toString('latin1', start, start + HEADER_CHARACTERS).split(LINE_END, 1)[0] ?? '';
  const field = line.charAt(3);
  if (!line.startsWith('MSH') || line.length === HEADER_CHARACTERS || !isDelimiter(field))
    throw new Refusal('no-header');
  const parts = line.split(field);
  const encodingCharacters = parts[1] ?? '';
  const [component = '', repetition = '', escape = '', subcomponent = ''] = encodingCharacters;
  const all = [field, ...encodingCharacters.split('')];
  // Four, and a fifth since HL7 2.7.
  const isUsable = all.length >= 5 && all.length <= 6 && all.every(isDelimiter) && new Set(all).size === all.length;
  if (!isUsable) throw new Refusal('no-header');
  const fieldOf = (number: number): string => parts[number - 1] ?? '';
  return {
    delimiters: { field, component, repetition, escape, subcomponent },
    encodingCharacters,
    field: fieldOf,
    component: (number, at) => (fieldOf(number).split(repetition, 1)[0] ?? '').split(component)[at - 1] ?? '',
  };
}

/** Punctuation of ASCII; a quotation mark is half of HL7's null. */
function isDelimiter(character: string): boolean {
  return /^[!#-/:-@[-`{-~]$/.test(character);
}

/**
 * Reads the segments of these names, in their order.
 *
 * @throws {Refusal} `segment`, `too-many`, and those of the character set.
 */
export function readSegments(
  message: Uint8Array,
  header: MessageHeader,
  options: { readonly names: ReadonlySet<string>; readonly defaultCharset: DefaultCharset },
): readonly Segment[] {
  const { delimiters } = header;
  const decode = decoderOf(header.component(18, 1), options.defaultCharset);
  const segments: Segment[] = [];
  let count = 0;
  for (const line of linesOf(decode(message))) {
    if (++count > MOST_SEGMENTS) throw new Refusal('too-many');
    const name = line.slice(0, 3);
    const isFirst = count === 1;
    // The rest of a segment that a stray line end cut in two: what it lost must not pass for what was not sent.
    if (!isName(name) || (line.charAt(3) || delimiters.field) !== delimiters.field || (name === 'MSH') !== isFirst) {
      throw new Refusal('segment');
    }
    if (options.names.has(name)) segments.push(segmentOf(name, line, { delimiters, decode }));
  }
  return segments;
}

/** Lines that are not empty. Who ends segments with CR may have LF behind it, and within a text. */
function* linesOf(text: string): Generator<string, void, undefined> {
  const lineEnd = LINE_END.exec(text)?.[0] ?? '\r';
  for (let at = 0; at < text.length;) {
    const found = text.indexOf(lineEnd, at);
    const end = found < 0 ? text.length : found;
    const from = text.charAt(at) === '\n' ? at + 1 : at;
    if (from < end) yield text.slice(from, end);
    at = end + 1;
  }
}

function isName(name: string): boolean {
  return /^[A-Z][A-Z0-9]{2}$/.test(name);
}

function segmentOf(name: string, line: string, context: TextContext): Segment {
  const { delimiters } = context;
  const fields = line.split(delimiters.field, MOST_FIELDS);
  const repetitions = (number: number): Sent<readonly Repetition[]> => {
    const field = fields[number] ?? '';
    if (field === '') return undefined;
    if (field === DELETED) return null;
    const parts = field.split(delimiters.repetition, MOST_REPETITIONS + 1);
    if (parts.length > MOST_REPETITIONS) throw new Refusal('too-many', `${name}-${number}`);
    const filled = parts.filter((part) => part !== '').map((part) => repetitionOf(part, `${name}-${number}`, context));
    return filled.length === 0 ? undefined : filled;
  };
  return {
    name,
    repetitions,
    text: (number) => {
      const sent = repetitions(number);
      if (sent === undefined || sent === null) return sent;
      if (sent[0]?.isDeleted(1) === true) return null;
      return sent[0]?.text(1) || undefined;
    },
  };
}

function repetitionOf(part: string, field: string, context: TextContext): Repetition {
  const { component, subcomponent } = context.delimiters;
  const components = part.split(component, MOST_COMPONENTS);
  return {
    isDeleted: (number) => components[number - 1] === DELETED,
    text: (number, at = 1) => {
      const text = (components[number - 1] ?? '').split(subcomponent, MOST_COMPONENTS)[at - 1] ?? '';
      return text === DELETED ? '' : plainText(text, field, context);
    },
  };
}
