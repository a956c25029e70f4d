import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corpusFiles, dataSetOf, plainElements } from '../../test/corpus-files.ts';
import { randomElements, writeElements } from '../../test/random-data-sets.ts';
import { collect } from '../../test/streams.ts';
import { tinyForm, tinyWalk, type TinyForm } from '../../test/tiny-walker.ts';
import { generateStudy } from '../conformance/sample-studies.ts';
import { bytesSource } from './byte-source.ts';
import { concatBytes, latin1Bytes, latin1Text } from './bytes.ts';
import { characterSetOf } from './character-set.ts';
import { encodeElement, encodeElementHeader, encodeItem, encodeSequence, type VrForm } from './encode.ts';
import { DICOM_LIMITS } from './limits.ts';
import { planSplice, spliceStream, type ElementEdit, type SpliceOptions } from './splice.ts';
import { TAGS, type Tag } from './tag.ts';
import { TRANSFER_SYNTAXES } from './transfer-syntax.ts';
import type { Uid } from './uid.ts';
import { UNDEFINED_LENGTH, type Vr } from './vr.ts';

const EXPLICIT = TRANSFER_SYNTAXES.ExplicitVRLittleEndian;
const IMPLICIT = TRANSFER_SYNTAXES.ImplicitVRLittleEndian;

async function splice(bytes: Uint8Array, syntax: Uid, edits: readonly ElementEdit[], options: SpliceOptions = {}) {
  const source = bytesSource(bytes);
  const plan = await planSplice(source, syntax, edits, options);
  const result = await collect(spliceStream(plan, source));
  expect(result.length).toBe(plan.lengthBytes);
  return result;
}

const text = (tag: Tag, vr: Exclude<Vr, 'SQ'>, value: string): ElementEdit => ({
  kind: 'set',
  tag,
  value: { vr, text: value },
});
const named = (name: string): ElementEdit => text(TAGS.PatientName, 'PN', name);
const element = (tag: Tag, vr: Vr, value: string): Uint8Array => encodeElement('explicit', tag, vr, latin1Bytes(value));
const declared = (terms: string): Uint8Array => element(TAGS.SpecificCharacterSet, 'CS', terms);

function valueOf(bytes: Uint8Array, tag: Tag, isExplicit: TinyForm = true): string | undefined {
  const found = tinyWalk(bytes, isExplicit).find((one) => one.tag === tag);
  return found === undefined ? undefined : latin1Text(bytes.subarray(found.valueFrom, found.to)).trimEnd();
}

/** Elements by tag as they stand, those of some tags left out. */
function others(bytes: Uint8Array, isExplicit: TinyForm, without: readonly Tag[]): readonly string[] {
  return tinyWalk(bytes, isExplicit)
    .filter(({ tag }) => !without.includes(tag))
    .map(({ from, to }) => Buffer.from(bytes.subarray(from, to)).toString('base64'));
}

describe('planSplice on every corpus file', () => {
  it('refuses with a code, or changes the name and no other byte', async () => {
    let accepted = 0;
    for (const file of corpusFiles()) {
      let dataSet: Uint8Array;
      let result: Uint8Array;
      let transferSyntaxUid: Uid;
      try {
        ({ dataSet, transferSyntaxUid } = await dataSetOf(file));
        result = await splice(dataSet, transferSyntaxUid, [named('Nouvelle^Patiente')]);
      } catch (error) {
        expect(error, file.name).toHaveProperty('code', expect.stringMatching(/^DICOM_/));
        continue;
      }
      accepted++;
      const isExplicit = tinyForm(transferSyntaxUid);
      dataSet = plainElements(dataSet, transferSyntaxUid);
      result = plainElements(result, transferSyntaxUid);
      expect(valueOf(result, TAGS.PatientName, isExplicit), file.name).toBe('Nouvelle^Patiente');
      const dropped = [TAGS.PatientName, 0x00100000];
      expect(others(result, isExplicit, dropped), file.name).toEqual(others(dataSet, isExplicit, dropped));
    }
    expect(accepted).toBeGreaterThan(40);
  });

  it('gives back the same bytes without an edit', async () => {
    for (const file of corpusFiles()) {
      try {
        const { dataSet, transferSyntaxUid } = await dataSetOf(file);
        expect(Buffer.compare(await splice(dataSet, transferSyntaxUid, []), dataSet), file.name).toBe(0);
      } catch (error) {
        expect(error, file.name).toHaveProperty('code', expect.stringMatching(/^DICOM_/));
      }
    }
  });

  it('ends with a code or a result wherever a file is cut off', async () => {
    let truncated = 0;
    for (const file of corpusFiles()) {
      if (file.bytes.length > 12_000) continue;
      const step = Math.max(1, Math.floor(file.bytes.length / 150));
      for (let length = 0; length < file.bytes.length; length += step) {
        try {
          const { dataSet, transferSyntaxUid } = await dataSetOf({ ...file, bytes: file.bytes.subarray(0, length) });
          await splice(dataSet, transferSyntaxUid, [named('A^B')]);
        } catch (error) {
          expect(error, `${file.name} ${length}`).toHaveProperty('code', expect.stringMatching(/^DICOM_/));
          truncated++;
        }
      }
    }
    expect(truncated).toBeGreaterThan(1000);
  });
});

describe('planSplice on a deflated data set', () => {
  const DEFLATED = TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian;
  const tags = [TAGS.SpecificCharacterSet, TAGS.PatientName, TAGS.StudyID] as const;
  const plain = concatBytes(tags.map((tag) => element(tag, tag === TAGS.PatientName ? 'PN' : 'CS', 'ISO_IR 100')));
  const deflated = new Uint8Array(deflateRawSync(plain, { level: 1 }));

  it('removes an element wherever it stands, and no other', async () => {
    for (const tag of tags) {
      const result = plainElements(await splice(deflated, DEFLATED, [{ kind: 'remove', tag }]), DEFLATED);
      expect(others(result, true, [])).toEqual(others(plain, true, [tag]));
    }
    const all = tags.map((tag) => ({ kind: 'remove', tag }) as const);
    expect(plainElements(await splice(deflated, DEFLATED, all), DEFLATED)).toHaveLength(0);
  });

  it('leaves the deflated bytes as they are where nothing changes', async () => {
    for (const edits of [[], [{ kind: 'remove', tag: TAGS.AccessionNumber }]] as const) {
      expect(await splice(deflated, DEFLATED, edits)).toEqual(deflated);
    }
  });
});

describe('planSplice on random data sets', () => {
  const syntaxes = {
    explicit: EXPLICIT,
    'explicit-big-endian': TRANSFER_SYNTAXES.ExplicitVRBigEndian,
    implicit: IMPLICIT,
  } as const;
  const forms = fc.constantFrom<VrForm>('explicit', 'explicit-big-endian', 'implicit');
  const syntaxOf = (form: VrForm): Uid => syntaxes[form];

  it('sets, then removes, and is back where it began', async () => {
    await fc.assert(
      fc.asyncProperty(forms, randomElements, async (form, elements) => {
        const bytes = writeElements(form, elements);
        const options = { undeclaredCharacterSet: 'ISO_IR 100', switchTo: 'never' } as const;
        // Read as Latin-1, so that no declaration is added for random text.
        const head = encodeElement(form, TAGS.SpecificCharacterSet, 'CS', latin1Bytes('ISO_IR 100'));
        const whole = concatBytes([head, bytes]);
        const changed = await splice(
          whole,
          syntaxOf(form),
          [named('Doe^Jane'), text(TAGS.StudyID, 'SH', '1')],
          options,
        );
        const isExplicit = tinyForm(syntaxOf(form));
        expect(valueOf(changed, TAGS.PatientName, isExplicit)).toBe('Doe^Jane');
        const tags = tinyWalk(changed, isExplicit).map(({ tag }) => tag);
        expect(tags).toEqual(tags.toSorted((one, other) => one - other));
        const back = await splice(changed, syntaxOf(form), [
          { kind: 'remove', tag: TAGS.PatientName },
          { kind: 'remove', tag: TAGS.StudyID },
        ]);
        expect(Buffer.compare(back, whole)).toBe(0);
      }),
    );
  });

  it('ends with a code or a result for bytes with a few of them flipped', async () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });
    const study = generateStudy({ instances: 1, pixels: 2, kind: 'SR' }).instances[0]?.dataSet ?? new Uint8Array(0);
    await fc.assert(
      fc.asyncProperty(forms, randomElements, flips, fc.boolean(), async (form, elements, changes, isStudy) => {
        const bytes = isStudy && form === 'explicit' ? study.slice() : writeElements(form, elements).slice();
        for (const [at, mask] of changes)
          if (bytes.length > 0) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ mask;
        try {
          await splice(bytes, syntaxOf(form), [named('Doe^Jane')]);
        } catch (error) {
          expect(error).toHaveProperty('code', expect.stringMatching(/^DICOM_/));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('ends with a code or a result for any bytes at all', async () => {
    await fc.assert(
      fc.asyncProperty(forms, fc.uint8Array({ maxLength: 200 }), async (form, bytes) => {
        try {
          await splice(bytes, syntaxOf(form), [named('Doe^Jane')]);
        } catch (error) {
          expect(error).toHaveProperty('code', expect.stringMatching(/^DICOM_/));
        }
      }),
    );
  });
});

describe('planSplice', () => {
  const before = concatBytes([
    declared('ISO_IR 100'),
    element(TAGS.PatientName, 'PN', 'Old^Name'),
    element(TAGS.StudyID, 'SH', '7'),
  ]);

  it('replaces, inserts and removes in the places that belong to the tags', async () => {
    const result = await splice(before, EXPLICIT, [
      named('New^Name'),
      text(TAGS.PatientID, 'LO', 'P1'),
      { kind: 'remove', tag: TAGS.StudyID },
      text(TAGS.InstanceOriginStatus, 'CS', 'IMPORTED'),
    ]);
    expect(result).toEqual(
      concatBytes([
        declared('ISO_IR 100'),
        element(TAGS.PatientName, 'PN', 'New^Name'),
        element(TAGS.PatientID, 'LO', 'P1'),
        element(TAGS.InstanceOriginStatus, 'CS', 'IMPORTED'),
      ]),
    );
  });

  it('writes sequences, raw bytes and numbers, in implicit VR too', async () => {
    const old = encodeElement('implicit', TAGS.StudyID, 'SH', latin1Bytes('7 '));
    const item = [{ tag: TAGS.PatientID, value: { vr: 'LO', text: 'X' } }] as const;
    const result = await splice(old, IMPLICIT, [
      { kind: 'set', tag: TAGS.OtherPatientIDsSequence, value: { vr: 'SQ', items: [item] } },
      { kind: 'set', tag: 0x00280010, value: { vr: 'US', numbers: [512] } },
    ]);
    const content = encodeItem('implicit', [encodeElement('implicit', TAGS.PatientID, 'LO', latin1Bytes('X'))]);
    const rows = encodeElement('implicit', 0x00280010, 'US', Uint8Array.of(0, 2));
    expect(result).toEqual(
      concatBytes([encodeSequence('implicit', TAGS.OtherPatientIDsSequence, [content]), old, rows]),
    );
  });

  it('writes sequences and numbers big endian where the data set is', async () => {
    const form = 'explicit-big-endian';
    const old = encodeElement(form, TAGS.StudyID, 'SH', latin1Bytes('7 '));
    const items = [[{ tag: 0x00280011, value: { vr: 'US', numbers: [512] } }]] as const;
    const result = await splice(old, TRANSFER_SYNTAXES.ExplicitVRBigEndian, [
      { kind: 'set', tag: TAGS.OtherPatientIDsSequence, value: { vr: 'SQ', items } },
      { kind: 'set', tag: 0x00280010, value: { vr: 'UL', numbers: [0x01020304] } },
    ]);
    expect(Buffer.from(result).toString('hex')).toBe(
      // (0010,1002) SQ 18; item 10; (0028,0011) US 2
      '001010025351000000000012' +
        'fffee0000000000a' +
        '00280011555300020200' +
        '0020001053480002' +
        '3720' +
        '00280010554c000401020304',
    );
  });

  it('inserts before zero bytes that pad the end', async () => {
    const result = await splice(concatBytes([before, new Uint8Array(10)]), EXPLICIT, [
      text(TAGS.InstanceOriginStatus, 'CS', 'X'),
    ]);
    expect(result).toEqual(concatBytes([before, element(TAGS.InstanceOriginStatus, 'CS', 'X'), new Uint8Array(10)]));
  });

  it('drops the group length of edited groups and of no others', async () => {
    const groupLength = (tag: Tag): Uint8Array => encodeElement('explicit', tag, 'UL', Uint8Array.of(9, 0, 0, 0));
    const bytes = concatBytes([
      declared('ISO_IR 100'),
      groupLength(0x00100000),
      element(TAGS.PatientName, 'PN', 'A'),
      groupLength(0x00200000),
      element(TAGS.StudyID, 'SH', '7'),
    ]);
    const tags = async (edits: readonly ElementEdit[]) =>
      tinyWalk(await splice(bytes, EXPLICIT, edits), true).map(({ tag }) => tag);
    expect(await tags([named('B')])).not.toContain(0x00100000);
    expect(await tags([named('B')])).toContain(0x00200000);
    expect(await tags([{ kind: 'remove', tag: TAGS.PatientName }])).not.toContain(0x00100000);
  });

  it('is the same plan each time', async () => {
    const edits = [named('B'), text(TAGS.PatientID, 'LO', 'P1')];
    const plans = [
      await planSplice(bytesSource(before), EXPLICIT, edits),
      await planSplice(bytesSource(before), EXPLICIT, edits.toReversed()),
    ];
    expect(plans[1]).toEqual(plans[0]);
  });

  it('refuses elements that are repeated or out of order up to the last edit, also behind it', async () => {
    const [name, id] = [element(TAGS.PatientName, 'PN', 'A'), element(TAGS.PatientID, 'LO', 'P')];
    const pixels = element(TAGS.PixelData, 'OW', 'xx');
    for (const parts of [
      [name, name],
      [id, name],
      [id, pixels, name],
      [name, pixels, name],
    ]) {
      const refused = splice(concatBytes(parts), EXPLICIT, [text(TAGS.PatientID, 'LO', 'Q')]);
      await expect(refused).rejects.toHaveProperty('code', 'DICOM_MALFORMED');
    }
    // Where nothing is changed, order is the source's business.
    const behind = concatBytes([name, pixels, element(TAGS.StudyID, 'SH', '1'), element(TAGS.StudyID, 'SH', '2')]);
    expect(valueOf(await splice(behind, EXPLICIT, [named('B')]), TAGS.PatientName)).toBe('B');
  });

  it('passes an unreadable element behind the last edit through, and refuses it before', async () => {
    const strange = Uint8Array.of(0xe1, 0x7f, 0x10, 0x00, 0x3f, 0x3f, 0x02, 0x00, 0x41, 0x41);
    const bytes = concatBytes([element(TAGS.PatientName, 'PN', 'A'), element(TAGS.PixelData, 'OW', 'xx'), strange]);
    const result = await splice(bytes, EXPLICIT, [named('B')]);
    expect(result.subarray(result.length - strange.length)).toEqual(strange);
    await expect(splice(concatBytes([strange, bytes]), EXPLICIT, [named('B')])).rejects.toHaveProperty(
      'code',
      'DICOM_MALFORMED',
    );
  });

  it('looks to the end for truncation unless told that this was done', async () => {
    const short = concatBytes([
      before,
      encodeElementHeader('explicit', TAGS.PixelData, 'OW', 1000),
      new Uint8Array(10),
    ]);
    await expect(splice(short, EXPLICIT, [named('B')])).rejects.toHaveProperty('code', 'DICOM_TRUNCATED');
    expect(valueOf(await splice(short, EXPLICIT, [named('B')], { checkToEnd: false }), TAGS.PatientName)).toBe('B');
  });

  it('refuses two edits of one tag, and values that do not fit their VR', async () => {
    await expect(splice(before, EXPLICIT, [named('A'), named('B')])).rejects.toHaveProperty('code', 'DICOM_MALFORMED');
    const bad = [
      text(TAGS.PatientSex, 'CS', 'f'),
      text(TAGS.StudyID, 'SH', 'x'.repeat(17)),
      text(TAGS.StudyDate, 'DA', '2026'),
      named('A\u0000B'),
      named('A\u001bB'),
    ];
    for (const edit of bad)
      await expect(splice(before, EXPLICIT, [edit])).rejects.toHaveProperty('code', 'DICOM_VALUE_INVALID');
    const long: ElementEdit = {
      kind: 'set',
      tag: TAGS.PatientComments,
      value: { vr: 'LT', bytes: new Uint8Array(65_536) },
    };
    await expect(splice(before, EXPLICIT, [long])).rejects.toHaveProperty('code', 'DICOM_VALUE_INVALID');
    expect(
      (await splice(before, EXPLICIT, [{ ...long, value: { vr: 'LT', bytes: new Uint8Array(65_534) } }])).length,
    ).toBe(before.length + 8 + 65_534);
  });

  it('notices a source that has become shorter since the plan', async () => {
    const plan = await planSplice(bytesSource(before), EXPLICIT, [named('B')]);
    const short = bytesSource(before.subarray(0, before.length - 1));
    await expect(collect(spliceStream(plan, short))).rejects.toHaveProperty('code', 'DICOM_TRUNCATED');
  });

  it('puts a header that is cut by many edits together, and reads it once', async () => {
    const bytes = generateStudy({ instances: 1, pixels: 512 }).instances[0]?.dataSet ?? new Uint8Array(0);
    const memory = bytesSource(bytes);
    let reads = 0;
    const counted = {
      ...memory,
      read: (offset: number, length: number) => {
        reads++;
        return memory.read(offset, length);
      },
    };
    const tags = [TAGS.AccessionNumber, TAGS.InstitutionName, TAGS.StudyDescription, TAGS.PatientID, TAGS.StudyID];
    const plan = await planSplice(
      memory,
      EXPLICIT,
      tags.map((tag) => text(tag, 'LO', 'changed')),
    );
    expect(plan.segments.length).toBeGreaterThan(2 * tags.length);
    const pieces: Uint8Array[] = [];
    for await (const piece of spliceStream(plan, counted)) pieces.push(piece);
    expect(pieces.length).toBeLessThanOrEqual(2);
    expect(reads).toBeLessThanOrEqual(2);
    expect(concatBytes(pieces).length).toBe(plan.lengthBytes);
  });
});

describe('the character set of spliced text', () => {
  const dataSet = (terms: string | undefined, rest: readonly Uint8Array[] = []): Uint8Array =>
    concatBytes([
      ...(terms === undefined ? [] : [declared(terms)]),
      element(TAGS.PatientName, 'PN', 'Old^Name'),
      ...rest,
    ]);
  const result = async (bytes: Uint8Array, name: string, options: SpliceOptions = {}) => {
    const spliced = await splice(bytes, EXPLICIT, [named(name)], options);
    const terms = valueOf(spliced, TAGS.SpecificCharacterSet);
    const raw = latin1Bytes(valueOf(spliced, TAGS.PatientName) ?? '');
    return { terms, name: characterSetOf(terms)?.decode(raw) };
  };
  const description = (value: string): Uint8Array => element(TAGS.StudyDescription, 'LO', value);

  it('is the declared one where that can hold the text (a)', async () => {
    expect(await result(dataSet('ISO_IR 100'), 'Vérité')).toEqual({ terms: 'ISO_IR 100', name: 'Vérité' });
    expect(await result(dataSet('ISO_IR 192'), '王^小东')).toEqual({ terms: 'ISO_IR 192', name: '王^小东' });
    expect(await result(dataSet('GB18030'), '王^小东')).toEqual({ terms: 'GB18030', name: '王^小东' });
    const extended = 'ISO 2022 IR 6\\ISO 2022 IR 100';
    expect(await result(dataSet(extended), 'Vérité')).toEqual({ terms: extended, name: 'Vérité' });
  });

  it('is switched where the text that stays is ASCII (b): Latin-1 if that holds it, else UTF-8', async () => {
    for (const terms of [undefined, '', 'ISO_IR 6', 'ISO_IR 144', 'ISO_IR 999']) {
      expect(await result(dataSet(terms), 'Vérité'), terms).toEqual({ terms: 'ISO_IR 100', name: 'Vérité' });
      expect(await result(dataSet(terms), 'Łódź'), terms).toEqual({ terms: 'ISO_IR 192', name: 'Łódź' });
    }
    expect((await result(dataSet(undefined), 'Vérité', { switchTo: 'ISO_IR 192' })).terms).toBe('ISO_IR 192');
  });

  it('is left alone for an ASCII name', async () => {
    expect(await result(dataSet(undefined), 'Doe')).toEqual({ terms: undefined, name: 'Doe' });
    expect((await result(dataSet('ISO_IR 144', [element(TAGS.StudyID, 'SH', '\xd0')]), 'Doe')).terms).toBe(
      'ISO_IR 144',
    );
  });

  it('does not count the old name, which goes', async () => {
    const cyrillic = concatBytes([declared('ISO_IR 144'), element(TAGS.PatientName, 'PN', '\xbb\xee')]);
    expect((await result(cyrillic, 'Vérité')).terms).toBe('ISO_IR 100');
  });

  it('is a reason to refuse where text that stays is not ASCII (c), wherever it stands', async () => {
    const item = (content: Uint8Array): Uint8Array =>
      encodeSequence('explicit', 0x00400275, [encodeItem('explicit', [content])]);
    const nestedTwice = item(item(element(0x00321060, 'LO', '\xd0\xd1')));
    const undefinedLength = concatBytes([
      encodeElementHeader('explicit', 0x00400275, 'SQ', UNDEFINED_LENGTH),
      encodeItem('explicit', [element(0x00321060, 'LO', '\xd0')]),
      encodeElementHeader('implicit', TAGS.SequenceDelimitationItem, 'UN', 0),
    ]);
    const inUn = encodeElement(
      'explicit',
      0x00431050,
      'UN',
      encodeItem('implicit', [encodeElement('implicit', 0x00081030, 'LO', latin1Bytes('\xd0'))]),
    );
    const hidden = encodeElement('explicit', 0x00431050, 'UN', latin1Bytes('\xd0\xd1 texts'));
    const escaped = element(0x00321060, 'LO', '\x1b$B;3');
    for (const rest of [element(0x00321060, 'LO', '\xd0'), nestedTwice, undefinedLength, inUn, hidden, escaped]) {
      await expect(result(dataSet('ISO_IR 144', [rest]), 'Vérité')).rejects.toHaveProperty('code', 'DICOM_CHARSET');
    }
    await expect(result(dataSet('ISO_IR 144'), 'Vérité', { switchTo: 'never' })).rejects.toHaveProperty(
      'code',
      'DICOM_CHARSET',
    );
  });

  it('is extended by a second one there, where policy says so, and what stays reads as before', async () => {
    const stays = element(TAGS.StudyDescription, 'LO', 'c\xe9r\xe9bral');
    const extend = { codeExtension: 'add' } as const;
    for (const [terms, name, extended] of [
      ['ISO_IR 100', 'Łódź^é', 'ISO 2022 IR 100\\ISO 2022 IR 101'],
      ['ISO_IR 100', 'Yamada=山田', 'ISO 2022 IR 100\\ISO 2022 IR 87'],
      ['ISO_IR 144', 'Vérité^Люк', 'ISO 2022 IR 144\\ISO 2022 IR 100'],
      ['ISO 2022 IR 100\\ISO 2022 IR 126', 'Łódź', 'ISO 2022 IR 100\\ISO 2022 IR 126\\ISO 2022 IR 101'],
      ['\\ISO 2022 IR 144', 'Łódź', '\\ISO 2022 IR 144\\ISO 2022 IR 101'],
    ] as const) {
      const spliced = await splice(concatBytes([declared(terms), stays]), EXPLICIT, [named(name)], extend);
      expect(valueOf(spliced, TAGS.SpecificCharacterSet)).toBe(extended);
      const written = latin1Bytes(valueOf(spliced, TAGS.PatientName) ?? '');
      expect(characterSetOf(extended)?.decode(written)).toBe(name);
      const found = tinyWalk(spliced, true).find(({ tag }) => tag === TAGS.StudyDescription);
      expect(spliced.subarray(found?.from, found?.to)).toEqual(stays);
      expect(characterSetOf(extended)?.decode(latin1Bytes('c\xe9'))).toBe(
        characterSetOf(terms)?.decode(latin1Bytes('c\xe9')),
      );
    }
    for (const [terms, name] of [
      ['ISO_IR 100', 'Łódź=山田'],
      ['ISO_IR 100', '\u{1f600}'],
      ['GBK', '\u{1f600}'],
    ] as const) {
      const refused = splice(concatBytes([declared(terms), stays]), EXPLICIT, [named(name)], extend);
      await expect(refused, name).rejects.toHaveProperty('code', 'DICOM_CHARSET');
    }
  });

  it('does not take binary values for text, nor text of items that declare a set of their own', async () => {
    const own = encodeSequence('explicit', 0x00400275, [
      encodeItem('explicit', [declared('ISO_IR 144'), element(0x00321060, 'LO', '\xd0')]),
    ]);
    const binary = encodeElement('explicit', 0x00431050, 'UN', Uint8Array.of(0xd0, 0x00, 0x01, 0x02));
    // A number, which must not keep an old implicit VR data set from taking a name.
    const float = encodeElement('explicit', 0x00431052, 'UN', Uint8Array.of(0xc3, 0xf5, 0x48, 0x40));
    const words = encodeElement('explicit', 0x00431051, 'OW', Uint8Array.of(0xd0, 0xd1));
    expect((await result(dataSet('ISO_IR 144', [own, binary, words, float]), 'Vérité')).terms).toBe('ISO_IR 100');
    // The next item inherits again.
    const second = encodeSequence('explicit', 0x00400275, [
      encodeItem('explicit', [declared('ISO_IR 144')]),
      encodeItem('explicit', [element(0x00321060, 'LO', '\xd0')]),
    ]);
    await expect(result(dataSet('ISO_IR 144', [second]), 'Vérité')).rejects.toHaveProperty('code', 'DICOM_CHARSET');
  });

  it('is asked for where bytes over 7FH stand without a declaration, and declared once it is known', async () => {
    for (const terms of [undefined, '', 'ISO_IR 6']) {
      const bytes = concatBytes([
        ...(terms === undefined ? [] : [declared(terms)]),
        description('Scanner c\xe9r\xe9bral'),
        element(TAGS.PatientName, 'PN', 'A'),
      ]);
      for (const name of ['Doe', 'Vérité']) {
        await expect(result(bytes, name)).rejects.toHaveProperty('code', 'DICOM_CHARSET_UNDECLARED');
        expect(await result(bytes, name, { undeclaredCharacterSet: 'ISO_IR 100' })).toEqual({
          terms: 'ISO_IR 100',
          name,
        });
      }
      await expect(result(bytes, 'Łódź', { undeclaredCharacterSet: 'ISO_IR 100' })).rejects.toHaveProperty(
        'code',
        'DICOM_CHARSET',
      );
    }
    const oldName = concatBytes([element(TAGS.PatientName, 'PN', 'V\xe9rit\xe9')]);
    await expect(result(oldName, 'Doe')).rejects.toHaveProperty('code', 'DICOM_CHARSET_UNDECLARED');
  });

  it('does not matter to an edit that writes no text', async () => {
    const bytes = concatBytes([description('Scanner c\xe9r\xe9bral')]);
    const spliced = await splice(bytes, EXPLICIT, [text(TAGS.StudyInstanceUID, 'UI', '1.2.3')]);
    expect(valueOf(spliced, TAGS.StudyInstanceUID)).toBe('1.2.3\0');
    expect(others(spliced, true, [TAGS.StudyInstanceUID])).toEqual(others(bytes, true, []));
  });

  it('can be set by an edit of its own, which then decides', async () => {
    const edits = [text(TAGS.SpecificCharacterSet, 'CS', 'ISO_IR 192'), named('Łódź')];
    const spliced = await splice(dataSet('ISO_IR 100'), EXPLICIT, edits);
    expect(latin1Bytes(valueOf(spliced, TAGS.PatientName) ?? '')).toEqual(new TextEncoder().encode('Łódź'));
  });

  it('refuses a nesting too deep to look through when it must be looked through', async () => {
    let nested: Uint8Array = element(0x00321060, 'LO', 'x');
    for (let depth = 0; depth < DICOM_LIMITS.depth + 1; depth++)
      nested = encodeSequence('explicit', 0x00400275, [encodeItem('explicit', [nested])]);
    await expect(result(dataSet('ISO_IR 144', [nested]), 'Vérité')).rejects.toHaveProperty('code', 'DICOM_LIMIT');
  });
});
