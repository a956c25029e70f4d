/** What a watched folder makes of documents, pictures, videos and sounds: as files come, change, contradict and go. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateStudy } from '@interhosp/core/conformance';
import { parseUid, readHeaderValues, bytesSource, TRANSFER_SYNTAXES } from '@interhosp/core/dicom';
import type { Log, SafeFields } from '@interhosp/core/world';
import { jpegWithOrientation, sampleCda, sampleJpeg, sampleMp4, samplePdf, sampleWav } from '@interhosp/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHandlesBelow, writePart10 } from '../../test/sample-files.ts';
import { adapter } from './adapter.ts';
import { nodeFiles, type Files } from './files.ts';
import { folderPacs, type FolderPacs, type FolderPacsOptions } from './folder-pacs.ts';

const study = generateStudy({ instances: 2, pixels: 16 });
const [first] = study.instances;
const NEW_STUDY = '2.25.17';
const NEW = {
  StudyInstanceUID: NEW_STUDY,
  PatientID: 'D-7',
  IssuerOfPatientID: 'DERMATOLOGY',
  PatientName: 'Peeters^Jürgen',
  PatientBirthDate: '19700101',
  PatientSex: 'M',
  StudyDate: '20260314',
  StudyTime: '101500',
};
const HEAD = { CodeValue: '69536005', CodingSchemeDesignator: 'SCT', CodeMeaning: 'Head' };
const TAG = {
  patientName: 0x00100010,
  patientId: 0x00100020,
  sopClass: 0x00080016,
  series: 0x0020000e,
  charset: 0x00080005,
};

let root = '';
let nowMs = 0;
const refusals: SafeFields[] = [];
const log: Log = {
  forComponent: () => log,
  write(_, event, fields = {}) {
    if (event === 'folder.import-refused') refusals.push(fields);
  },
};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'interhosp-import-'));
  nowMs = Date.now();
  refusals.length = 0;
});
afterEach(async () => {
  const open = await openHandlesBelow(root);
  await rm(root, { recursive: true });
  if (open.length > 0) throw new Error(`left open: ${open.join(', ')}`);
});

function importing(options: Partial<FolderPacsOptions> = {}): FolderPacs {
  const clock = { now: () => nowMs, monotonicMs: () => nowMs };
  return folderPacs({ watch: root, stableMs: 0, rescanMs: 0, clock, import: true, log, ...options });
}

async function put(name: string, content: Uint8Array | object): Promise<string> {
  const path = join(root, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content instanceof Uint8Array ? content : JSON.stringify(content));
  return path;
}

/** Puts the study of the folder there. */
async function putStudy({ instances } = study): Promise<void> {
  for (const [index, instance] of instances.entries()) {
    const { dataSet: bytes } = instance;
    const stored = {
      ...instance,
      lengthBytes: bytes.length,
      async *dataSet() {
        yield bytes;
      },
    };
    await writePart10(join(root, `ct${index}`), stored);
  }
}

/** Every object of a study, by its SOP Instance UID. */
async function objectsOf(
  pacs: FolderPacs,
  uid: string,
): Promise<ReadonlyMap<string, { syntax: string; bytes: Buffer }>> {
  const found = new Map<string, { syntax: string; bytes: Buffer }>();
  const instances = [];
  for await (const instance of pacs.findInstances(parseUid(uid))) instances.push(instance);
  for (const instance of instances) {
    for await (const { dataSet, transferSyntaxUid } of pacs.retrieve(parseUid(uid), { instances: [instance] })) {
      const parts: Uint8Array[] = [];
      for await (const part of dataSet) parts.push(Uint8Array.from(part));
      found.set(instance.sopInstanceUid, { syntax: transferSyntaxUid, bytes: Buffer.concat(parts) });
    }
  }
  return found;
}

/** What was not in the folder as DICOM. */
function importedOf(objects: Awaited<ReturnType<typeof objectsOf>>) {
  const own = new Set<string>(study.instances.map(({ sopInstanceUid }) => sopInstanceUid));
  return [...objects].find(([uid]) => !own.has(uid))?.[1];
}

async function textOf(bytes: Uint8Array, tag: number): Promise<string> {
  const values = await readHeaderValues(bytesSource(bytes), TRANSFER_SYNTAXES.ExplicitVRLittleEndian, new Set([tag]));
  return Buffer.from(values.get(tag)?.bytes ?? [])
    .toString('latin1')
    .trimEnd()
    .replace(/\0$/, '');
}

async function unreadable(pacs: FolderPacs): Promise<object> {
  await pacs.echo();
  return pacs.report().unreadable;
}

describe('a file beside its study', () => {
  it.each<[string, string, Uint8Array, string, object]>([
    ['PDF', 'report.pdf', samplePdf(), '1.2.840.10008.1.2.1', {}],
    ['CDA', 'report.xml', sampleCda(), '1.2.840.10008.1.2.1', {}],
    ['JPEG', 'skin.JPG', sampleJpeg(), '1.2.840.10008.1.2.4.50', {}],
    ['MP4', 'scope.mp4', sampleMp4(), '1.2.840.10008.1.2.4.102', { Modality: 'ES', AnatomicRegionSequence: HEAD }],
    ['WAV', 'dictation.wav', sampleWav(), '1.2.840.10008.1.2.1', {}],
  ])('of kind %s becomes an instance of it, byte for byte inside', async (kind, name, content, syntax, more) => {
    await putStudy();
    await put(name, content);
    await put(`${name}.json`, { StudyInstanceUID: study.studyInstanceUid, ...more });
    const pacs = importing();
    const objects = await objectsOf(pacs, study.studyInstanceUid);
    expect(pacs.report()).toEqual({ listed: 3, growing: 0, repeated: 0, unreadable: {} });
    const object = importedOf(objects);
    expect(object?.syntax).toBe(syntax);
    // Of a WAV file the samples alone.
    const inside = kind === 'WAV' ? content.subarray(44) : content;
    expect(object?.bytes.includes(Buffer.from(inside))).toBe(true);
    // One study under one patient, as the folder's own instances have it.
    const studies = [];
    for await (const each of pacs.findStudies({})) studies.push(each);
    expect(studies).toHaveLength(1);
    expect(studies[0]?.patient).toMatchObject({ patientId: { id: 'A-104233', issuer: 'HOSPITAL-A' } });
  });

  it('is found by accession number and patient', async () => {
    await putStudy();
    const accession = first && (await textOf(first.dataSet, 0x00080050));
    await put('report.pdf', samplePdf());
    await put('report.pdf.json', { AccessionNumber: accession, PatientID: 'A-104233' });
    const pacs = importing();
    expect((await objectsOf(pacs, study.studyInstanceUid)).size).toBe(3);
  });

  it('waits for its study, and follows it when it is corrected', async () => {
    await put('report.pdf', samplePdf());
    await put('report.pdf.json', { StudyInstanceUID: study.studyInstanceUid });
    const pacs = importing();
    expect(await unreadable(pacs)).toEqual({ IMPORT_STUDY_UNKNOWN: 1 });
    await putStudy();
    expect(await unreadable(pacs)).toEqual({});
    const before = await objectsOf(pacs, study.studyInstanceUid);
    await putStudy(generateStudy({ instances: 2, pixels: 16, patient: { patientId: { id: 'CORRECTED' } } }));
    const after = await objectsOf(pacs, study.studyInstanceUid);
    expect([...after.keys()].toSorted()).toEqual([...before.keys()].toSorted());
    expect(await textOf(importedOf(after)?.bytes ?? new Uint8Array(0), TAG.patientId)).toBe('CORRECTED');
  });

  it('that contradicts it is refused, and told of once without a name', async () => {
    await putStudy();
    await put('Vérité Anne.pdf', samplePdf());
    await put('Vérité Anne.pdf.json', { StudyInstanceUID: study.studyInstanceUid, PatientName: 'Peeters^Jan' });
    const pacs = importing();
    expect(await unreadable(pacs)).toEqual({ IMPORT_CONFLICT: 1 });
    expect(await unreadable(pacs)).toEqual({ IMPORT_CONFLICT: 1 });
    expect(refusals).toEqual([{ code: 'IMPORT_CONFLICT', field: 'PatientName', reason: 'study' }]);
  });
});

describe('files of a new study', () => {
  it('are told of by one file of their folder, and are its series by kind', async () => {
    await put('import.json', NEW);
    await put('a.jpg', sampleJpeg());
    await put('b.jpg', jpegWithOrientation(6));
    await put('c.jpg', sampleJpeg('grey'));
    await put('c.jpg.json', { SeriesDescription: 'Dermoscopy' });
    await put('report.pdf', samplePdf());
    const pacs = importing();
    const objects = [...(await objectsOf(pacs, NEW_STUDY)).values()];
    const series = await Promise.all(objects.map(({ bytes }) => textOf(bytes, TAG.series)));
    expect([objects.length, new Set(series).size]).toEqual([4, 3]);
    expect(await textOf(objects[0]?.bytes ?? new Uint8Array(0), TAG.charset)).toBe('ISO_IR 100');
    expect(await textOf(objects[0]?.bytes ?? new Uint8Array(0), TAG.patientName)).toBe('Peeters^Jürgen');
    const turned = objects.filter(({ bytes }) => bytes.includes('Turn 90 degrees clockwise'));
    expect(turned).toHaveLength(1);
  });

  it('are the same objects after a restart, under another name, and at another date', async () => {
    await put('import.json', NEW);
    const path = await put('a.pdf', samplePdf());
    const before = await objectsOf(importing(), NEW_STUDY);
    await rename(path, join(root, 'b.pdf'));
    await utimes(join(root, 'b.pdf'), 1, 1);
    expect(await objectsOf(importing(), NEW_STUDY)).toEqual(before);
  });

  it('that are the same file twice are one object', async () => {
    await put('import.json', NEW);
    await put('a.pdf', samplePdf());
    await put('copy of a.pdf', samplePdf());
    const pacs = importing();
    expect((await objectsOf(pacs, NEW_STUDY)).size).toBe(1);
    expect(pacs.report()).toMatchObject({ listed: 1, repeated: 1 });
    await unlink(join(root, 'a.pdf'));
    await pacs.echo();
    expect((await objectsOf(pacs, NEW_STUDY)).size).toBe(1);
  });

  it('that are the same file in two series are two objects: one UID never stands in two series', async () => {
    for (const [folder, SeriesDescription] of [
      ['a', 'First'],
      ['b', 'Second'],
    ] as const) {
      await put(`${folder}/import.json`, { ...NEW, SeriesDescription });
      await put(`${folder}/a.pdf`, samplePdf());
    }
    const pacs = importing();
    expect((await objectsOf(pacs, NEW_STUDY)).size).toBe(2);
    expect(pacs.report()).toMatchObject({ listed: 2, repeated: 0 });
  });

  it('of which two name two patients are both refused', async () => {
    await put('a/import.json', NEW);
    await put('a/a.pdf', samplePdf('a'));
    const pacs = importing();
    expect((await objectsOf(pacs, NEW_STUDY)).size).toBe(1);
    await put('b/import.json', { ...NEW, PatientID: 'OTHER' });
    await put('b/b.pdf', samplePdf('b'));
    expect(await unreadable(pacs)).toEqual({ IMPORT_CONFLICT: 2 });
    expect((await objectsOf(pacs, NEW_STUDY)).size).toBe(0);
  });

  it.each<[string, string, Uint8Array, object, string, string | undefined]>([
    ['a sound without a time', 's.wav', sampleWav(), { StudyTime: '' }, 'IMPORT_VALUE_MISSING', 'ContentTime'],
    ['a video without a region', 'v.mp4', sampleMp4(), {}, 'IMPORT_VALUE_MISSING', 'AnatomicRegionSequence'],
    ['a video of a scanner', 'v.mp4', sampleMp4(), { Modality: 'CT' }, 'IMPORT_UNSUPPORTED', undefined],
    ['a mirrored picture', 'p.jpg', jpegWithOrientation(2), {}, 'IMPORT_UNSUPPORTED', undefined],
    ['a sound of 48 kHz', 's.wav', sampleWav({ samplesPerSecond: 48_000 }), {}, 'IMPORT_UNSUPPORTED', undefined],
    ['a value that does not fit', 'r.pdf', samplePdf(), { PatientSex: 'male' }, 'IMPORT_SIDECAR_INVALID', undefined],
    ['a document that is none', 'r.pdf', sampleJpeg(), {}, 'IMPORT_MALFORMED', undefined],
  ])('%s is refused', async (_, name, content, more, code, field) => {
    await put(name, content);
    await put(`${name}.json`, { ...NEW, ...more });
    const pacs = importing();
    expect(await unreadable(pacs)).toEqual({ [code]: 1 });
    expect(refusals).toEqual([expect.objectContaining({ code, ...(field !== undefined && { field }) })]);
  });
});

describe('a folder that imports', () => {
  it('leaves a file alone of which nobody says whose it is, and takes it when somebody does', async () => {
    await put('report.pdf', samplePdf());
    const pacs = importing();
    expect(await unreadable(pacs)).toEqual({ IMPORT_IDENTITY_MISSING: 1 });
    const sidecar = await put('report.pdf.json', Buffer.from('{'));
    expect(await unreadable(pacs)).toEqual({ IMPORT_SIDECAR_INVALID: 1 });
    await writeFile(sidecar, JSON.stringify(NEW));
    expect((await objectsOf(pacs, NEW_STUDY)).size).toBe(1);
    await unlink(sidecar);
    expect(await unreadable(pacs)).toEqual({ IMPORT_IDENTITY_MISSING: 1 });
    expect((await objectsOf(pacs, NEW_STUDY)).size).toBe(0);
  });

  it('reads a file once, and again when it changed', async () => {
    let opened = 0;
    const open: Files['open'] = (path, ...rest) => {
      if (String(path).endsWith('.pdf')) opened++;
      return nodeFiles.open(path, ...rest);
    };
    await put('import.json', NEW);
    await put('report.pdf', samplePdf());
    const pacs = importing({ files: { ...nodeFiles, open } });
    for (let look = 0; look < 3; look++) await pacs.echo();
    expect(opened).toBe(1);
    const [before] = (await objectsOf(pacs, NEW_STUDY)).keys();
    await put('report.pdf', samplePdf('corrected'));
    const [after] = (await objectsOf(pacs, NEW_STUDY)).keys();
    expect(after).not.toBe(before);
  });

  it('does not list what is still being copied', async () => {
    await put('import.json', NEW);
    await put('video.mp4', sampleMp4());
    await put('report.pdf', samplePdf());
    const pacs = importing({ stableMs: 5_000 });
    await pacs.echo();
    expect(pacs.report()).toMatchObject({ listed: 0, growing: 2 });
    nowMs += 5_000;
    await pacs.echo();
    expect(pacs.report()).toMatchObject({ listed: 1, growing: 0, unreadable: { IMPORT_VALUE_MISSING: 1 } });
  });

  it('says so when a file changed between listing and reading', async () => {
    await put('import.json', NEW);
    const path = await put('report.pdf', samplePdf());
    const pacs = importing({ rescanMs: 60_000 });
    await pacs.echo();
    await writeFile(path, samplePdf('another'));
    const reading = async () => {
      for await (const { dataSet } of pacs.retrieve(parseUid(NEW_STUDY))) for await (const part of dataSet) void part;
    };
    await expect(reading()).rejects.toMatchObject({ code: 'PACS_INCOMPLETE' });
  });

  it('goes on when the disk fails for one file, and tries it again', async () => {
    await put('import.json', NEW);
    await put('a.pdf', samplePdf('a'));
    await put('b.pdf', samplePdf('b'));
    let isBroken = true;
    const open: Files['open'] = (path, ...rest) =>
      isBroken && String(path).endsWith('a.pdf')
        ? Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }))
        : nodeFiles.open(path, ...rest);
    const pacs = importing({ files: { ...nodeFiles, open } });
    expect(await unreadable(pacs)).toEqual({ STORAGE_FAILED: 1 });
    isBroken = false;
    expect(await unreadable(pacs)).toEqual({});
    expect(pacs.report().listed).toBe(2);
  });

  it('does nothing of this unless it is told to', async () => {
    await put('import.json', NEW);
    await put('report.pdf', samplePdf());
    const pacs = importing({ import: false });
    expect(await unreadable(pacs)).toEqual({ DICOM_NOT_PART10: 2 });
  });

  it('is configured with a folder to watch', async () => {
    const validate = async (value: object) => await adapter.configSchema['~standard'].validate(value);
    expect(await validate({ watch: 'out', import: true })).toMatchObject({ value: { import: true } });
    expect(await validate({ watch: 'out' })).toMatchObject({ value: { import: false } });
    expect(await validate({ write: 'in', import: true })).toHaveProperty('issues');
  });

  it('gives the UIDs that it gave before', async () => {
    // Kept: another UID would file everything a second time.
    await put('import.json', NEW);
    await put('report.pdf', samplePdf());
    const [[uid, object] = []] = await objectsOf(importing(), NEW_STUDY);
    const digest = createHash('sha256')
      .update(object?.bytes ?? '')
      .digest('hex');
    expect({ uid, digest }).toMatchInlineSnapshot(`
      {
        "digest": "f6277fa82dbb8361f978c0a93e98e6995096f571c95d7cc9e1bd731ccf9ccbff",
        "uid": "2.25.61864519419539677980090109900741788549",
      }
    `);
  });
});
