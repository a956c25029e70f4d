/**
 * Identifiers of queries and retrievals (PS3.4 C.2.2): small data sets in the syntax of their context. Text is read in the
 * character set that each answer declares for itself, whatever was asked for.
 */
import {
  characterSetOf,
  encodeElements,
  parseDate,
  parseElements,
  parseItems,
  parsePersonName,
  parseTime,
  TAGS,
  tryParseUid,
  vrFormOf,
  type CharacterSet,
  type NewElement,
  type ParsedElement,
  type Tag,
  type Uid,
  type Vr,
  type VrForm,
} from '@interhosp/core/dicom';
import { DicomError, isInterhospError, PacsError } from '@interhosp/core/errors';
import type { PersonNameGroups } from '@interhosp/core/study';
import type { DataSetInbox } from '../association/inbox.ts';
import { MAX_IDENTIFIER_BYTES } from '../limits.ts';

/** An answer, or a request, with its values. What is empty is as good as absent: both are undefined. */
export interface Identifier {
  /** Whether the attribute is there, be it empty. */
  has(tag: Tag): boolean;
  /** VR of the attribute; undefined when it is not there. */
  vr(tag: Tag): Vr | undefined;
  /** Every attribute, in order of tags. */
  readonly tags: readonly Tag[];
  /** The whole value, padding removed; several values with their backslashes. */
  raw(tag: Tag): string | undefined;
  /** The first value that is not empty. */
  text(tag: Tag): string | undefined;
  /** Every value that is not empty. */
  texts(tag: Tag): readonly string[];
  name(tag: Tag): PersonNameGroups | undefined;
  uid(tag: Tag): Uid | undefined;
  /** A list of UIDs (PS3.4 C.2.2.2.2); what is none is left out. */
  uids(tag: Tag): readonly Uid[];
  /** `YYYY-MM-DD` */
  date(tag: Tag): string | undefined;
  /** `hh:mm:ss` */
  time(tag: Tag): string | undefined;
  /** A number that counts something: digits (IS), or binary (US, UL). */
  count(tag: Tag): number | undefined;
  items(tag: Tag): readonly Identifier[];
}

/** How an identifier is written. */
export interface EncodeIdentifierOptions {
  readonly transferSyntaxUid: Uid;
  /** Term of (0008,0005) that the PACS wants to see, and usually answers in; default the least that holds the text. */
  readonly characterSet?: string | undefined;
}

/** How an identifier is read. */
export interface DecodeIdentifierOptions {
  readonly transferSyntaxUid: Uid;
  /** Character set of a PACS that declares none and writes bytes over 7FH all the same. */
  readonly undeclaredCharacterSet?: string | undefined;
}

/** Old PACS read Latin 1 and not UTF-8; nothing at all is declared for plain ASCII. */
const CHARACTER_SETS = ['', 'ISO_IR 100', 'ISO_IR 192'];

/**
 * An identifier as bytes.
 *
 * @throws {DicomError} `DICOM_VALUE_INVALID` for a key that is no value of its VR.
 */
export function encodeIdentifier(keys: readonly NewElement[], options: EncodeIdentifierOptions): Uint8Array {
  const { characterSet, transferSyntaxUid } = options;
  const form = vrFormOf(transferSyntaxUid);
  const terms = characterSet === undefined ? CHARACTER_SETS : [characterSet, 'ISO_IR 192'];
  let failure: Error = new DicomError('DICOM_CHARSET');
  for (const term of terms) {
    const set = characterSetOf(term);
    if (set === undefined) continue;
    const declared: NewElement = { tag: TAGS.SpecificCharacterSet, value: { vr: 'CS', text: term } };
    try {
      return encodeElements(form, term === '' ? keys : [declared, ...keys], set);
    } catch (error) {
      if (!isInterhospError(error) || error.code !== 'DICOM_CHARSET') throw error;
      failure = error;
    }
  }
  throw failure;
}

/** Reads the identifier of a message. @throws {PacsError} `PACS_PROTOCOL`, and what ended the association */
export async function readIdentifier(
  dataSet: DataSetInbox | undefined,
  options: DecodeIdentifierOptions,
): Promise<Identifier> {
  if (dataSet === undefined) throw new PacsError('PACS_PROTOCOL', { details: { reason: 'identifier-missing' } });
  let bytes: Uint8Array;
  try {
    bytes = await dataSet.whole(MAX_IDENTIFIER_BYTES);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const details = { reason: 'identifier-length', limit: MAX_IDENTIFIER_BYTES };
    throw new PacsError('PACS_PROTOCOL', { cause, details });
  }
  return decodeIdentifier(bytes, options);
}

/** Reads an identifier. @throws {PacsError} `PACS_PROTOCOL` when the bytes are no data set. */
export function decodeIdentifier(bytes: Uint8Array, options: DecodeIdentifierOptions): Identifier {
  const form = vrFormOf(options.transferSyntaxUid);
  try {
    const elements = parseElements(bytes, form);
    return new Elements(elements, readSetOf(elements, options.undeclaredCharacterSet));
  } catch (cause) {
    throw new PacsError('PACS_PROTOCOL', { cause, details: { reason: 'identifier' } });
  }
}

/** VRs whose text is written in the declared character set (PS3.5 6.2). */
const CHARACTER_SET_VRS: ReadonlySet<Vr> = new Set<Vr>(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT']);

/** A set that is not known reads ASCII, and U+FFFD for the rest: never equal to anything. */
function readSetOf(elements: readonly ParsedElement[], undeclared: string | undefined): CharacterSet {
  const declaration = elements.find(({ tag }) => tag === TAGS.SpecificCharacterSet);
  const said = declaration === undefined ? '' : trimmed(latin1TextOf(declaration.value.subarray(0, 256)));
  return characterSetOf(said === '' ? undeclared : said) ?? ASCII;
}

const ASCII = characterSetOf(undefined) as CharacterSet;

class Elements implements Identifier {
  readonly #elements: ReadonlyMap<Tag, ParsedElement>;
  readonly #characterSet: CharacterSet;
  /** Read once: a key is looked at for each thing it is compared with. */
  readonly #texts = new Map<Tag, string | undefined>();

  constructor(elements: readonly ParsedElement[], characterSet: CharacterSet) {
    this.#elements = new Map(elements.map((element) => [element.tag, element]));
    this.#characterSet = characterSet;
  }

  get tags(): readonly Tag[] {
    return [...this.#elements.keys()];
  }

  has(tag: Tag): boolean {
    return this.#elements.has(tag);
  }

  vr(tag: Tag): Vr | undefined {
    return this.#elements.get(tag)?.vr;
  }

  raw(tag: Tag): string | undefined {
    if (!this.#texts.has(tag)) this.#texts.set(tag, this.#read(tag));
    return this.#texts.get(tag);
  }

  #read(tag: Tag): string | undefined {
    const element = this.#elements.get(tag);
    if (element === undefined || element.vr === 'SQ') return undefined;
    const isText = CHARACTER_SET_VRS.has(element.vr) || element.vr === 'UN';
    const text = trimmed(isText ? this.#characterSet.decode(element.value) : latin1TextOf(element.value));
    return text === '' ? undefined : text;
  }

  texts(tag: Tag): readonly string[] {
    const values = this.raw(tag)?.split('\\') ?? [];
    return values.map(trimmed).filter((value) => value !== '');
  }

  text(tag: Tag): string | undefined {
    return this.texts(tag)[0];
  }

  name(tag: Tag): PersonNameGroups | undefined {
    const text = this.text(tag);
    return text === undefined ? undefined : parsePersonName(text);
  }

  uid(tag: Tag): Uid | undefined {
    return this.uids(tag)[0];
  }

  uids(tag: Tag): readonly Uid[] {
    return this.texts(tag).flatMap((text) => tryParseUid(text) ?? []);
  }

  date(tag: Tag): string | undefined {
    return parseDate(this.text(tag) ?? '');
  }

  time(tag: Tag): string | undefined {
    return parseTime(this.text(tag) ?? '');
  }

  count(tag: Tag): number | undefined {
    const element = this.#elements.get(tag);
    if (element === undefined) return undefined;
    const { value, vr } = element;
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    if (vr === 'US' && value.length >= 2) return view.getUint16(0, true);
    if (vr === 'UL' && value.length >= 4) return view.getUint32(0, true);
    const text = this.text(tag) ?? '';
    return /^\+?\d{1,12}$/.test(text) ? Number(text) : undefined;
  }

  items(tag: Tag): readonly Identifier[] {
    const element = this.#elements.get(tag);
    if (element === undefined) return [];
    const { innerForm, isUndefinedLength, value } = element;
    return itemsOf(value, innerForm, isUndefinedLength).map((elements) => new Elements(elements, this.#characterSet));
  }
}

/** What cannot be walked has no items. */
function itemsOf(value: Uint8Array, form: VrForm, isUndefinedLength: boolean): readonly (readonly ParsedElement[])[] {
  try {
    return parseItems(value, form, { isUndefinedLength }).map(({ content }) => parseElements(content, form));
  } catch {
    return [];
  }
}

function latin1TextOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function trimmed(text: string): string {
  // NUL pads UIDs, and in some PACS texts.
  return text.replace(/^ +|[ \0]+$/g, '');
}
