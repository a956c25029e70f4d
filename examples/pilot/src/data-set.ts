/**
 * Compares two data sets element by element, on bytes (PS3.5 7.1, explicit VR little endian, as the demonstration's
 * studies are made). What a receiver may change is listed here; anything else that differs is an alteration.
 */

/** One element of the top level, by the place of its value. */
interface Place {
  readonly start: number;
  readonly end: number;
}

const LONG_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);
const UNDEFINED_LENGTH = 0xffff_ffff;
const ITEM_END = 0xfffe_e00d;
const SEQUENCE_END = 0xfffe_e0dd;
/** Deeper than any sequence in the demonstration. */
const MAX_DEPTH = 16;

/** Elements that a receiver coerces: patient, local order, and the record of what was coerced (IHE RAD IRWF). */
const COERCIBLE: ReadonlySet<number> = new Set([
  0x0008_0005, // Specific Character Set, where the local name needs another
  0x0008_0015, // Instance Coercion DateTime
  0x0008_0050, // Accession Number: the local order's, or none
  0x0008_0051, // Issuer of Accession Number Sequence
  0x0008_0201, // Timezone Offset From UTC
  0x0010_0010, // Patient's Name
  0x0010_0020, // Patient ID
  0x0010_0021, // Issuer of Patient ID
  0x0010_0024, // Issuer of Patient ID Qualifiers Sequence
  0x0010_0030, // Patient's Birth Date
  0x0010_0040, // Patient's Sex
  0x0010_1000, // Other Patient IDs
  0x0010_1001, // Other Patient Names
  0x0010_1002, // Other Patient IDs Sequence
  0x0010_1005, // Patient's Birth Name
  0x0010_1040, // Patient's Address
  0x0010_2154, // Patient's Telephone Numbers
  0x0010_4000, // Patient Comments
  0x0018_a001, // Contributing Equipment Sequence
  0x0032_1060, // Requested Procedure Description
  0x0032_1064, // Requested Procedure Code Sequence
  0x0038_0010, // Admission ID
  0x0040_0275, // Request Attributes Sequence
  0x0040_2016, // Placer Order Number
  0x0040_2017, // Filler Order Number
  0x0400_0561, // Original Attributes Sequence
  0x0400_0600, // Instance Origin Status
]);

const PATIENT_ID = 0x0010_0020;
const ORIGINAL_ATTRIBUTES = 0x0400_0561;

/** What a comparison found. */
export interface DataSetComparison {
  /** Elements that differ, are missing or were added, and that no receiver may touch: `(7FE0,0010)`. Empty is good. */
  readonly altered: readonly string[];
  /** Patient ID (0010,0020) in the arrived data set. */
  readonly patientId: string;
  /** Whether the arrived data set says what it was before it was coerced. */
  readonly keepsOriginals: boolean;
}

/** Compares what was made with what arrived. @throws {Error} when either is no data set. */
export function compareDataSets(made: Uint8Array, arrived: Uint8Array): DataSetComparison {
  const before = elementsOf(made);
  const after = elementsOf(arrived);
  const tags = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b);
  const differing = tags.filter((tag) => !equalBytes(valueOf(made, before.get(tag)), valueOf(arrived, after.get(tag))));
  return {
    altered: differing.filter((tag) => !COERCIBLE.has(tag)).map(shown),
    patientId: new TextDecoder('latin1').decode(valueOf(arrived, after.get(PATIENT_ID))).trimEnd(),
    keepsOriginals: after.has(ORIGINAL_ATTRIBUTES),
  };
}

function valueOf(bytes: Uint8Array, place: Place | undefined): Uint8Array | undefined {
  return place === undefined ? undefined : bytes.subarray(place.start, place.end);
}

function equalBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}

function elementsOf(bytes: Uint8Array): ReadonlyMap<number, Place> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements = new Map<number, Place>();
  for (let at = 0; at < bytes.length;) {
    const { end, start, tag } = elementAt(view, at, 0);
    if (elements.has(tag)) throw new Error(`${shown(tag)} stands twice`);
    elements.set(tag, { start, end });
    at = end;
  }
  return elements;
}

function elementAt(view: DataView, at: number, depth: number): Place & { readonly tag: number } {
  if (depth > MAX_DEPTH) throw new Error('a sequence deeper than any that was made');
  const tag = tagAt(view, at);
  const vr = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5));
  const long = LONG_VRS.has(vr);
  const length = long ? view.getUint32(at + 8, true) : view.getUint16(at + 6, true);
  const start = at + (long ? 12 : 8);
  const end = length === UNDEFINED_LENGTH ? sequenceEnd(view, start, depth + 1) : start + length;
  if (end > view.byteLength) throw new Error(`${shown(tag)} reaches beyond the end`);
  return { tag, start, end };
}

/** Behind the delimiter of a sequence of undefined length (PS3.5 7.5). */
function sequenceEnd(view: DataView, start: number, depth: number): number {
  let at = start;
  while (tagAt(view, at) !== SEQUENCE_END) {
    const length = view.getUint32(at + 4, true);
    at += 8;
    if (length !== UNDEFINED_LENGTH) at += length;
    else {
      while (tagAt(view, at) !== ITEM_END) at = elementAt(view, at, depth + 1).end;
      at += 8;
    }
  }
  return at + 8;
}

function tagAt(view: DataView, at: number): number {
  return view.getUint16(at, true) * 0x1_0000 + view.getUint16(at + 2, true);
}

function shown(tag: number): string {
  const digits = tag.toString(16).toUpperCase().padStart(8, '0');
  return `(${digits.slice(0, 4)},${digits.slice(4)})`;
}
