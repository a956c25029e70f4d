/**
 * The DICOM JSON model (PS3.18 annex F) on one side, the dictionaries of dcmjs on the other. dcmjs keeps values nearly in
 * that form; what differs is binary values, attribute tags, empty values, and a raw copy of each value that it adds.
 */

/** A data set in the DICOM JSON model: eight hexadecimal digits to an attribute. */
export interface DicomJson {
  readonly [tag: string]: DicomJsonAttribute;
}

/** One attribute (PS3.18 F.2.2). */
export interface DicomJsonAttribute {
  readonly vr: string;
  readonly Value?: readonly DicomJsonValue[];
  /** Base64, for binary values. */
  readonly InlineBinary?: string;
}

/** One value; null where one of several is empty (PS3.18 F.2.5). */
export type DicomJsonValue = string | number | null | DicomJson | Readonly<Record<string, string>>;

/** What the data dictionary (PS3.6) says of a keyword. */
export interface DictionaryEntry {
  /** Eight hexadecimal digits in capitals, `00100020`. */
  readonly tag: string;
  readonly vr: string;
  /** Value multiplicity, `1` or `1-n`. */
  readonly vm: string;
}

/** An attribute as dcmjs keeps it. */
export interface DcmjsAttribute {
  readonly vr: string;
  readonly Value?: unknown;
}

/** A data set as dcmjs keeps it. */
export type DcmjsDict = Readonly<Record<string, DcmjsAttribute>>;

const BINARY: ReadonlySet<string> = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN']);
const TAG = /^[0-9A-F]{8}$/;
/** Sequences inside one another; the recursion is the worker's, whose end is an answer as well. */
const MAX_DEPTH = 64;

/** A value that has no place in the other form; the text is a reason for a log, never a value. */
export class UnfitValue extends Error {
  override readonly name = 'UnfitValue';
}

/** From dcmjs to the JSON model. @throws {UnfitValue} */
export function toDicomJson(dict: DcmjsDict, depth = 0): DicomJson {
  if (depth > MAX_DEPTH) throw new UnfitValue('depth');
  const json: Record<string, DicomJsonAttribute> = {};
  for (const tag of Object.keys(dict).toSorted()) {
    const attribute = dict[tag] as DcmjsAttribute;
    json[tag] = toAttribute(attribute, depth);
  }
  return json;
}

function toAttribute({ vr, Value }: DcmjsAttribute, depth: number): DicomJsonAttribute {
  const values = Array.isArray(Value) ? (Value as readonly unknown[]) : Value === undefined ? [] : [Value];
  if (BINARY.has(vr)) {
    const bytes = Buffer.concat(values.map(bytesOf));
    return bytes.length === 0 ? { vr } : { vr, InlineBinary: bytes.toString('base64') };
  }
  const converted = values.map((value) => toValue(vr, value, depth));
  // An attribute without a value has no `Value` (PS3.18 F.2.5).
  return converted.every((value) => value === null) ? { vr } : { vr, Value: converted };
}

function toValue(vr: string, value: unknown, depth: number): DicomJsonValue {
  if (value === null || value === undefined || value === '') return null;
  if (vr === 'SQ') return toDicomJson(value as DcmjsDict, depth + 1);
  if (vr === 'AT' && typeof value === 'number') return value.toString(16).toUpperCase().padStart(8, '0');
  if (vr === 'PN') return toName(value);
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (typeof value === 'bigint') return String(value);
  throw new UnfitValue('value');
}

function toName(value: unknown): DicomJsonValue {
  if (typeof value === 'string') return value === '' ? null : { Alphabetic: value };
  const groups = Object.entries(value as Record<string, unknown>).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '',
  );
  return groups.length === 0 ? null : Object.fromEntries(groups);
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value === null || value === undefined || value === '') return new Uint8Array(0);
  throw new UnfitValue('binary');
}

/** From the JSON model to dcmjs. @throws {UnfitValue} where it is no DICOM JSON model */
export function fromDicomJson(json: unknown, depth = 0): DcmjsDict {
  if (depth > MAX_DEPTH) throw new UnfitValue('depth');
  if (!isRecord(json)) throw new UnfitValue('no-model');
  const dict: Record<string, DcmjsAttribute> = {};
  for (const [tag, attribute] of Object.entries(json)) {
    if (!TAG.test(tag)) throw new UnfitValue('tag');
    if (!isRecord(attribute) || typeof attribute['vr'] !== 'string') throw new UnfitValue('vr');
    dict[tag] = fromAttribute(attribute['vr'], attribute, depth);
  }
  return dict;
}

function fromAttribute(vr: string, attribute: Record<string, unknown>, depth: number): DcmjsAttribute {
  const { InlineBinary: binary, Value: values = [], BulkDataURI: uri } = attribute;
  // What lies elsewhere is never fetched.
  if (uri !== undefined) throw new UnfitValue('bulk-data');
  if (binary !== undefined) {
    if (typeof binary !== 'string' || !BINARY.has(vr)) throw new UnfitValue('binary');
    const bytes = Buffer.from(binary, 'base64');
    return { vr, Value: [Uint8Array.from(bytes).buffer] };
  }
  if (!Array.isArray(values)) throw new UnfitValue('value');
  return { vr, Value: values.map((value: unknown) => fromValue(vr, value, depth)) };
}

function fromValue(vr: string, value: unknown, depth: number): unknown {
  if (vr === 'SQ') return fromDicomJson(value, depth + 1);
  if (value === null) return vr === 'PN' ? { Alphabetic: '' } : '';
  if (vr === 'AT') {
    if (typeof value !== 'string' || !TAG.test(value)) throw new UnfitValue('value');
    return Number.parseInt(value, 16);
  }
  if (vr === 'PN') {
    if (!isRecord(value)) throw new UnfitValue('value');
    return value;
  }
  if (typeof value === 'number' || typeof value === 'string') return value;
  throw new UnfitValue('value');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
