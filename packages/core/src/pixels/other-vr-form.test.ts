import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { join } from '../../test/encapsulated.ts';
import { bytesSource } from '../dicom/byte-source.ts';
import { ASCII_CHARACTER_SET } from '../dicom/character-set.ts';
import { encodeElements, type NewElement } from '../dicom/element.ts';
import { encodeElement, encodeElementHeader, encodeItem, encodeSequence, type VrForm } from '../dicom/encode.ts';
import { parseElements } from '../dicom/parse.ts';
import { readPart10 } from '../dicom/part10.ts';
import { TAGS } from '../dicom/tag.ts';
import { TRANSFER_SYNTAXES } from '../dicom/transfer-syntax.ts';
import { isInterhospError } from '../errors/interhosp-error.ts';
import { measure, pieces, type FormChange } from './other-vr-form.ts';

const CORPUS = fileURLToPath(new URL('../../test/corpus', import.meta.url));

async function changed(
  bytes: Uint8Array,
  from: VrForm,
  to: VrForm,
  more: Partial<FormChange> = {},
): Promise<Uint8Array> {
  const source = bytesSource(bytes);
  const change: FormChange = { from, isSigned: false, to, ...more };
  const { lengthBytes, lengths } = await measure(source, change);
  const parts: Uint8Array[] = [];
  for await (const piece of pieces(source, change, lengths)) {
    if (piece.kind === 'bytes') parts.push(piece.bytes);
    if (piece.kind === 'copy') parts.push(bytes.subarray(piece.from, piece.to));
  }
  const result = join(parts);
  expect(result.length).toBe(lengthBytes);
  return result;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function readFile(path: string) {
  const { dataSet, transferSyntaxUid } = await readPart10(once(readFileSync(path)));
  const parts: Uint8Array[] = [];
  for await (const part of dataSet) parts.push(part);
  return { bytes: join(parts), transferSyntaxUid };
}

const encode = (form: VrForm, elements: readonly NewElement[]) => encodeElements(form, elements, ASCII_CHARACTER_SET);
const undefinedLength = (form: VrForm, tag: number, vr: 'SQ' | 'UN', content: Uint8Array) =>
  join([encodeElementHeader(form, tag, vr, 0xffffffff), content, Uint8Array.of(0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0)]);
const openItem = (content: Uint8Array) =>
  join([
    Uint8Array.of(0xfe, 0xff, 0, 0xe0, 0xff, 0xff, 0xff, 0xff),
    content,
    Uint8Array.of(0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0),
  ]);

describe('a data set in the other VR form', () => {
  it('comes back byte for byte from implicit through explicit, for every file of the corpus', async () => {
    const differing: string[] = [];
    let files = 0;
    for (const path of globSync(`${CORPUS}/*/*.dcm`)) {
      const file = await readFile(path).catch(() => undefined);
      const isImplicit = file?.transferSyntaxUid === TRANSFER_SYNTAXES.ImplicitVRLittleEndian;
      if (file === undefined || (!isImplicit && file.transferSyntaxUid !== TRANSFER_SYNTAXES.ExplicitVRLittleEndian))
        continue;
      try {
        const implicit = isImplicit
          ? await changed(file.bytes, 'implicit', 'implicit')
          : await changed(file.bytes, 'explicit', 'implicit');
        const back = await changed(await changed(implicit, 'implicit', 'explicit'), 'explicit', 'implicit');
        if (Buffer.compare(implicit, back) !== 0) differing.push(path);
        files++;
      } catch (error) {
        if (!isInterhospError(error)) throw error;
      }
    }
    expect(differing).toEqual([]);
    expect(files).toBeGreaterThan(20);
  });

  it('keeps which sequences and items have a length, and counts it anew', async () => {
    const name = { tag: TAGS.PatientName, value: { text: 'A', vr: 'PN' } } as const;
    const blob = { tag: 0x00091002, value: { bytes: Uint8Array.of(1, 2), vr: 'OB' } } as const;
    const build = (form: VrForm) => {
      const content = encode(form, [blob, name]);
      return join([
        encodeSequence(form, 0x00081115, [
          encodeItem('implicit', [content]),
          openItem(content),
          encodeItem('implicit', []),
        ]),
        undefinedLength(
          form,
          0x00081140,
          'SQ',
          join([encodeItem('implicit', [encodeSequence(form, 0x00081199, [openItem(content)])])]),
        ),
        encodeSequence(form, 0x0008114a, []),
      ]);
    };
    expect(await changed(build('explicit'), 'explicit', 'implicit')).toEqual(build('implicit'));
  });

  it('leaves UN as it is: implicit VR inside, whatever is around it', async () => {
    const inner = openItem(encode('implicit', [{ tag: TAGS.PatientName, value: { text: 'A', vr: 'PN' } }]));
    const unknown = undefinedLength('explicit', 0x00091010, 'UN', inner);
    const whole = encodeElement('explicit', 0x00091011, 'UN', inner);
    const there = await changed(join([unknown, whole]), 'explicit', 'implicit');
    expect(there).toEqual(
      join([undefinedLength('implicit', 0x00091010, 'UN', inner), encodeElement('implicit', 0x00091011, 'UN', inner)]),
    );
    expect(await changed(there, 'implicit', 'explicit')).toEqual(join([unknown, whole]));
  });

  it('leaves out group lengths, at any depth', async () => {
    const length = { tag: 0x00080000, value: { numbers: [99], vr: 'UL' } } as const;
    const uid = { tag: TAGS.SOPInstanceUID, value: { text: '1.2', vr: 'UI' } } as const;
    const build = (form: VrForm, elements: readonly NewElement[]) =>
      encode(form, [...elements, { tag: 0x00081140, value: { items: [elements], vr: 'SQ' } }]);
    expect(await changed(build('explicit', [length, uid]), 'explicit', 'implicit')).toEqual(build('implicit', [uid]));
  });

  it('makes of what implicit VR leaves open what the image says', async () => {
    const padding = encode('implicit', [{ tag: 0x00280120, value: { numbers: [0x8000], vr: 'US' } }]);
    const vrOf = async (isSigned: boolean) =>
      parseElements(await changed(padding, 'implicit', 'explicit', { isSigned }), 'explicit')[0]?.vr;
    expect([await vrOf(false), await vrOf(true)]).toEqual(['US', 'SS']);
  });

  it('writes as UN what is too long for the header of its VR', async () => {
    const table = encodeElement('implicit', 0x00283006, 'US', new Uint8Array(131_072));
    const [element] = parseElements(await changed(table, 'implicit', 'explicit'), 'explicit');
    expect([element?.vr, element?.value.length]).toEqual(['UN', 131_072]);
  });

  it('keeps the values of any nested elements', async () => {
    const tree = fc.letrec<{ elements: NewElement[]; element: NewElement }>((tie) => ({
      element: fc.oneof(
        { depthSize: 'small' },
        fc.record({
          tag: fc.constantFrom(0x00100020, 0x00080050, 0x00104000),
          value: fc
            .string({ maxLength: 8, unit: fc.constantFrom('A', 'B', '1') })
            .map((text) => ({ text, vr: 'LO' as const })),
        }),
        fc.record({
          tag: fc.constant(0x00091001),
          value: fc.uint8Array({ maxLength: 9 }).map((bytes) => ({ bytes, vr: 'OB' as const })),
        }),
        fc.record({
          tag: fc.constantFrom(0x00081115, 0x00400275),
          value: fc.array(tie('elements'), { maxLength: 3 }).map((items) => ({ items, vr: 'SQ' as const })),
        }),
      ),
      elements: fc.uniqueArray(tie('element'), { maxLength: 4, selector: ({ tag }) => tag }),
    })).elements;
    await fc.assert(
      fc.asyncProperty(tree, async (elements) => {
        expect(await changed(encode('explicit', elements), 'explicit', 'implicit')).toEqual(
          encode('implicit', elements),
        );
      }),
      { numRuns: 200 },
    );
  });
});
