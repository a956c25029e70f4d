import { setImmediate as turn } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import { encodeElements, characterSetOf, TRANSFER_SYNTAXES, type NewElement } from '@interhosp/core/dicom';
import { afterAll, describe, expect, it } from 'vitest';
import { createDcmjs } from './client.ts';
import type { DicomJson } from './dicom-json.ts';

const {
  DeflatedExplicitVRLittleEndian: DEFLATED,
  ExplicitVRLittleEndian: EXPLICIT,
  ImplicitVRLittleEndian: IMPLICIT,
} = TRANSFER_SYNTAXES;

const dcmjs = createDcmjs();
afterAll(() => dcmjs.stop());

const utf8 = characterSetOf('ISO_IR 192');
if (utf8 === undefined) throw new Error('UTF-8 is known');

function encoded(...elements: NewElement[]): Uint8Array {
  return encodeElements('explicit', elements, utf8 as NonNullable<typeof utf8>);
}

/** Sequences inside one another, of undefined length, implicit VR: 24 bytes a level and more where it is padded. */
function nested(depth: number): Uint8Array {
  const open = Buffer.from('4000 30a7 ffffffff feff 00e0 ffffffff'.replaceAll(' ', ''), 'hex');
  const close = Buffer.from('feff 0de0 00000000 feff dde0 00000000'.replaceAll(' ', ''), 'hex');
  return Buffer.concat([...Array.from({ length: depth }, () => open), ...Array.from({ length: depth }, () => close)]);
}

/** Runs a call and counts how often the main thread had its turn meanwhile. */
async function turnsDuring(call: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const ended = call.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  while (!isOver) {
    turns++;
    await turn();
  }
  await ended;
  return turns;
}

describe('the data dictionary', () => {
  it('tells tag and VR of a keyword, and nothing of what is no keyword', async () => {
    const found = await dcmjs.describe([
      'PatientID',
      'ConceptNameCodeSequence',
      'constructor',
      '__proto__',
      'PatientIdd',
    ]);
    expect(found).toEqual({
      PatientID: { tag: '00100020', vr: 'LO', vm: '1' },
      ConceptNameCodeSequence: { tag: '0040A043', vr: 'SQ', vm: '1' },
    });
  });
});

describe('the JSON model', () => {
  const model: DicomJson = {
    '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
    '00080050': { vr: 'SH' },
    '00080061': { vr: 'CS', Value: ['CT', 'SR'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Vérité^Anne', Ideographic: '山田^太郎' }] },
    '00180050': { vr: 'DS', Value: [1.5] },
    '00280010': { vr: 'US', Value: [512] },
    '00400275': { vr: 'SQ', Value: [{ '00401001': { vr: 'SH', Value: ['RP1'] } }] },
    '00720026': { vr: 'AT', Value: ['00100020'] },
    '00420011': { vr: 'OB', InlineBinary: Buffer.from('%PDF').toString('base64') },
  };

  it('of a data set comes back as it went', async () => {
    const bytes = await dcmjs.fromJson(model);
    expect(await dcmjs.toJson(bytes, EXPLICIT)).toEqual(model);
  });

  it('is read from bytes that others wrote, deflated ones too', async () => {
    const bytes = encoded(
      { tag: 0x00080005, value: { vr: 'CS', text: 'ISO_IR 192' } },
      { tag: 0x00100010, value: { vr: 'PN', text: 'Peeters^Jürgen' } },
      { tag: 0x00720026, value: { vr: 'AT', bytes: Uint8Array.of(0x10, 0, 0x20, 0) } },
    );
    const expected = {
      '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Peeters^Jürgen' }] },
      '00720026': { vr: 'AT', Value: ['00100020'] },
    };
    expect(await dcmjs.toJson(bytes, EXPLICIT)).toEqual(expected);
    expect(await dcmjs.toJson(deflateRawSync(bytes), DEFLATED)).toEqual(expected);
  });

  it.each([
    ['a value of another form', { '00100010': { vr: 'PN', Value: ['Peeters'] } }],
    ['a keyword for a tag', { PatientName: { vr: 'PN' } }],
    ['bulk data elsewhere', { '7FE00010': { vr: 'OW', BulkDataURI: 'http://127.0.0.1/' } }],
  ])('is refused with %s', async (_, json) => {
    await expect(dcmjs.fromJson(json as unknown as DicomJson)).rejects.toMatchObject({ code: 'DICOM_VALUE_INVALID' });
  });
});

describe('a worker that fills its heap', () => {
  it('ends the call and no more', async () => {
    // A short data set that dcmjs and the JSON model make large: an object for each sixteen bytes.
    const items = Buffer.concat(
      Array.from({ length: 65_000 }, () => Buffer.from('feff00e0080000000800500053480000', 'hex')),
    );
    const header = Buffer.from('080040115351000000000000', 'hex');
    header.writeUInt32LE(items.length, 8);
    await using small = createDcmjs({ maxHeapMb: 24 });
    await expect(small.toJson(Buffer.concat([header, items]), EXPLICIT, { deadlineMs: 60_000 })).rejects.toMatchObject({
      code: 'DICOM_LIMIT',
      details: { reason: 'memory' },
    });
    expect(await small.describe(['PatientID'])).toHaveProperty('PatientID');
  });
});

describe('hostile input', () => {
  it.each([
    ['3,000 sequences inside one another', nested(3_000), IMPLICIT],
    ['20,000 sequences inside one another', nested(20_000), IMPLICIT],
    ['a bomb of 200 kB', deflateRawSync(new Uint8Array(200 * 1024 * 1024)), DEFLATED],
    ['a length of 4 GiB', Buffer.from('10001000504effff', 'hex'), EXPLICIT],
    ['no data set at all', Buffer.from('not a data set, but a sentence of some length'), EXPLICIT],
    ['more than small', new Uint8Array(1_048_577), EXPLICIT],
  ])('%s ends in a code, and the main thread goes on', async (_, bytes, syntax) => {
    const before = process.memoryUsage.rss();
    const call = dcmjs.toJson(bytes, syntax, { deadlineMs: 1_000 });
    call.catch(() => {});
    await turnsDuring(call);
    await expect(call).rejects.toMatchObject({ code: expect.stringMatching(/^DICOM_(?:LIMIT|MALFORMED)$/) as string });
    expect(process.memoryUsage.rss() - before).toBeLessThan(300 * 1024 * 1024);
    // The next call has a worker again.
    expect(await dcmjs.describe(['PatientID'])).toHaveProperty('PatientID');
  });

  it('that makes dcmjs hang ends at its deadline, others wait their turn', async () => {
    const many = Array.from({ length: 60_000 }, (_, index) => ({
      tag: 0x00100020 + index * 2,
      value: { vr: 'LO', text: 'A' } as const,
    }));
    const hang = dcmjs.toJson(encoded(...many), EXPLICIT, { deadlineMs: 100 });
    const other = dcmjs.describe(['PatientID']);
    hang.catch(() => {});
    expect(await turnsDuring(hang)).toBeGreaterThan(10);
    await expect(hang).rejects.toMatchObject({ code: 'DICOM_LIMIT', details: { reason: 'time' } });
    expect(await other).toHaveProperty('PatientID');
  });

  it('is not even begun when nobody waits for it any more', async () => {
    const reason = new Error('enough');
    await expect(dcmjs.describe(['PatientID'], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const call = dcmjs.toJson(encoded(), IMPLICIT, { signal: controller.signal });
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
  });

  it('beyond the calls that may wait is refused', async () => {
    const calls = Array.from({ length: 300 }, () => dcmjs.describe(['PatientID']));
    const ends = await Promise.allSettled(calls);
    expect(ends.filter(({ status }) => status === 'rejected')).toHaveLength(300 - 256);
  });
});

it('keeps the worker of a call that did not wait until the one before had ended', async () => {
  let started = 0;
  const count = (): void => void started++;
  process.on('worker', count);
  try {
    await using client = createDcmjs();
    await client.describe(['PatientID']);
    const stopping = client.stop();
    await client.describe(['PatientID']);
    await stopping;
    await client.describe(['PatientID']);
    expect(started).toBe(2);
  } finally {
    process.off('worker', count);
  }
});

it('stops twice, and starts again', async () => {
  await dcmjs.stop();
  await dcmjs.stop();
  expect(await dcmjs.describe(['PatientID'])).toHaveProperty('PatientID');
});
