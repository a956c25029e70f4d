// Every reader of DICOM bytes on damaged data sets: a result or a DICOM_ code, the same however the bytes come.
import { fuzz, fuzzRuns, splits, type FuzzRandom } from '@interhosp/testing';
import { deflateRawSync } from 'node:zlib';
import { beforeAll, describe, it } from 'vitest';
import { coerceInstance, type CoercionInput } from '../../src/coercion/index.ts';
import { bytesSource } from '../../src/dicom/byte-source.ts';
import { characterSetOf } from '../../src/dicom/character-set.ts';
import type { VrForm } from '../../src/dicom/encode.ts';
import { createHeaderScanner, TAGS, TRANSFER_SYNTAXES, tryParseUid, type Uid } from '../../src/dicom/index.ts';
import { parseElements, parseItems } from '../../src/dicom/parse.ts';
import { part10Header, readPart10 } from '../../src/dicom/part10.ts';
import { interpretIncomplete, STUDY_HEADER_TAGS } from '../../src/dicom/read-study-header.ts';
import { spliceStream } from '../../src/dicom/splice.ts';
import { DatasetWalker } from '../../src/dicom/walker.ts';
import { isInterhospError } from '../../src/errors/index.ts';
import { parseMemberId } from '../../src/study/index.ts';
import { collect } from '../streams.ts';
import { tinyForm, tinyWalk } from '../tiny-walker.ts';
import { dicomDictionary, dicomSeeds, type Seed } from './dicom-seeds.ts';
import { keptInputs } from './kept-inputs.ts';

const GATE = 20_000;
const LONG = 1_000_000;
/** Longer inputs take longer, in chunks of a byte above all, and come to no other end. */
const MAX_BYTES = 8_192;
const FORMS: readonly VrForm[] = ['explicit', 'explicit-big-endian', 'implicit'];
const SYNTAXES: readonly Uid[] = [
  TRANSFER_SYNTAXES.ExplicitVRLittleEndian,
  TRANSFER_SYNTAXES.ExplicitVRBigEndian,
  TRANSFER_SYNTAXES.ImplicitVRLittleEndian,
];

let seeds: readonly Seed[];
let corpus: readonly Uint8Array[];
beforeAll(async () => {
  seeds = await dicomSeeds();
  corpus = [...keptInputs(), ...seeds.map(({ bytes }) => bytes)];
});

/** What came of it: a text that says as much as must be alike; any error but a DICOM_ one is thrown on. */
function outcomeOf(run: () => string): string {
  try {
    return run();
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  if (!isInterhospError(error) || !error.code.startsWith('DICOM_')) throw error;
  return `${error.code} ${error.details.reason ?? ''}`;
}

/** `expect` takes longer than what is tested. */
function mustBe<T>(found: T, meant: T): void {
  if (found !== meant) throw new Error(`${JSON.stringify(found)} and not ${JSON.stringify(meant)}`);
}

/** An input is read in the form that its own bytes choose, so that one found earlier is read the same again. */
function formOf(input: Uint8Array): VrForm {
  const [first = 0, second = 0, , , letter = 0] = input;
  if (first === 0 && second !== 0) return 'explicit-big-endian';
  return letter >= 0x41 && letter <= 0x5a ? 'explicit' : 'implicit';
}

describe('damaged data sets', () => {
  const options = { dictionary: dicomDictionary(), maxBytes: MAX_BYTES };

  it('are walked, with all that is nested, or refused', { timeout: 3_600_000 }, async () => {
    const execute = (input: Uint8Array): string =>
      outcomeOf(() => {
        const walker = new DatasetWalker(formOf(input), { descend: true });
        let steps = 0;
        for (let last = -1; walker.position + 12 <= input.length; steps++) {
          if (walker.position <= last) throw new Error('the walk does not go on');
          last = walker.position;
          walker.step(input, walker.position);
        }
        return `walked ${Math.min(20, steps)}`;
      });
    await fuzz({ ...options, name: 'walker', corpus, runs: fuzzRuns(GATE, LONG), execute });
  });

  it('are parsed in memory, into items and elements, or refused', { timeout: 3_600_000 }, async () => {
    const execute = (input: Uint8Array): string =>
      outcomeOf(() => {
        const elements = parseElements(input, formOf(input));
        for (const { innerForm, isUndefinedLength, value, vr } of elements) {
          if (vr !== 'SQ' && vr !== 'UN') continue;
          outcomeOf(() => `${parseItems(value, innerForm, { isUndefinedLength }).length}`);
        }
        return `parsed ${Math.min(20, elements.length)}`;
      });
    await fuzz({ ...options, name: 'parser', corpus, runs: fuzzRuns(GATE, LONG), execute });
  });

  it('are scanned alike in one piece and in many', { timeout: 3_600_000 }, async () => {
    const scan = (chunks: readonly Uint8Array[], form: VrForm): string =>
      outcomeOf(() => {
        const scanner = createHeaderScanner({ form, wanted: STUDY_HEADER_TAGS });
        for (const chunk of chunks) scanner.push(chunk);
        scanner.end();
        const { isOpaque, pixelEnd, pixelStart, values } = scanner;
        const { header, identity } = interpretIncomplete(values);
        return JSON.stringify({ header, identity, isOpaque, pixelEnd, pixelStart });
      });
    const execute = (input: Uint8Array, random: FuzzRandom): string => {
      const form = formOf(input);
      const whole = scan([input], form);
      mustBe(scan(splits(input, random), form), whole);
      return whole.startsWith('{') ? `scanned ${whole.length >> 5}` : whole;
    };
    await fuzz({ ...options, name: 'header scanner', corpus, runs: fuzzRuns(GATE, LONG), execute });
  });
});

const INPUT: CoercionInput = {
  patient: {
    patientId: { id: 'L-77', issuer: 'LOCAL' },
    name: { alphabetic: { family: 'Lefèvre', given: 'Zoé', middle: '', prefix: '', suffix: '' } },
  },
  sender: parseMemberId('be-sender'),
  receiver: parseMemberId('be-receiver'),
  time: { epochMs: Date.UTC(2026, 2, 14, 9), utcOffsetMinutes: 60 },
};

describe('damaged instances', () => {
  const syntaxOf = (input: Uint8Array): Uid => SYNTAXES[FORMS.indexOf(formOf(input))] as Uid;

  async function coerced(input: Uint8Array, syntax: Uid): Promise<string> {
    const source = bytesSource(input);
    let coercion: Awaited<ReturnType<typeof coerceInstance>>;
    try {
      coercion = await coerceInstance(source, syntax, INPUT);
    } catch (error) {
      return codeOf(error);
    }
    const { changed, flags, plan } = coercion;
    const result = await collect(spliceStream(plan, source));
    mustBe(result.length, plan.lengthBytes);
    if (plan.inflate !== undefined) return `coerced ${changed.length} ${flags.length}`;
    // What a second reader finds untouched is what stood there, up to where it can be read.
    const form = tinyForm(syntax);
    const rest = (bytes: Uint8Array): string =>
      tinyWalk(bytes, form, { upTo: TAGS.InstanceOriginStatus })
        .filter(({ tag }) => (tag & 0xffff) !== 0 && !changed.includes(tag.toString(16).toUpperCase().padStart(8, '0')))
        .map(({ from, to }) => Buffer.from(bytes.subarray(from, to)).toString('hex'))
        .join();
    mustBe(rest(result), rest(input));
    return `coerced ${changed.length} ${flags.length}`;
  }

  it('are coerced with every other element as it was, or refused', { timeout: 7_200_000 }, async () => {
    await fuzz({
      dictionary: dicomDictionary(),
      maxBytes: MAX_BYTES,
      name: 'coercion',
      corpus,
      runs: fuzzRuns(GATE, LONG),
      execute: (input) => coerced(input, syntaxOf(input)),
    });
  });

  it('are inflated, coerced and deflated, or refused', { timeout: 7_200_000 }, async () => {
    const deflated = seeds
      .filter(({ bytes }) => formOf(bytes) === 'explicit')
      .map(({ bytes }) => new Uint8Array(deflateRawSync(bytes)));
    await fuzz({
      name: 'deflated coercion',
      corpus: deflated,
      runs: fuzzRuns(GATE, LONG),
      execute: (input) => coerced(input, TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian),
    });
  });
});

describe('damaged files', () => {
  it('are taken apart alike in one piece and in many, or refused', { timeout: 7_200_000 }, async () => {
    const uid = tryParseUid('1.2.3') as Uid;
    // Behind preamble and prefix: damaged, those would make it no file at all, nearly each time.
    const before = part10Header({ sopClassUid: uid, sopInstanceUid: uid, transferSyntaxUid: uid }).subarray(0, 132);
    const files = seeds.map(({ bytes, transferSyntaxUid }) =>
      Buffer.concat([
        part10Header({ sopClassUid: uid, sopInstanceUid: uid, transferSyntaxUid }).subarray(132),
        bytes.subarray(0, 200),
      ]),
    );
    const read = async (chunks: readonly Uint8Array[]): Promise<string> => {
      try {
        const { dataSet, ...names } = await readPart10(ofChunks(chunks));
        return JSON.stringify({ ...names, dataSet: Buffer.from(await collect(dataSet)).toString('hex') });
      } catch (error) {
        return codeOf(error);
      }
    };
    await fuzz({
      dictionary: dicomDictionary(),
      maxBytes: MAX_BYTES,
      name: 'part 10',
      corpus: files,
      runs: fuzzRuns(GATE, LONG),
      async execute(input, random) {
        const file = random.oneIn(8) ? input : Buffer.concat([before, input]);
        const whole = await read([file]);
        mustBe(await read(splits(file, random)), whole);
        return whole.startsWith('{') ? 'read' : whole;
      },
    });
  });
});

describe('damaged text', () => {
  const declarations = [
    '',
    'ISO_IR 100',
    'ISO_IR 192',
    'GB18030',
    'GBK',
    '\\ISO 2022 IR 87',
    'ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159',
    '\\ISO 2022 IR 149',
    '\\ISO 2022 IR 58',
    'ISO 2022 IR 100\\ISO 2022 IR 144\\ISO 2022 IR 126',
  ];

  it('is decoded in every character set, and what is written can be read back', { timeout: 3_600_000 }, async () => {
    const sets = declarations.map((declaration) => characterSetOf(declaration));
    const text = [
      'Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B',
      'Buc^J\xe9r\xf4me',
      '\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce',
      '\x1b$)A\xd5\xc5',
    ];
    await fuzz({
      name: 'character sets',
      corpus: text.map((one) => new Uint8Array(Buffer.from(one, 'latin1'))),
      runs: fuzzRuns(GATE, LONG),
      execute(input, random) {
        const set = random.pick(sets);
        const decoded = set?.decode(input) ?? '';
        const encoded = set?.encode(decoded);
        if (encoded === undefined) return 'unwritable';
        mustBe(set?.decode(encoded), decoded);
        return 'written';
      },
    });
  });
});

async function* ofChunks(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
