/** Random data sets for property tests, nested, in every form that lengths and VRs can be written in. */
import fc from 'fast-check';
import { concatBytes } from '../src/dicom/bytes.ts';
import { encodeElementHeader, type VrForm } from '../src/dicom/encode.ts';
import { implicitVrOf } from '../src/dicom/implicit-vr.ts';
import { TAGS } from '../src/dicom/tag.ts';
import { UNDEFINED_LENGTH, type Vr } from '../src/dicom/vr.ts';

/** An element before it is written. */
export type RandomElement =
  | { readonly tag: number; readonly vr: Vr; readonly value: Uint8Array }
  | {
      readonly tag: number;
      readonly vr: 'SQ' | 'UN';
      readonly isUndefined: boolean;
      readonly items: readonly { readonly isUndefined: boolean; readonly elements: readonly RandomElement[] }[];
    };

/** Writes elements as they say. */
export function writeElements(form: VrForm, elements: readonly RandomElement[]): Uint8Array {
  return concatBytes([new Uint8Array(0), ...elements.map((element) => writeElement(form, element)), new Uint8Array(0)]);
}

function writeElement(form: VrForm, element: RandomElement): Uint8Array {
  if ('value' in element) {
    return concatBytes([encodeElementHeader(form, element.tag, element.vr, element.value.length), element.value]);
  }
  const inner = element.vr === 'UN' ? 'implicit' : form;
  const items = concatBytes([
    new Uint8Array(0),
    ...element.items.map((item) => writeItem(inner, item)),
    new Uint8Array(0),
  ]);
  const end = element.isUndefined ? mark(inner, TAGS.SequenceDelimitationItem, 0) : new Uint8Array(0);
  const length = element.isUndefined ? UNDEFINED_LENGTH : items.length;
  return concatBytes([encodeElementHeader(form, element.tag, element.vr, length), items, end]);
}

function writeItem(
  form: VrForm,
  item: { readonly isUndefined: boolean; readonly elements: readonly RandomElement[] },
): Uint8Array {
  const content = writeElements(form, item.elements);
  if (!item.isUndefined) return concatBytes([mark(form, TAGS.Item, content.length), content]);
  return concatBytes([mark(form, TAGS.Item, UNDEFINED_LENGTH), content, mark(form, TAGS.ItemDelimitationItem, 0)]);
}

function mark(form: VrForm, tag: number, length: number): Uint8Array {
  return encodeElementHeader(form, tag, 'UN', length);
}

const VALUE_VRS = ['LO', 'PN', 'SH', 'UI', 'OB', 'OW', 'US', 'UN', 'UT', 'DS'] as const;
/** Private tags, so that implicit VR reads the same VR whatever was drawn. */
const LEAF_TAGS = [0x00091001, 0x00091002, 0x00111001, 0x00191001, 0x00291001, 0x00431001, 0x00491001, 0x7fe11001];
const SEQUENCE_TAGS = [0x00081140, 0x00082112, 0x00400260, 0x0040a730, 0x00091050, 0x00291050, 0x5200_9229];

const evenBytes = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => (bytes.length % 2 === 0 ? bytes : bytes.subarray(0, bytes.length - 1)));

const leaf = fc.record({ tag: fc.constantFrom(...LEAF_TAGS), vr: fc.constantFrom(...VALUE_VRS), value: evenBytes });

const trees = fc.letrec<{ element: RandomElement; elements: readonly RandomElement[] }>((tie) => ({
  element: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'nesting' },
    leaf,
    fc.record({
      tag: fc.constantFrom(...SEQUENCE_TAGS),
      vr: fc.constantFrom('SQ' as const, 'SQ' as const, 'UN' as const),
      isUndefined: fc.boolean(),
      items: fc.array(fc.record({ isUndefined: fc.boolean(), elements: tie('elements') }), { maxLength: 3 }),
    }),
  ),
  elements: fc
    .array(tie('element'), { maxLength: 4 })
    .map((elements) =>
      [...new Map(elements.map((element) => [element.tag, element])).values()].toSorted((a, b) => a.tag - b.tag),
    ),
}));

/** Elements with distinct tags in order. */
export const randomElements: fc.Arbitrary<readonly RandomElement[]> = trees.elements;

/** In implicit VR what a sequence is follows from its tag: private ones of defined length are opaque values. */
export function isReadAsSequence(form: VrForm, element: RandomElement): boolean {
  if ('value' in element) return false;
  return form !== 'implicit' || element.isUndefined || implicitVrOf(element.tag) === 'SQ';
}
