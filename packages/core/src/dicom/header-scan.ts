/**
 * Looks through a whole data set, nested sequences included, for what decides whether new text may be written into it: text
 * outside ASCII, and identifiers in places that are not coerced.
 */
import { isInterhospError } from '../errors/interhosp-error.ts';
import { DicomError } from '../errors/interhosp-error.ts';
import { bytesSource, type ByteSource } from './byte-source.ts';
import { isAsciiBytes } from './character-set.ts';
import type { VrForm } from './encode.ts';
import { DICOM_LIMITS } from './limits.ts';
import { parseItems } from './parse.ts';
import { formatTag, TAGS, type Tag } from './tag.ts';
import { isCharacterSetText } from './vr.ts';
import { visitElements } from './walk.ts';
import type { Visit } from './walker.ts';

/** What was found. */
export interface HeaderScan {
  /** Text under the data set's own character set has a byte over 7FH or an escape. */
  readonly hasNonAsciiText: boolean;
  /** Patient Name or Patient ID stands in a sequence that is not about identifiers. */
  readonly hasNestedIdentity: boolean;
  /** Digital Signatures or MAC Parameters stand at the top level. */
  readonly hasDigitalSignature: boolean;
  /** False when the structure could not be followed to the end: then more may be there than was found. */
  readonly isComplete: boolean;
}

/** Options of {@link scanHeader}. */
export interface HeaderScanOptions {
  /** Top-level elements that are not looked into: those that will be replaced. */
  readonly skip?: ReadonlySet<Tag>;
  /** Whether values are read to find text outside ASCII; without, only tags are looked at. Default true. */
  readonly text?: boolean;
  /**
   * Whether values whose VR nobody says (UN, private ones in implicit VR) are taken for text when they look like it. Default
   * false: numbers look like text often enough.
   */
  readonly guess?: boolean;
  /** Ends at encapsulated Pixel Data, whose fragments would be read one by one. Default false. */
  readonly stopAtFragments?: boolean;
  readonly signal?: AbortSignal;
}

const MAC_PARAMETERS_SEQUENCE: Tag = 0x4ffe0001;
const DIGITAL_SIGNATURES_SEQUENCE: Tag = 0xfffafffa;
/** Sequences that hold identifiers by their nature, and that a coercion writes itself. */
const IDENTITY_SEQUENCES: ReadonlySet<Tag> = new Set([TAGS.OtherPatientIDsSequence, TAGS.OriginalAttributesSequence]);
/** Levels of UN inside UN that are looked into; each is a walk of its own. */
const MAX_UN_LEVELS = 4;
/** Piece in which long text is read. */
const PIECE_BYTES = 64 * 1024;

/** @throws {DicomError} `DICOM_LIMIT`, `DICOM_TRUNCATED`; a malformed structure is told by `isComplete`. */
export async function scanHeader(
  source: ByteSource,
  form: VrForm,
  options: HeaderScanOptions = {},
): Promise<HeaderScan> {
  const found = { hasNonAsciiText: false, hasNestedIdentity: false, hasDigitalSignature: false, isComplete: true };
  try {
    await scanInto(found, source, form, options, 0);
  } catch (error) {
    if (!isInterhospError(error) || error.code !== 'DICOM_MALFORMED') throw error;
    found.isComplete = false;
  }
  return found;
}

type Found = { -readonly [K in keyof HeaderScan]: HeaderScan[K] };

async function scanInto(
  found: Found,
  source: ByteSource,
  form: VrForm,
  options: HeaderScanOptions,
  unLevel: number,
): Promise<void> {
  const { skip = NONE, text: readsText = true, stopAtFragments = false, signal } = options;
  // By depth: whether the item that is open there declares a character set of its own.
  const declares: boolean[] = [];
  const budget = { bytes: DICOM_LIMITS.headerBytes };
  let isSkipped = false;
  let mayNameThePatient = true;
  for await (const visit of visitElements(source, form, { descend: true, ...(signal !== undefined && { signal }) })) {
    const { tag, depth, kind } = visit;
    if (kind === 'element' && depth === 0) {
      isSkipped = skip.has(tag);
      mayNameThePatient = !IDENTITY_SEQUENCES.has(tag);
    }
    if (stopAtFragments && kind === 'fragment') return;
    if (kind === 'item') declares.length = depth;
    if (kind !== 'element' || isSkipped) continue;
    if (tag === TAGS.SpecificCharacterSet && depth > 0) declares[depth] = true;
    if (tag === TAGS.PatientID || tag === TAGS.PatientName) {
      found.hasNestedIdentity ||= mayNameThePatient && depth + unLevel > 0;
    }
    if (tag === MAC_PARAMETERS_SEQUENCE || tag === DIGITAL_SIGNATURES_SEQUENCE)
      found.hasDigitalSignature ||= depth === 0;
    if (!readsText || found.hasNonAsciiText || declares.includes(true)) continue;
    if (isCharacterSetText(visit.vr)) found.hasNonAsciiText = !(await isAsciiValue(source, visit, budget));
    else if (visit.vr === 'UN' && visit.lengthBytes !== undefined) {
      await scanUnknown(found, source, visit, options, unLevel);
    }
  }
}

async function isAsciiValue(source: ByteSource, visit: Visit, budget: { bytes: number }): Promise<boolean> {
  const { valueOffset, lengthBytes = 0, tag } = visit;
  budget.bytes -= lengthBytes;
  if (budget.bytes < 0) {
    throw new DicomError('DICOM_LIMIT', { details: { tag: formatTag(tag), limit: DICOM_LIMITS.headerBytes } });
  }
  for (let done = 0; done < lengthBytes; done += PIECE_BYTES) {
    const piece = await source.read(valueOffset + done, Math.min(PIECE_BYTES, lengthBytes - done));
    if (!isAsciiBytes(piece)) return false;
  }
  return true;
}

/** A value whose VR nobody says: items in implicit VR (PS3.5 6.2.2), else perhaps text. */
async function scanUnknown(
  found: Found,
  source: ByteSource,
  visit: Visit,
  options: HeaderScanOptions,
  unLevel: number,
): Promise<void> {
  const { valueOffset, lengthBytes = 0 } = visit;
  const bytes = await source.read(valueOffset, Math.min(lengthBytes, DICOM_LIMITS.valueBytes));
  if (unLevel < MAX_UN_LEVELS && bytes.length === lengthBytes) {
    for (const item of itemsIn(bytes)) await scanItem(found, item, options, unLevel + 1);
  }
  if (options.guess === true && !isAsciiBytes(bytes) && looksLikeText(bytes)) found.hasNonAsciiText = true;
}

/** What only looked like items says nothing of the data set around it, which is whole. */
async function scanItem(found: Found, item: Uint8Array, options: HeaderScanOptions, unLevel: number): Promise<void> {
  try {
    await scanInto(found, bytesSource(item), 'implicit', { ...options, skip: NONE }, unLevel);
  } catch (error) {
    if (!isInterhospError(error) || !UNREADABLE.has(error.code)) throw error;
    found.isComplete = false;
  }
}

const UNREADABLE: ReadonlySet<string> = new Set(['DICOM_MALFORMED', 'DICOM_TRUNCATED']);

function itemsIn(bytes: Uint8Array): readonly Uint8Array[] {
  // FFFE,E000 little endian.
  if (bytes[0] !== 0xfe || bytes[1] !== 0xff || bytes[2] !== 0x00 || bytes[3] !== 0xe0) return [];
  try {
    return parseItems(bytes, 'implicit', { isUndefinedLength: false }).map((item) => item.content);
  } catch (error) {
    if (isInterhospError(error) && error.code === 'DICOM_MALFORMED') return [];
    throw error;
  }
}

/** Shorter values are rather numbers than text. */
const MIN_TEXT_BYTES = 6;

/** No control character but those of text, and half of it plain letters, digits and spaces; few binary numbers are so. */
function looksLikeText(bytes: Uint8Array): boolean {
  const plain = bytes.filter((byte) => /[A-Za-z0-9 ]/.test(String.fromCharCode(byte))).length;
  return (
    bytes.length >= MIN_TEXT_BYTES && plain * 2 >= bytes.length && bytes.every((byte) => byte >= 0x20 || TEXT.has(byte))
  );
}

/** Control characters that stand in text: TAB, LF, FF, CR, ESC. */
const TEXT: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x1b]);

const NONE: ReadonlySet<Tag> = new Set();
