/**
 * A second reader of data sets, for tests to compare with: written apart from the one in src/dicom, recursive and without
 * limits, on whole bytes in memory. It trusts what it reads.
 */

/** A top-level element and where it lies. */
export interface TinyElement {
  readonly tag: number;
  readonly vr: string;
  readonly from: number;
  readonly valueFrom: number;
  readonly to: number;
}

const LONG = ['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'];

/** Explicit VR or not; `big` is explicit, big endian. */
export type TinyForm = boolean | 'big';

/** The form of a transfer syntax that is not deflated. */
export function tinyForm(transferSyntaxUid: string): TinyForm {
  if (transferSyntaxUid === '1.2.840.10008.1.2.2') return 'big';
  return transferSyntaxUid !== '1.2.840.10008.1.2' && transferSyntaxUid !== '1.2.840.113619.5.2';
}

/** Top-level elements to the end, or to where bytes stop making sense. */
export function tinyWalk(bytes: Uint8Array, form: TinyForm, options: { readonly upTo?: number } = {}): TinyElement[] {
  const found: TinyElement[] = [];
  let at = 0;
  while (at + 8 <= bytes.length) {
    const element = elementAt(bytes, at, form !== false, form === 'big');
    if (element.tag > (options.upTo ?? 0xffffffff) || element.tag === 0) break;
    found.push(element);
    at = element.to;
  }
  return found;
}

function elementAt(bytes: Uint8Array, at: number, explicit: boolean, big: boolean): TinyElement {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = view.getUint16(at, !big) * 65536 + view.getUint16(at + 2, !big);
  let vr = '--';
  let length = view.getUint32(at + 4, !big);
  let valueFrom = at + 8;
  if (explicit && tag < 0xfffee000) {
    vr = String.fromCharCode(bytes[at + 4] ?? 0) + String.fromCharCode(bytes[at + 5] ?? 0);
    if (LONG.includes(vr)) {
      length = view.getUint32(at + 8, !big);
      valueFrom = at + 12;
    } else length = view.getUint16(at + 6, !big);
  }
  if (length !== 0xffffffff) return { tag, vr, from: at, valueFrom, to: valueFrom + length };
  return {
    tag,
    vr,
    from: at,
    valueFrom,
    to: endOfItems(bytes, valueFrom, explicit && vr !== 'UN', big && vr !== 'UN'),
  };
}

function endOfItems(bytes: Uint8Array, from: number, explicit: boolean, big: boolean): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; ;) {
    const mark = view.getUint16(at + 2, !big);
    const length = view.getUint32(at + 4, !big);
    at += 8;
    if (mark === 0xe0dd) return at;
    if (length !== 0xffffffff) at += length;
    else {
      for (
        let inner = elementAt(bytes, at, explicit, big);
        inner.tag !== 0xfffee00d;
        inner = elementAt(bytes, at, explicit, big)
      ) {
        at = inner.to;
      }
      at += 8;
    }
  }
}
