// The copy that the command writes is, byte for byte, what the plan says: buffers that are used again spoil nothing.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { coerceInstance, type CoercionInput } from '@interhosp/core/coercion';
import {
  bytesSource,
  characterSetOf,
  encodeElements,
  part10Header,
  spliceStream,
  TAGS,
  TRANSFER_SYNTAXES,
  type NewElement,
  type Uid,
} from '@interhosp/core/dicom';
import { parseMemberId } from '@interhosp/core/study';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nodeInflate } from '../world/index.ts';
import { coerceFile } from './coerce-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-coerce-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

const UID = '2.25.1' as Uid;
const INPUT: CoercionInput = {
  patient: { patientId: { id: 'L-77', issuer: 'LOCAL' } },
  sender: parseMemberId('be-sender'),
  receiver: parseMemberId('be-receiver'),
  time: { epochMs: 0, utcOffsetMinutes: 0 },
};

/** Long values between the elements that a coercion changes, and a value of many pieces behind. */
function dataSetOf(pixelBytes: number): Uint8Array {
  const filler = (tag: number): NewElement => ({ tag, value: { vr: 'UN', bytes: numbered(30_000, tag) } });
  const fillers = [
    0x00080061, 0x00090010, 0x00100012, 0x00100025, 0x00100036, 0x00100045, 0x00101003, 0x00181000, 0x00400300,
  ];
  const elements: NewElement[] = [
    ...[TAGS.SOPClassUID, TAGS.SOPInstanceUID].map((tag): NewElement => ({ tag, value: { vr: 'UI', text: UID } })),
    ...fillers.map(filler),
    { tag: TAGS.PatientName, value: { vr: 'PN', text: 'A^B' } },
    { tag: TAGS.PatientID, value: { vr: 'LO', text: '1' } },
    { tag: TAGS.PatientBirthDate, value: { vr: 'DA', text: '19610423' } },
    { tag: TAGS.PatientSex, value: { vr: 'CS', text: 'F' } },
    { tag: TAGS.PixelData, value: { vr: 'OW', bytes: numbered(pixelBytes, 7) } },
  ];
  return encodeElements('explicit', elements, characterSetOf(undefined) ?? (undefined as never));
}

function numbered(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed + (index >> 9)) & 0xff);
}

it.each([
  ['plain', TRANSFER_SYNTAXES.ExplicitVRLittleEndian, (bytes: Uint8Array) => bytes],
  ['deflated', TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian, (bytes: Uint8Array) => deflateRawSync(bytes)],
] as const)('writes what the plan says, %s', async (_, transferSyntaxUid, stored) => {
  for (const pixelBytes of [0, 100_000, 1_048_576, 5_000_000]) {
    const bytes = new Uint8Array(stored(dataSetOf(pixelBytes)));
    const head = part10Header({ sopClassUid: UID, sopInstanceUid: UID, transferSyntaxUid });
    const [from, to] = [join(folder, `in-${pixelBytes}`), join(folder, `out-${pixelBytes}`)];
    await writeFile(from, Buffer.concat([head, bytes]));
    await coerceFile(from, to, INPUT);
    const source = bytesSource(bytes);
    const { plan } = await coerceInstance(source, transferSyntaxUid, INPUT, { inflate: nodeInflate() });
    const meant: Uint8Array[] = [head];
    for await (const piece of spliceStream(plan, source)) meant.push(piece.slice());
    expect(Buffer.compare(await readFile(to), Buffer.concat(meant))).toBe(0);
  }
});
