// C-FIND in both roles against one another: what is found, what is not, and what PACS do with keys they do not know.
import { generateStudy } from '@interhosp/core/conformance';
import { parseUid, TAGS } from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import type { StorableInstance } from '@interhosp/core/pacs';
import { memoryPacs } from '@interhosp/adapters/memory';
import { describe, expect, it } from 'vitest';
import { dimseServer } from '../src/dimse/server/dimse-server.ts';
import { find } from '../src/dimse/query/find-scu.ts';
import { findInstances, findPatients, findStudies } from '../src/dimse/query/find-studies.ts';
import { listStudy } from '../src/dimse/query/list-study.ts';
import type { DimseOddities } from '../src/dimse/server/oddities.ts';
import { key, level } from '../src/dimse/query/query-keys.ts';
import { SOP_CLASSES } from '../src/dimse/association/uids.ts';
import { findOrderStatus } from '../src/dimse/query/worklist-scu.ts';
import type { ScheduledStep } from '../src/dimse/server/worklist-scp.ts';
import { openQuery, peerAt, startArchive } from './dimse-archive.ts';
import { sampleInstance, sampleStudyUid } from './dimse-samples.ts';
import { all } from './streams.ts';

const ROOTS = [['study root'], ['patient root']] as const;
const FIND = { 'study root': SOP_CLASSES.studyRootFind, 'patient root': SOP_CLASSES.patientRootFind } as const;

function stored({ instances }: ReturnType<typeof generateStudy>): readonly StorableInstance[] {
  return instances.map((each) => ({
    ...each,
    lengthBytes: each.dataSet.length,
    async *dataSet() {
      yield each.dataSet;
    },
  }));
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => 'nothing thrown',
    (error: unknown) => errorCodeOf(error) ?? error,
  );
}

describe('finding studies', () => {
  const studies = [1, 2, 3, 4].flatMap((study) => [
    sampleInstance({ study, series: 1, studyDate: `2024010${study}`, patientName: 'Lemaître^Zoé=山田^太郎' }),
    sampleInstance({ study, series: 2, studyDate: `2024010${study}`, modality: 'SR' }),
  ]);

  it.each(ROOTS)('by the %s: what matches every key, and nothing else', async (root) => {
    await using archive = await startArchive(studies);
    const association = await openQuery(archive.peer, [FIND[root]]);
    const found = async (query: Parameters<typeof findStudies>[1]) =>
      (await all(findStudies(association, query)))
        .map((study) => study.studyInstanceUid.split('.').at(-1) ?? '')
        .toSorted();
    expect(await found({})).toEqual(['1', '2', '3', '4']);
    expect(await found({ studyInstanceUid: sampleStudyUid(2) })).toEqual(['2']);
    expect(await found({ patientId: 'PAT-3' })).toEqual(['3']);
    expect(await found({ patientId: 'pat-3' })).toEqual([]);
    expect(await found({ accessionNumber: 'ACC-4', patientId: 'PAT-4' })).toEqual(['4']);
    expect(await found({ studyDateFrom: '2024-01-02', studyDateTo: '2024-01-03' })).toEqual(['2', '3']);
    expect(await found({ studyDateFrom: '2024-01-03' })).toEqual(['3', '4']);
    expect(await found({ studyDateTo: '2024-01-01' })).toEqual(['1']);
    expect(await found({ studyDateFrom: '2024-01-03', studyDateTo: '2024-01-01' })).toEqual([]);
    expect(await found({ patientId: 'PAT-*' })).toEqual([]);
    expect(await found({ accessionNumber: '' })).toEqual([]);
    await association.release();
  });

  it('leaves the search to the PACS where it can', async () => {
    await using archive = await startArchive(studies);
    const association = await openQuery(archive.peer);
    const count = async (query: Parameters<typeof findStudies>[1]) =>
      (await all(findStudies(association, query, { limit: 2 }))).length;
    expect(await count({ studyDateFrom: '2024-01-02', studyDateTo: '2024-01-03' })).toBe(2);
    expect(await count({ studyDateFrom: '2024-01-03' })).toBe(2);
    expect(await count({ studyDateTo: '2024-01-02' })).toBe(2);
    expect(await count({ studyDateFrom: '2024-01-02', studyDateTo: '2024-01-02' })).toBe(1);
    expect(await count({ patientId: 'PAT-1' })).toBe(1);
    expect(await count({ accessionNumber: 'ACC-1' })).toBe(1);
    expect(await count({ studyInstanceUid: sampleStudyUid(1) })).toBe(1);
    await association.release();
  });

  it('tells what the PACS knows of a study, in its own character set', async () => {
    await using archive = await startArchive(studies);
    const association = await openQuery(archive.peer);
    for (const characterSet of [undefined, 'ISO_IR 100', 'ISO_IR 192']) {
      const [study] = await all(findStudies(association, { patientId: 'PAT-1' }, { characterSet }));
      expect(study).toMatchObject({
        studyInstanceUid: sampleStudyUid(1),
        patient: {
          patientId: { id: 'PAT-1', issuer: 'SAMPLE-HOSPITAL' },
          name: { alphabetic: { family: 'Lemaître', given: 'Zoé' }, ideographic: { family: '山田' } },
          birthDate: '1970-04-01',
          sex: 'F',
        },
        header: {
          modalities: ['OT', 'SR'],
          studyDate: '2024-01-01',
          studyTime: '10:15:00',
          accessionNumber: 'ACC-1',
          studyId: 'S1',
          description: 'Sample study',
          referringPhysician: { name: { alphabetic: { family: 'Peeters' } } },
        },
        instances: 2,
        sopClasses: ['1.2.840.10008.5.1.4.1.1.7'],
      });
    }
    await association.release();
  });

  it('does not take more than was asked for from a PACS that ignores keys, nor the same twice', async () => {
    await using archive = await startArchive(studies, { oddities: { ignoresKeys: true, repeatsAnswers: true } });
    const association = await openQuery(archive.peer);
    expect(await all(findStudies(association, { patientId: 'PAT-3' }))).toHaveLength(1);
    expect(await all(findStudies(association, {}))).toHaveLength(4);
    expect(await all(findInstances(association, sampleStudyUid(2)))).toHaveLength(2);
    expect(await all(findPatients(association, { patientId: 'PAT-2' }))).toHaveLength(2);
    await association.release();
  });

  it('asks for everything where a text is no value that can be written, and sorts the answers', async () => {
    const long = 'X'.repeat(80);
    await using archive = await startArchive([...studies, sampleInstance({ study: 5, patientId: long })]);
    const association = await openQuery(archive.peer);
    const found = await all(findStudies(association, { patientId: long }));
    expect(found.map((study) => study.studyInstanceUid)).toEqual([sampleStudyUid(5)]);
    await association.release();
  });
});

describe('finding below studies', () => {
  it.each(ROOTS)('lists the instances of a study by the %s', async (root) => {
    const study = [1, 2, 3].flatMap((series) =>
      [1, 2].map((instance) => sampleInstance({ study: 7, series, instance })),
    );
    await using archive = await startArchive([...study, sampleInstance({ study: 8 })]);
    const association = await openQuery(archive.peer, [FIND[root]]);
    const instances = await all(findInstances(association, sampleStudyUid(7), { patientId: 'PAT-7' }));
    const names = ({ seriesInstanceUid, sopInstanceUid }: (typeof instances)[number]) =>
      `${seriesInstanceUid} ${sopInstanceUid}`;
    expect(instances.map(names).toSorted()).toEqual(study.map(names).toSorted());
    expect(instances[0]).toMatchObject({ sopClassUid: '1.2.840.10008.5.1.4.1.1.7', modality: 'OT' });
    expect(await all(findInstances(association, sampleStudyUid(9), { patientId: 'PAT-9' }))).toEqual([]);
    await association.release();
  });

  it('lists a study with as many questions where the PACS does not tell its modalities', async () => {
    const memory = memoryPacs();
    await memory.seed([sampleInstance({ study: 1 })]);
    let [questions, tells] = [0, true];
    const { findInstances: instancesOf, findStudies: studiesOf } = memory;
    memory.findInstances = (...asked) => {
      questions++;
      return instancesOf.apply(memory, asked);
    };
    memory.findStudies = async function* (...asked) {
      for await (const study of studiesOf.apply(memory, asked)) {
        yield tells ? study : { ...study, header: { ...study.header, modalities: [] } };
      }
    };
    await using server = dimseServer({ pacs: memory, aeTitle: 'ARCHIVE' });
    await server.start();
    const association = await openQuery(peerAt(server.port));
    const counts: number[] = [];
    for (tells of [true, false]) {
      questions = 0;
      expect((await listStudy(association, sampleStudyUid(1), {})).instances).toHaveLength(1);
      counts.push(questions);
    }
    expect(counts[1]).toBe(counts[0]);
    await association.release();
  });

  it('finds patients once, by ID with issuer, name and birth date', async () => {
    await using archive = await startArchive([
      sampleInstance({ study: 1, patientId: 'P', patientName: 'Janssens^An' }),
      sampleInstance({ study: 2, patientId: 'P', patientName: 'Janssens^An' }),
      sampleInstance({ study: 3, patientId: 'P', issuer: 'OTHER', patientName: 'Maes^Bo' }),
    ]);
    const association = await openQuery(archive.peer);
    expect(await all(findPatients(association, { patientId: 'P' }))).toHaveLength(2);
    expect(await all(findPatients(association, { patientId: 'P', issuer: 'OTHER' }))).toMatchObject([
      { patientId: { id: 'P', issuer: 'OTHER' }, name: { alphabetic: { family: 'Maes' } } },
    ]);
    expect(await all(findPatients(association, { name: 'JANSSENS*' }))).toHaveLength(1);
    expect(await all(findPatients(association, { birthDate: '1970-04-02' }))).toEqual([]);
    await association.release();
  });

  it('refuses keys that break the hierarchy', async () => {
    await using archive = await startArchive([sampleInstance({ study: 1 })]);
    const association = await openQuery(archive.peer);
    const asked = (keys: Parameters<typeof find>[1]['keys'], sopClass = SOP_CLASSES.studyRootFind) =>
      codeOf(all(find(association, { sopClass, keys })));
    expect(await asked([...level('SERIES'), ...key(TAGS.SeriesInstanceUID, 'UI')])).toBe('PACS_REFUSED');
    expect(await asked([...level('PATIENT'), ...key(TAGS.PatientID, 'LO')])).toBe('PACS_REFUSED');
    expect(await asked(key(TAGS.PatientID, 'LO'))).toBe('PACS_REFUSED');
    expect(await asked([...level('STUDY')], SOP_CLASSES.patientRootFind)).toBe('PACS_REFUSED');
    expect(await asked([...level('PATIENT')], SOP_CLASSES.patientRootFind)).toBe('nothing thrown');
    await association.release();
  });
});

describe('a query under way', () => {
  const many = Array.from({ length: 1_000 }, (_, index) => sampleInstance({ study: index + 1, pixelBytes: 2 }));

  it('brings a thousand answers, and none', async () => {
    await using archive = await startArchive(many);
    const association = await openQuery(archive.peer);
    const found = await all(findStudies(association, {}));
    expect(new Set(found.map((study) => study.studyInstanceUid)).size).toBe(1_000);
    expect(await all(findStudies(association, { patientId: 'NOBODY' }))).toEqual([]);
    await association.release();
  });

  it('is cancelled in the PACS when enough was seen, and the association serves the next one', async () => {
    // All of them would take longer than the PACS is waited for.
    await using archive = await startArchive(many, { oddities: { delayMs: 20 } });
    const association = await openQuery(archive.peer);
    const [first] = await firstOf(findStudies(association, {}));
    expect(first).toBeDefined();
    expect(association.isOpen).toBe(true);
    archive.server.oddities = {};
    expect(await all(findStudies(association, { patientId: 'PAT-2' }))).toHaveLength(1);
    await association.release();
  });

  it('ends with the association when the PACS does not care about being cancelled', async () => {
    await using archive = await startArchive(many, { oddities: { delayMs: 20, ignoresCancel: true } });
    const association = await openQuery(archive.peer);
    await firstOf(findStudies(association, {}, { cancelWithinMs: 100 }));
    expect(association.isOpen).toBe(false);
  });

  it('finds too many where the limit is, and not before', async () => {
    await using archive = await startArchive(many.slice(0, 10));
    const association = await openQuery(archive.peer);
    expect(await all(findStudies(association, {}, { limit: 10 }))).toHaveLength(10);
    expect(await codeOf(all(findStudies(association, {}, { limit: 9 })))).toBe('PACS_TOO_MANY');
    expect(await all(findStudies(association, {}, { limit: 10 }))).toHaveLength(10);
    await association.release();
  });

  it('ends with the reason of its signal', async () => {
    await using archive = await startArchive(many.slice(0, 10), { oddities: { silentMs: 60_000 } });
    const association = await openQuery(archive.peer);
    const controller = new AbortController();
    const reason = { kind: 'an emergency comes first' };
    const finding = codeOf(all(findStudies(association, {}, { signal: controller.signal })));
    setTimeout(() => controller.abort(reason), 20);
    expect(await finding).toBe(reason);
    expect(association.isOpen).toBe(false);
  });

  it('waits for a slow PACS as long as it was told to', async () => {
    await using archive = await startArchive(many.slice(0, 2), { oddities: { silentMs: 300 } });
    const patient = await openQuery(archive.peer);
    expect(await all(findStudies(patient, {}, { patienceMs: 30_000 }))).toHaveLength(2);
    expect(await codeOf(all(findStudies(patient, {}, { patienceMs: 50 })))).toBe('PACS_UNREACHABLE');
  });

  it.each<[number, string, string, object?]>([
    [0xa700, 'PACS_BUSY', 'later'],
    [0xa900, 'PACS_REFUSED', 'no'],
    [0x0122, 'PACS_REFUSED', 'no'],
    [0xc001, 'PACS_REFUSED', 'later'],
    [0x0110, 'PACS_REFUSED', 'later'],
    [0xc001, 'PACS_BUSY', 'later', { busyStatuses: [0xc001] }],
    [0xfe00, 'PACS_INCOMPLETE', 'later'],
  ])('that ends with status %i is %s, retry %s', async (finalStatus, code, retry, options = {}) => {
    const oddities: DimseOddities = { finalStatus };
    await using archive = await startArchive([], { oddities });
    const association = await openQuery(archive.peer);
    await expect(all(findStudies(association, {}, options))).rejects.toMatchObject({
      code,
      retry,
      details: { status: finalStatus },
    });
    await association.release();
  });

  it.each(ROOTS)('that the PACS refuses for its size by the %s is too many, and others are answered', async (root) => {
    const held = [1, 2, 3, 4].map((study) =>
      sampleInstance({ study, studyDate: `2024010${study}`, patientId: 'P', pixelBytes: 2 }),
    );
    await using archive = await startArchive(held, { oddities: { mostAnswers: 2 } });
    const association = await openQuery(archive.peer, [FIND[root]]);
    const found = (from: string, options: Parameters<typeof findStudies>[2] = {}) =>
      all(findStudies(association, { patientId: 'P', studyDateFrom: from }, options));
    await expect(found('2024-01-01')).rejects.toMatchObject({ code: 'PACS_TOO_MANY', details: { status: 0xa700 } });
    expect(await found('2024-01-03')).toHaveLength(2);
    // Where the site knows better, it is not tried.
    expect(await codeOf(found('2024-01-01', { busyStatuses: [0xa700] }))).toBe('PACS_BUSY');
    await association.release();
  });

  it('finds all of a day where the PACS refuses long answers', async () => {
    const held = Array.from({ length: 60 }, (_, index) => {
      const studyTime = `${10 + (index % 8)}${String(index).padStart(2, '0')}00`;
      return sampleInstance({ study: index, studyDate: '20240105', studyTime, pixelBytes: 2 });
    });
    await using archive = await startArchive(held, { oddities: { mostAnswers: 25 } });
    const association = await openQuery(archive.peer);
    for (const range of [{ studyDateFrom: '2024-01-05', studyDateTo: '2024-01-05' }, { studyDateFrom: '2023-12-01' }]) {
      expect(await all(findStudies(association, range))).toHaveLength(60);
    }
    expect(await codeOf(all(findStudies(association, {})))).toBe('PACS_TOO_MANY');
    await association.release();
  });

  it('for one study is never too many', async () => {
    await using archive = await startArchive([sampleInstance({ study: 1 })], { oddities: { mostAnswers: 0 } });
    const association = await openQuery(archive.peer);
    const finding = all(findStudies(association, { studyInstanceUid: sampleStudyUid(1) }));
    expect(await codeOf(finding)).toBe('PACS_BUSY');
    await association.release();
  });

  it('needs a context', async () => {
    await using archive = await startArchive([]);
    const association = await openQuery(archive.peer, [SOP_CLASSES.worklistFind]);
    expect(await codeOf(all(findStudies(association, {})))).toBe('PACS_REFUSED');
    await association.release();
  });
});

describe('the worklist', () => {
  const study = generateStudy({ accessionNumber: 'ORDER-1', instances: 1 });
  const patient = { patientId: { id: 'A-104233' } };
  const step: ScheduledStep = {
    patient,
    accessionNumber: 'ORDER-1',
    studyInstanceUid: study.studyInstanceUid,
    stepId: 'STEP-1',
    modality: 'CT',
    startDate: '20260314',
    startTime: '090000',
  };
  const summaryOf = async (steps: readonly ScheduledStep[], accessionNumber?: string, oddities: DimseOddities = {}) => {
    const instances = accessionNumber === undefined ? study : generateStudy({ accessionNumber, instances: 1 });
    await using archive = await startArchive(stored(instances), { worklist: () => steps, oddities });
    const association = await openQuery(archive.peer, [SOP_CLASSES.studyRootFind, SOP_CLASSES.worklistFind]);
    archive.server.oddities = {};
    const [summary] = await all(findStudies(association, {}));
    archive.server.oddities = oddities;
    if (summary === undefined) throw new Error('the study is there');
    const status = await findOrderStatus(association, summary);
    await association.release();
    return status;
  };

  it.each<[string, string, readonly Partial<ScheduledStep>[]]>([
    ['nothing is listed', 'unknown', []],
    ['a step is scheduled', 'open', [{}]],
    ['a step has begun', 'open', [{ status: 'STARTED' }]],
    ['every step has ended', 'complete', [{ status: 'COMPLETED' }, { status: 'DISCONTINUED' }]],
    ['one step of two has ended', 'open', [{ status: 'COMPLETED' }, { status: 'READY' }]],
    ['another number is listed', 'unknown', [{ accessionNumber: 'ORDER-2' }]],
    ['the same number is listed for another patient', 'unknown', [{ patient: { patientId: { id: 'B' } } }]],
  ])('says of an order of which %s: %s', async (_, status, steps) => {
    expect(await summaryOf(steps.map((more) => ({ ...step, ...more })))).toBe(status);
  });

  it('knows a study without an order by its UID', async () => {
    expect(await summaryOf([{ ...step, status: 'COMPLETED' }], '')).toBe('complete');
    expect(await summaryOf([{ ...step, studyInstanceUid: parseUid('2.25.99') }], '')).toBe('unknown');
  });

  it('is not misled by steps of others', async () => {
    const other = { ...step, accessionNumber: 'ORDER-2', studyInstanceUid: parseUid('2.25.99') };
    expect(await summaryOf([other], undefined, { ignoresKeys: true })).toBe('unknown');
  });
});

async function firstOf<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  for await (const item of items) return [item];
  return [];
}
