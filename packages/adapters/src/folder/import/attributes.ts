/** The attributes of an object to be written, gathered module by module and encoded in one character set. */
import {
  characterSetOf,
  encodeElements,
  isAscii,
  type CharacterSet,
  type NewElement,
  type NumberVr,
  type Tag,
  type Vr,
} from '@interhosp/core/dicom';
import { errorCodeOf, ImportError } from '@interhosp/core/errors';
import type { Code } from './sidecar.ts';

/** Attributes of one level; a later one of a tag takes the place of the earlier. */
export interface Attributes {
  text(tag: Tag, vr: Exclude<Vr, 'SQ'>, text: string): void;
  numbers(tag: Tag, vr: NumberVr, ...numbers: readonly number[]): void;
  bytes(tag: Tag, vr: Vr, bytes: Uint8Array): void;
  sequence(tag: Tag, ...items: readonly Attributes[]): void;
  list(): readonly NewElement[];
}

/** An empty level. */
export function attributes(): Attributes {
  const elements = new Map<Tag, NewElement>();
  return {
    text: (tag, vr, text) => void elements.set(tag, { tag, value: { vr, text } }),
    numbers: (tag, vr, ...numbers) => void elements.set(tag, { tag, value: { vr, numbers } }),
    bytes: (tag, vr, bytes) => void elements.set(tag, { tag, value: { vr, bytes } }),
    sequence: (tag, ...items) =>
      void elements.set(tag, { tag, value: { vr: 'SQ', items: items.map((item) => item.list()) } }),
    list: () => [...elements.values()],
  };
}

/** A code sequence item (PS3.3 8.8). */
export function codeItem({ CodeMeaning, CodeValue, CodingSchemeDesignator }: Code): Attributes {
  const item = attributes();
  item.text(0x00080100, 'SH', CodeValue);
  item.text(0x00080102, 'SH', CodingSchemeDesignator);
  item.text(0x00080104, 'LO', CodeMeaning);
  return item;
}

const SPECIFIC_CHARACTER_SET: Tag = 0x00080005;

/** The character set that holds all text: none for ASCII, Latin-1 where it can, since old PACS have no other, else UTF-8. */
export function characterSetFor(level: Attributes): CharacterSet {
  const texts = textsOf(level.list());
  const isPlain = texts.every(isAscii);
  const latin1 = characterSetOf('ISO_IR 100');
  const isLatin1 = latin1 !== undefined && texts.every((text) => latin1.encode(text) !== undefined);
  const term = isPlain ? undefined : isLatin1 ? 'ISO_IR 100' : 'ISO_IR 192';
  if (term !== undefined) level.text(SPECIFIC_CHARACTER_SET, 'CS', term);
  const set = characterSetOf(term);
  if (set === undefined) throw new Error('the default repertoire, Latin-1 and UTF-8 are known');
  return set;
}

/** Elements as bytes. @throws {ImportError} `IMPORT_SIDECAR_INVALID` for a value that its VR has no room for */
export function encoded(elements: readonly NewElement[], set: CharacterSet): Uint8Array {
  try {
    return encodeElements('explicit', elements, set);
  } catch (error) {
    if (errorCodeOf(error) === undefined) throw error;
    const { tag } = (error as ImportError).details;
    throw new ImportError('IMPORT_SIDECAR_INVALID', {
      cause: error,
      details: { reason: 'value', ...(tag !== undefined && { tag }) },
    });
  }
}

function textsOf(elements: readonly NewElement[]): readonly string[] {
  return elements.flatMap(({ value }) => {
    if ('text' in value) return [value.text];
    if (!('items' in value)) return [];
    return value.items.flatMap((item) => ('itemBytes' in item ? [] : textsOf(item)));
  });
}
