/**
 * What independent readers say of imported objects: dciodvfy finds no error against their IODs (PS3.3), dcmdump and pydicom
 * read each, and the content inside is the file. And a large video passes without being held.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderPacs } from '@interhosp/adapters/folder';
import { parseUid, part10Header, readHeaderValues, bytesSource, TAGS, type Uid } from '@interhosp/core/dicom';
import {
  debianIsMissing,
  jpegWithOrientation,
  sampleCda,
  sampleJpeg,
  sampleMp4,
  sampleMp4Parts,
  samplePdf,
  sampleWav,
} from '@interhosp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { heldBytes } from './held-bytes.ts';

const STUDY = parseUid('2.25.17');
const HEAD = { CodeValue: '69536005', CodingSchemeDesignator: 'SCT', CodeMeaning: 'Head' };
const IDENTITY = {
  StudyInstanceUID: STUDY,
  PatientID: 'A-1',
  IssuerOfPatientID: 'HOSP',
  PatientName: 'Vérité^Anne-Hélène',
  PatientBirthDate: '19610423',
  PatientSex: 'F',
  StudyDate: '20260314',
  StudyTime: '092653',
  StudyID: '7',
};
const DCIODVFY_PACKAGES = 'dicom3tools';

interface Case {
  readonly name: string;
  readonly content: Uint8Array;
  readonly said?: object;
  /** The part of the file that is inside the object, where it is not all of it. */
  readonly inside?: (content: Uint8Array) => Uint8Array;
  /** What the dciodvfy of Debian 12 (2022) does not know yet. */
  readonly unknown?: RegExp;
}

const samples = (content: Uint8Array) => content.subarray(44);
const CASES: Readonly<Record<string, Case>> = {
  'Encapsulated PDF': { name: 'a.pdf', content: samplePdf(), said: { DocumentTitle: 'Compte rendu' } },
  'Encapsulated CDA': { name: 'b.xml', content: sampleCda() },
  'VL Photographic': { name: 'c.jpg', content: sampleJpeg() },
  'VL Photographic, grey and turned': { name: 'd.jpg', content: jpegWithOrientation(6) },
  'VL Endoscopic': {
    name: 'e.jpg',
    content: sampleJpeg('grey'),
    said: { Modality: 'ES', AnatomicRegionSequence: HEAD },
  },
  'VL Microscopic': { name: 'f.jpeg', content: sampleJpeg(), said: { Modality: 'GM', ContentTime: '1000' } },
  'Secondary Capture': { name: 'g.jpg', content: sampleJpeg(), said: { Modality: 'OT', BodyPartExamined: 'HEAD' } },
  'Video Photographic': { name: 'h.mp4', content: sampleMp4({ sound: {} }), said: { AnatomicRegionSequence: HEAD } },
  'Video Endoscopic': {
    name: 'i.mp4',
    content: sampleMp4({ level: 42, mediaBytes: 1_000 }),
    said: { Modality: 'ES', AnatomicRegionSequence: HEAD },
  },
  'Video Microscopic': {
    name: 'j.mp4',
    content: sampleMp4({ frames: 7 }),
    said: { Modality: 'GM', AnatomicRegionSequence: HEAD },
  },
  'Video Photographic, HEVC': {
    name: 'k.mp4',
    content: sampleMp4({ codec: 'hvc1' }),
    said: { AnatomicRegionSequence: HEAD },
    // The transfer syntax, and so where its pixels end.
    unknown: /non-encapsulated transfer syntax|dataset read failed|<PixelData>/,
  },
  'Basic Voice Audio': { name: 'l.wav', content: sampleWav({ bits: 8, samplesPerSecond: 8_000 }), inside: samples },
  'Basic Voice Audio, A-law, stereo': {
    name: 'm.wav',
    content: sampleWav({ format: 6, bits: 8, samplesPerSecond: 8_000, channels: 2 }),
    inside: samples,
  },
  'General Audio': { name: 'n.wav', content: sampleWav(), inside: samples, unknown: /Information Object Not found/ },
};

let root = '';
/** The file of each object, by the name of what it was made of. */
const objects = new Map<string, string>();

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'interhosp-import-oracles-'));
  await mkdir(join(root, 'objects'));
  for (const [title, { content, name, said = {} }] of Object.entries(CASES)) {
    // A folder each: what one lists is one object.
    const folder = join(root, name);
    await mkdir(folder);
    await writeFile(join(folder, name), content);
    await writeFile(join(folder, `${name}.json`), JSON.stringify({ ...IDENTITY, ...said }));
    objects.set(title, await exported(folder, join(root, 'objects', name)));
  }
});
afterAll(() => rm(root, { recursive: true }));

/** Writes the one object of a folder as a DICOM file. */
async function exported(folder: string, path: string): Promise<string> {
  const pacs = folderPacs({ watch: folder, stableMs: 0, rescanMs: 0, import: true });
  for await (const { dataSet, transferSyntaxUid } of pacs.retrieve(STUDY)) {
    const parts: Uint8Array[] = [];
    for await (const part of dataSet) parts.push(Uint8Array.from(part));
    const bytes = Buffer.concat(parts);
    const values = await readHeaderValues(
      bytesSource(bytes),
      transferSyntaxUid,
      new Set([TAGS.SOPClassUID, TAGS.SOPInstanceUID]),
    );
    const uid = (tag: number) => parseUid(Buffer.from(values.get(tag)?.bytes ?? []).toString('latin1'));
    const header = part10Header({
      sopClassUid: uid(TAGS.SOPClassUID),
      sopInstanceUid: uid(TAGS.SOPInstanceUID),
      transferSyntaxUid,
    });
    await writeFile(path, Buffer.concat([header, bytes]));
  }
  return path;
}

/** Runs a program; its output, and whether it ended well. */
async function run(
  program: string,
  ...args: readonly string[]
): Promise<{ readonly ok: boolean; readonly text: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (text += bytes.toString()));
  return await new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new Error(`${program} is needed (${DCIODVFY_PACKAGES}, dcmtk)`, { cause })));
    child.once('close', (status) => resolve({ ok: status === 0, text }));
  });
}

describe.skipIf(debianIsMissing())('an imported object', () => {
  it.each(Object.keys(CASES))('%s has no error in the eyes of dciodvfy', async (title) => {
    const { text } = await run('dciodvfy', objects.get(title) ?? '');
    const errors = text.split('\n').filter((line) => line.startsWith('Error'));
    const { unknown } = CASES[title] as Case;
    expect(errors.filter((line) => unknown?.test(line) !== true)).toEqual([]);
  });

  it('is read by dcmdump and pydicom, with the file inside', async () => {
    const paths = [...objects.values()];
    expect(await run('dcmdump', '-q', '-M', '+f', ...paths)).toMatchObject({ ok: true });
    const script = fileURLToPath(new URL('read-objects.py', import.meta.url));
    const { text } = await run('/usr/bin/python3', script, ...paths);
    const lines = text
      .trim()
      .split('\n')
      .map((line) => line.split('|'));
    expect(lines).toHaveLength(paths.length);
    for (const [index, title] of [...objects.keys()].entries()) {
      const { content, inside = (all: Uint8Array) => all } = CASES[title] as Case;
      const digest = createHash('sha256').update(inside(content)).digest('hex');
      // Alone, or with the byte that makes it even.
      expect(lines[index]?.slice(3), title).toContain(digest);
      expect(lines[index]?.[2], title).toBe('Vérité^Anne-Hélène');
    }
  });
});

/** Two gigabytes at night. */
const MEDIA_BYTES = process.env['INTERHOSP_DOSE'] === 'long' ? 2_147_483_648 : 268_435_456;

describe('a large video', () => {
  it('is listed and read without being held', async () => {
    const folder = join(root, 'large');
    await mkdir(folder);
    const mediaBytes = MEDIA_BYTES;
    const { head, media, tail } = sampleMp4Parts({ mediaBytes });
    const handle = await open(join(folder, 'v.mp4'), 'w');
    await handle.write(Buffer.concat([head, media]));
    // A hole: it takes no place on the disk and is read as zeros.
    await handle.write(tail, 0, tail.length, head.length + media.length + mediaBytes);
    await handle.close();
    await writeFile(join(folder, 'import.json'), JSON.stringify({ ...IDENTITY, AnatomicRegionSequence: HEAD }));
    const pacs = folderPacs({ watch: folder, stableMs: 0, rescanMs: 60_000, import: true });
    const before = heldBytes();
    let [most, bytes, pieces] = [0, 0, 0];
    let syntax: Uid | undefined;
    for await (const { dataSet, transferSyntaxUid } of pacs.retrieve(STUDY)) {
      syntax = transferSyntaxUid;
      for await (const piece of dataSet) {
        bytes += piece.length;
        if (pieces++ % 512 === 0) most = Math.max(most, heldBytes() - before);
      }
    }
    expect(syntax).toBe('1.2.840.10008.1.2.4.102');
    expect(bytes).toBeGreaterThan(mediaBytes);
    expect(bytes - mediaBytes).toBeLessThan(10_000);
    // Pieces that nobody has swept yet; the file would be four times as much.
    expect(most).toBeLessThan(64 * 1024 * 1024);
  });
});
