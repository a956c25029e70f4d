/** The part of the PACS suite about searching: what is found, what is not, and what an answer says. */
import type { Pacs, StudyQuery, StudySummary } from '../pacs/index.ts';
import { check, equal, rejectsWith } from './expect.ts';
import { all } from './pacs-iterate.ts';
import { IMPLICIT_LITTLE, sampleInstance, sampleStudyUid, type SampleInstance } from './pacs-samples.ts';
import type { PacsSuite } from './pacs.ts';

/** Patient IDs that a careless adapter takes for a wildcard, another key, a path or the end of a text. */
const HOSTILE_PATIENT_IDS = [
  '*',
  'PAT-?',
  'PAT*',
  'PAT-1&limit=1',
  '../../PAT-1',
  '%2e%2e/PAT-1',
  "' OR 1=1 --",
  'PAT-1#',
  '"PAT-1"',
  'PAT 1',
  'PÄT-1',
];

/** Registers the tests. */
export function searchTests(suite: PacsSuite): void {
  keyTests(suite);
  answerTests(suite);
  instanceTests(suite);
}

function keyTests({ test }: PacsSuite): void {
  const studies = [
    sampleInstance({ study: 1, studyDate: '20240110', patientId: 'PAT-1', accessionNumber: 'ACC-1' }),
    sampleInstance({ study: 2, studyDate: '20240111', patientId: 'PAT-10', accessionNumber: 'ACC-2' }),
    sampleInstance({ study: 3, studyDate: '20240112', patientId: 'PAT-1', accessionNumber: 'ACC-3' }),
    sampleInstance({ study: 4, studyDate: null, patientId: 'PAT-4', accessionNumber: 'ACC-10' }),
  ];
  const cases: ReadonlyArray<[title: string, query: StudyQuery, found: readonly number[]]> = [
    ['every study for an empty query', {}, [1, 2, 3, 4]],
    ['a study by its UID', { studyInstanceUid: sampleStudyUid(2) }, [2]],
    ['studies by patient ID, exactly', { patientId: 'PAT-1' }, [1, 3]],
    ['a study by accession number, exactly', { accessionNumber: 'ACC-1' }, [1]],
    ['studies from a date on, inclusive', { studyDateFrom: '2024-01-11' }, [2, 3]],
    ['studies up to a date, inclusive', { studyDateTo: '2024-01-11' }, [1, 2]],
    ['studies between dates', { studyDateFrom: '2024-01-11', studyDateTo: '2024-01-11' }, [2]],
    ['only what matches every key', { patientId: 'PAT-1', studyDateFrom: '2024-01-11' }, [3]],
    ['nothing when keys contradict each other', { patientId: 'PAT-1', accessionNumber: 'ACC-2' }, []],
    ['nothing for a date range that is empty', { studyDateFrom: '2024-01-12', studyDateTo: '2024-01-10' }, []],
    ['nothing for a UID it does not hold', { studyInstanceUid: sampleStudyUid(99) }, []],
    ['nothing for the beginning of a patient ID', { patientId: 'PAT-' }, []],
  ];
  test('finds what matches the keys, all of it and nothing else', async ({ pacs, seed }) => {
    await seed(studies);
    for (const [title, query, found] of cases) equal(await foundBy(pacs, query), uids(found), `finds ${title}`);
  });

  test('takes a patient ID literally, whatever it is made of', async ({ pacs, seed }) => {
    await seed(studies);
    for (const patientId of HOSTILE_PATIENT_IDS) {
      equal(await foundBy(pacs, { patientId }), [], `${JSON.stringify(patientId)} names no patient here`);
      equal(
        await foundBy(pacs, { accessionNumber: patientId }),
        [],
        `${JSON.stringify(patientId)} is no accession number`,
      );
    }
  });

  test('ends at once when it holds nothing', async ({ pacs }) => {
    equal(await all(pacs.findStudies({})), [], 'no answer is an empty iteration');
    equal(await all(pacs.findInstances(sampleStudyUid(1))), [], 'no instances are an empty iteration');
  });
}

function answerTests({ test, options }: PacsSuite): void {
  test('says whose study it is and when it was made', async ({ pacs, seed }) => {
    await seed([sampleInstance({ study: 1, patientName: 'Lemaître^Zoé', modality: 'OT' })]);
    const [study, ...more] = await all(pacs.findStudies({}));
    check(study !== undefined && more.length === 0, 'one study is one answer');
    equal(study.patient.patientId, { id: 'PAT-1', issuer: 'SAMPLE-HOSPITAL' }, 'the patient ID comes with its issuer');
    equal(study.patient.name?.alphabetic.family, 'Lemaître', 'the family name comes in its own characters');
    equal(study.patient.name?.alphabetic.given, 'Zoé', 'the given name comes in its own characters');
    equal(study.patient.birthDate, '1970-04-01', 'the birth date is written YYYY-MM-DD');
    equal(study.patient.sex, 'F', 'the sex is a letter');
    equal(study.header.studyInstanceUid, sampleStudyUid(1), 'the header names the same study');
    equal(study.header.studyDate, '2024-02-29', 'the study date is written YYYY-MM-DD');
    equal(study.header.accessionNumber, 'ACC-1', 'the accession number comes as it is');
    equal(study.header.patient.patientId, study.patient.patientId, 'header and patient agree');
    equal(study.header.modalities, ['OT'], 'the modalities are listed');
  });

  test('invents no issuer and no date', async ({ pacs, seed }) => {
    await seed([sampleInstance({ study: 1, issuer: null, studyDate: null })]);
    const [study] = await all(pacs.findStudies({}));
    check(study !== undefined, 'the study is found');
    equal(study.patient.patientId, { id: 'PAT-1' }, 'an ID without an issuer stays without');
    equal(study.header.studyDate, undefined, 'a study without a date stays without');
  });

  test('counts the instances of a study, or does not say', async ({ pacs, seed }) => {
    await seed(series(1, 3));
    const [study] = await all(pacs.findStudies({}));
    check(study?.instances === 3 || study?.instances === undefined, 'a count is the number of instances held now');
  });

  test('lists a study that stands under two patients twice', async ({ pacs, seed }) => {
    await seed([
      sampleInstance({ study: 1, patientId: 'PAT-1' }),
      sampleInstance({ study: 1, instance: 2, patientId: 'PAT-2' }),
    ]);
    const found = await all(pacs.findStudies({ studyInstanceUid: sampleStudyUid(1) }));
    equal(patientsOf(found), ['PAT-1', 'PAT-2'], 'both patients are shown, so that nobody misses the second');
    equal(patientsOf(await all(pacs.findStudies({ patientId: 'PAT-2' }))), ['PAT-2'], 'a patient key still narrows');
    equal((await all(pacs.findInstances(sampleStudyUid(1)))).length, 2, 'the instances under both are listed');
  });

  test('lists every study of a long answer once', async ({ pacs, seed }) => {
    const count = options.manyStudies ?? 25;
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    await seed(numbers.map((study) => sampleInstance({ study, pixelBytes: 64 })));
    equal(await foundBy(pacs, {}), uids(numbers), 'each study is listed exactly once');
  });

  test('stops listing when it is told to', async ({ pacs, seed }) => {
    await seed([1, 2, 3, 4, 5].map((study) => sampleInstance({ study })));
    const controller = new AbortController();
    const reason = new Error('enough');
    const listing = async () => {
      for await (const _ of pacs.findStudies({}, { signal: controller.signal })) controller.abort(reason);
    };
    await rejectsWith(listing, reason, 'an abort between answers is rethrown untouched');
    for await (const _ of pacs.findStudies({})) break;
    equal((await all(pacs.findStudies({}))).length, 5, 'a search that was broken off does not disturb the next');
  });
}

function instanceTests({ test, options }: PacsSuite): void {
  test('lists every instance of a study with its series and class, and no other', async ({ pacs, seed }) => {
    const other = options.syntaxes?.[0] ?? IMPLICIT_LITTLE;
    const mine = [...series(1, 3), sampleInstance({ study: 1, series: 2, transferSyntaxUid: other })];
    await seed([...mine, sampleInstance({ study: 2 })]);
    const listed = await all(pacs.findInstances(sampleStudyUid(1)));
    equal(
      sorted(listed.map((each) => `${each.seriesInstanceUid} ${each.sopInstanceUid}`)),
      sorted(mine.map((each) => `${each.seriesInstanceUid} ${each.sopInstanceUid}`)),
      'each instance is listed once, under its series',
    );
    for (const { sopClassUid } of listed) {
      check(
        sopClassUid === undefined || sopClassUid === mine[0]?.sopClassUid,
        'a SOP class that is told is the right one',
      );
    }
  });
}

function series(study: number, count: number): readonly SampleInstance[] {
  return Array.from({ length: count }, (_, index) => sampleInstance({ study, instance: index + 1 }));
}

async function foundBy(pacs: Pacs, query: StudyQuery): Promise<string[]> {
  return sorted((await all(pacs.findStudies(query))).map((each) => each.studyInstanceUid));
}

function uids(numbers: readonly number[]): string[] {
  return sorted(numbers.map(sampleStudyUid));
}

function patientsOf(studies: readonly StudySummary[]): string[] {
  return sorted(studies.map((each) => each.patient.patientId.id));
}

function sorted(texts: readonly string[]): string[] {
  return texts.toSorted();
}
