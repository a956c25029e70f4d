/**
 * Damaged bodies, by a seeded mutator (threat T19): multipart messages, whatever way they are cut into chunks; answers to
 * searches and stores. A reader answers or refuses with an error of its own; it never crashes, hangs or grows.
 */
import { errorCodeOf } from '@interhosp/core/errors';
import { fuzz, fuzzRuns, splits, type FuzzRandom } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { countOf, dataSetsOf, nameOf, parseJson, readText, textsOf, uidOf } from '../src/dicomweb/dicom-json.ts';
import type { HttpAnswer } from '../src/dicomweb/http-client.ts';
import { parseMediaType } from '../src/dicomweb/media-type.ts';
import { MultipartError, readMultipart, type MultipartLimits } from '../src/dicomweb/multipart-reader.ts';
import { parseNativeXml } from '../src/dicomweb/native-xml.ts';
import { readStoreAnswer } from '../src/dicomweb/store-answer.ts';

const BOUNDARY = "b'()+_,-./:=? c";
const LIMITS: MultipartLimits = { maxParts: 6, maxPartBytes: 3_000 };

/** What becomes of a body: its parts, and why it ended if not well. Pieces are joined, as their lengths are chance. */
async function read(chunks: readonly Uint8Array[]): Promise<string> {
  const told: string[] = [];
  try {
    for await (const part of readMultipart(each(chunks), BOUNDARY, LIMITS)) {
      told.push(JSON.stringify([...part.headers, part.lengthBytes ?? 'untold']));
      // Part of what comes before a defect depends on the chunks; the parts before it do not.
      const pieces: Uint8Array[] = [];
      for await (const piece of part.body) pieces.push(piece.slice());
      told.push(Buffer.concat(pieces).toString('latin1'));
    }
    return JSON.stringify([...told, 'whole']);
  } catch (error) {
    if (!(error instanceof MultipartError)) throw error;
    return JSON.stringify([...told, error.problem, error.message]);
  }
}

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const mark = `--${BOUNDARY}`;
const corpus = [
  `${mark}\r\nContent-Type: application/dicom\r\nContent-Length: 6\r\n\r\nab\r\nc-\r\n${mark}\r\n\r\n\r\n${mark}--\r\n`,
  `\r\npreamble\r\n${mark} \t\r\nA: 1\r\n 2\r\n\r\none\r\n${mark}x\r\ntwo\r\n${mark}--epilogue`,
  `${mark}\nA: 1\n\none\r\n${mark}\n\ntwo\n${mark}--`,
  `${mark}\r\nContent-Length: 22\r\n\r\na\r\n${mark}\r\nb\r\n${mark}--`,
  `${mark}--`,
  `${mark}\r\n\r\n${mark}\r\n\r\n${mark}--`,
  `${mark}\r\n\r\n\r\n-\r\n--\r\n--b'()\r\r\n${mark.slice(0, -1)}\r\n\n${mark}--\r\n`,
  `${mark}\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n${mark}--`,
].map(latin1);
const dictionary = ['\r\n', '\n', '\r', '--', mark, `\r\n${mark}`, `\n${mark}`, `\r\n${mark}--`, `\r\n${mark}\r\n`]
  .concat(['\r\n\r\n', 'Content-Length: 3', 'Content-Length: 0', 'Content-Type: multipart/x', ' ', '\t', ':'])
  .map(latin1);

describe('damaged multipart bodies', () => {
  it('are read or refused, the same in whatever way they are cut', { timeout: 3_600_000 }, async () => {
    const execute = async (input: Uint8Array, random: FuzzRandom): Promise<string> => {
      const whole = await read([input]);
      const cut = await read(splits(input, random));
      if (cut !== whole) throw new Error(`cut ${cut} is not ${whole}`);
      if (input.length < 200 && random.oneIn(20)) {
        const single = await read([...input].map((byte) => Uint8Array.of(byte)));
        if (single !== whole) throw new Error(`byte by byte ${single} is not ${whole}`);
      }
      const ended = JSON.parse(whole) as readonly string[];
      return `${ended.length} ${ended.at(-1)}`;
    };
    const runs = fuzzRuns(20_000, 1_200_000);
    const { outcomes } = await fuzz({ name: 'multipart', corpus, dictionary, maxBytes: 4_000, runs, execute });
    // The mutator comes everywhere: whole bodies, and each reason why one is none.
    const ends = [...outcomes.keys()].map((outcome) => outcome.replace(/^\d+ /, ''));
    for (const end of ['whole', 'the body ends before its closing boundary', 'too many parts', 'a part is too long']) {
      expect(ends).toContain(end);
    }
    expect(outcomes.size).toBeGreaterThan(20);
  });
});

/** Answers as services give them. */
const searchAnswers = [
  '[{"0020000D":{"vr":"UI","Value":["1.2.3"]},"00201208":{"vr":"IS","Value":[3]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B=C","Ideographic":"D"}]}}]',
  '[{"0020000d":{"Value":["1.2"]},"00201208":{"Value":["3"]},"00100010":{"Value":["A^B"]},"__proto__":{"Value":["x"]}},{"constructor":1}]',
  '{"00081199":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2.3"]},"00081196":{"vr":"US","Value":[45056]}}]},"00081198":{"Value":[{"00081155":{"Value":["1.2.4"]},"00081197":{"Value":["42752"]}}]}}',
  `${'[{"a":'.repeat(31)}[]${'}]'.repeat(31)}`,
  '[]',
  '\uFEFF[null,true,1e400,"\\ud800","\\\\\\""]',
];
const xmlAnswers = [
  '<?xml version="1.0"?><!-- x --><dcm:NativeDicomModel xmlns:dcm="x"><DicomAttribute tag="00081199" vr="SQ"><Item number="1"><DicomAttribute tag="00081155" vr="UI"><Value number="1">1.2.3</Value></DicomAttribute></Item></DicomAttribute></dcm:NativeDicomModel>',
  "<NativeDicomModel><DicomAttribute vr='PN' tag='00100010'><PersonName number='1'><Alphabetic><FamilyName>A&amp;B</FamilyName><GivenName>&#x43;</GivenName></Alphabetic></PersonName></DicomAttribute></NativeDicomModel>",
  '<NativeDicomModel><DicomAttribute tag="00081198" vr="SQ"><Item/></DicomAttribute><DicomAttribute tag="00081190" vr="UR"><BulkData uri="http://x"/></DicomAttribute></NativeDicomModel>',
  `<NativeDicomModel>${'<DicomAttribute tag="00081198"><Item>'.repeat(30)}${'</Item></DicomAttribute>'.repeat(30)}</NativeDicomModel>`,
  '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><NativeDicomModel>&e;</NativeDicomModel>',
];
const words = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '<',
  '>',
  '</',
  '/>',
  '<!--',
  '-->',
  '<!',
  '&#',
  ';',
  '"__proto__":',
];
const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'));

describe('damaged answers', () => {
  it('to searches, in JSON, are read or refused', { timeout: 3_600_000 }, async () => {
    const { outcomes } = await fuzz({
      name: 'search-json',
      corpus: searchAnswers.map(utf8),
      dictionary: words.map(utf8),
      maxBytes: 4_000,
      runs: fuzzRuns(20_000, 1_000_000),
      execute: async (input, random) => {
        const read = async (chunks: readonly Uint8Array[]): Promise<string> =>
          refusedOr(async () => {
            const dataSets = dataSetsOf(parseJson(await readText(each(chunks), 3_500)));
            const told = dataSets.map((one) => [
              uidOf(one, '0020000D'),
              countOf(one, '00201208'),
              textsOf(one, '00201208'),
              nameOf(one, '00100010'),
              // Names of JavaScript's own are no attributes.
              uidOf(one, '__proto__'),
              uidOf(one, 'constructor'),
            ]);
            return JSON.stringify(told);
          });
        const whole = await read([input]);
        if ((await read(splits(input, random))) !== whole) throw new Error('cut otherwise, it means something else');
        expectUntouched();
        return whole.slice(0, 40);
      },
    });
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['PACS_PROTOCOL no-json', 'PACS_PROTOCOL too-deep']));
    expect([...outcomes.keys()]).toContain('PACS_PROTOCOL too-long');
  });

  it('in XML are read or refused', { timeout: 3_600_000 }, async () => {
    const { outcomes } = await fuzz({
      name: 'native-xml',
      corpus: xmlAnswers.map(utf8),
      dictionary: words.map(utf8),
      maxBytes: 4_000,
      runs: fuzzRuns(20_000, 1_000_000),
      execute: (input) =>
        refusedOr(() => {
          const told = JSON.stringify(parseNativeXml(Buffer.from(input).toString('utf8')));
          expectUntouched();
          return Promise.resolve(told.slice(0, 40));
        }),
    });
    for (const reason of ['xml-no-xml', 'xml-not-closed', 'xml-document-type', 'xml-no-model', 'xml-too-deep']) {
      expect([...outcomes.keys()]).toContain(`PACS_PROTOCOL ${reason}`);
    }
  });

  it('to stores leave in doubt what they do not tell, whatever their form', { timeout: 3_600_000 }, async () => {
    const { outcomes } = await fuzz({
      name: 'store-answer',
      corpus: [...searchAnswers, ...xmlAnswers].map(utf8),
      dictionary: [...words, '00081199', '00081198', '00081155', '1.2.3'].map(utf8),
      maxBytes: 4_000,
      runs: fuzzRuns(20_000, 1_000_000),
      execute: async (input, random) => {
        const whole = await told([input]);
        if ((await told(splits(input, random))) !== whole) throw new Error('cut otherwise, it means something else');
        return whole;
      },
    });
    expect(outcomes.size).toBeGreaterThan(5);
  });

  it('of media types neither hang nor grow', async () => {
    const start = [
      'multipart/related; type="application/dicom"; boundary="a\\"b c"',
      'a/b;;;x=;y="',
      'a/b; boundary=x; boundary=y',
    ];
    await fuzz({
      name: 'media-type',
      corpus: start.map(latin1),
      dictionary: ['"', '\\', ';', '=', ' ', 'boundary='].map(latin1),
      runs: fuzzRuns(20_000, 1_000_000),
      execute: (input) => {
        const media = parseMediaType(Buffer.from(input).toString('latin1'));
        if (media === undefined) return 'none';
        if ([...media.parameters.values()].some((value) => value.length > 1_024)) throw new Error('it grew');
        return `${media.parameters.size}`;
      },
    });
  });
});

async function told(chunks: readonly Uint8Array[]): Promise<string> {
  const answer: HttpAnswer = {
    status: 200,
    mediaType: undefined,
    body: each(chunks),
    discard: () => Promise.resolve(),
  };
  const verdicts = await readStoreAnswer(answer);
  return JSON.stringify([...verdicts].slice(0, 3));
}

/** What it answers, or the code and reason of its refusal. @throws whatever is no refusal. */
async function refusedOr(action: () => Promise<string>): Promise<string> {
  try {
    return await action();
  } catch (error) {
    if (errorCodeOf(error) !== 'PACS_PROTOCOL') throw error;
    return `PACS_PROTOCOL ${(error as { details: { reason?: string } }).details.reason}`;
  }
}

/** No answer adds to what every object has (threat T27). */
function expectUntouched(): void {
  if (Object.keys(Object.prototype).length > 0 || 'vr' in {})
    throw new Error('the prototype of objects was written to');
}
