/**
 * What arrived, judged on bytes and by none of the code under test: every file of a folder is read, its data set is walked
 * by a small reader of this file's own, and compared with the source element by element.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

/** A data set as bytes, with what names it. */
export interface DataSetFile {
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** Inflated where it was deflated. */
  readonly dataSet: Uint8Array;
}

/** A top-level element and where it lies. */
interface Span {
  readonly tag: number;
  readonly from: number;
  readonly valueFrom: number;
  readonly to: number;
}

/** How headers are written. */
interface Form {
  readonly explicit: boolean;
  readonly little: boolean;
}

const IMPLICIT = '1.2.840.10008.1.2';
const BIG_ENDIAN = '1.2.840.10008.1.2.2';
const DEFLATED = '1.2.840.10008.1.2.1.99';
const META: Form = { explicit: true, little: true };
const LONG_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);
const UNDEFINED = 0xffffffff;

/**
 * Elements that a coercion may change (DESIGN.md: the patient, the source's orders and visits, the marks of an import),
 * written down here again so that a coercion that reaches further is noticed.
 */
const COERCED: ReadonlySet<number> = new Set([
  0x00080005, 0x00080015, 0x00080050, 0x00080051, 0x00100010, 0x00100020, 0x00100021, 0x00100022, 0x00100024,
  0x00100026, 0x00100027, 0x00100030, 0x00100032, 0x00100033, 0x00100034, 0x00100035, 0x00100040, 0x00100050,
  0x00101000, 0x00101001, 0x00101002, 0x00101005, 0x00101040, 0x00101060, 0x00101080, 0x00101081, 0x00101090,
  0x00101100, 0x00102150, 0x00102152, 0x00102154, 0x00102155, 0x001021f0, 0x00102297, 0x00102298, 0x00102299,
  0x00104000, 0x0018a001, 0x00321060, 0x00321064, 0x00380010, 0x00380011, 0x00380014, 0x00380060, 0x00380062,
  0x00380064, 0x00380300, 0x00380400, 0x00400026, 0x00400027, 0x00400275, 0x00401001, 0x00402016, 0x00402017,
  0x04000561, 0x04000600,
]);
const PIXELS: ReadonlySet<number> = new Set([0x7fe00008, 0x7fe00009, 0x7fe00010]);

/** Every DICOM file below a folder; unfinished ones, whose folder begins with a dot, are left out. */
export async function filesIn(folder: string): Promise<readonly DataSetFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !`${entry.parentPath}/`.includes('/.'));
  const read = await Promise.all(files.map(async (entry) => readFile(join(entry.parentPath, entry.name))));
  return read.map((bytes) => dataSetFile(bytes));
}

/** Takes a file apart. @throws {Error} when it has no meta information. */
export function dataSetFile(bytes: Uint8Array): DataSetFile {
  if (text(bytes.subarray(128, 132)) !== 'DICM') throw new Error('not a DICOM file');
  const meta = spansOf(bytes.subarray(132), META, (tag) => tag >>> 16 === 2);
  const at = 132 + (meta.at(-1)?.to ?? 0);
  const transferSyntaxUid = valueOf(bytes.subarray(132), meta, 0x00020010);
  const dataSet = transferSyntaxUid === DEFLATED ? inflateRawSync(bytes.subarray(at)) : bytes.subarray(at);
  const spans = spansOf(dataSet, formOf(transferSyntaxUid), (tag) => tag <= 0x0020000d);
  return {
    dataSet,
    sopInstanceUid: valueOf(dataSet, spans, 0x00080018),
    studyInstanceUid: valueOf(dataSet, spans, 0x0020000d),
    transferSyntaxUid,
  };
}

/** How one data set differs from another beyond what a coercion may change; empty when it does not. */
export function differences(source: DataSetFile, arrived: DataSetFile): readonly string[] {
  if (source.transferSyntaxUid !== arrived.transferSyntaxUid) return ['transfer syntax'];
  const [before, after] = [contentOf(source), contentOf(arrived)];
  const tags = [...new Set([...before.keys(), ...after.keys()])];
  return tags.flatMap((tag) => {
    const [one, other] = [before.get(tag), after.get(tag)];
    if (one !== undefined && other !== undefined && Buffer.compare(one, other) === 0) return [];
    const what = one === undefined ? 'appeared' : other === undefined ? 'is gone' : 'differs';
    return [`${tag.toString(16).padStart(8, '0')} ${what}`];
  });
}

/** Values of the pixel elements, one after the other; empty when there are none. */
export function pixelsOf({ dataSet, transferSyntaxUid }: DataSetFile): Uint8Array {
  const spans = spansOf(dataSet, formOf(transferSyntaxUid)).filter(({ tag }) => PIXELS.has(tag));
  return Buffer.concat(spans.map(({ from, to }) => dataSet.subarray(from, to)));
}

/** Text of a top-level element, without padding; empty when it is not there. */
export function textOf({ dataSet, transferSyntaxUid }: DataSetFile, tag: number): string {
  return valueOf(
    dataSet,
    spansOf(dataSet, formOf(transferSyntaxUid), (one) => one <= tag),
    tag,
  );
}

function formOf(transferSyntaxUid: string): Form {
  return { explicit: transferSyntaxUid !== IMPLICIT, little: transferSyntaxUid !== BIG_ENDIAN };
}

/** Whole elements by tag, those that may be coerced left out. */
function contentOf({ dataSet, transferSyntaxUid }: DataSetFile): ReadonlyMap<number, Uint8Array> {
  const spans = spansOf(dataSet, formOf(transferSyntaxUid));
  // Group lengths (gggg,0000) are retired, and cannot stay true when the group changes.
  const kept = spans.filter(({ tag }) => !COERCED.has(tag) && (tag & 0xffff) !== 0);
  const content = new Map(kept.map(({ from, tag, to }) => [tag, dataSet.subarray(from, to)]));
  const end = spans.at(-1)?.to ?? 0;
  // What follows the last element that can be read counts as well.
  return end === dataSet.length ? content : content.set(UNDEFINED, dataSet.subarray(end));
}

function valueOf(bytes: Uint8Array, spans: readonly Span[], tag: number): string {
  const span = spans.find((one) => one.tag === tag);
  return span === undefined ? '' : text(bytes.subarray(span.valueFrom, span.to)).replace(/[\0 ]+$/, '');
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function spansOf(bytes: Uint8Array, form: Form, goesOn: (tag: number) => boolean = () => true): Span[] {
  const spans: Span[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const span = spanAt(bytes, at, form);
    if (span === undefined || span.to > bytes.length || span.tag === 0 || !goesOn(span.tag)) break;
    spans.push(span);
    at = span.to;
  }
  return spans;
}

function spanAt(bytes: Uint8Array, from: number, form: Form): Span | undefined {
  if (from + 8 > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = view.getUint16(from, form.little) * 65_536 + view.getUint16(from + 2, form.little);
  let length = view.getUint32(from + 4, form.little);
  let valueFrom = from + 8;
  let inner = form;
  if (form.explicit && tag < 0xfffee000) {
    const vr = text(bytes.subarray(from + 4, from + 6));
    if (vr === 'UN') inner = { explicit: false, little: true };
    if (!LONG_VRS.has(vr)) length = view.getUint16(from + 6, form.little);
    else {
      if (from + 12 > bytes.length) return undefined;
      length = view.getUint32(from + 8, form.little);
      valueFrom = from + 12;
    }
  }
  if (length !== UNDEFINED) return { from, tag, to: valueFrom + length, valueFrom };
  const to = endOfItems(bytes, valueFrom, inner);
  return to === undefined ? undefined : { from, tag, to, valueFrom };
}

/** After the delimiter of a sequence, or of the fragments, that begins here. */
function endOfItems(bytes: Uint8Array, from: number, form: Form): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; at + 8 <= bytes.length;) {
    const mark = view.getUint16(at + 2, form.little);
    const length = view.getUint32(at + 4, form.little);
    at += 8;
    if (mark === 0xe0dd) return at;
    if (length !== UNDEFINED) at += length;
    else {
      for (;;) {
        const inner = spanAt(bytes, at, form);
        if (inner === undefined) return undefined;
        at = inner.to;
        if (inner.tag === 0xfffee00d) break;
      }
    }
  }
  return undefined;
}
