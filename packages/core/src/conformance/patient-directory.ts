/**
 * The contract of the `PatientDirectory` port as a test suite, for our adapters and for those of integrators.
 *
 * The suite makes a directory over patients of its own, through `create()` for each test, and asks what reconciliation
 * relies on: that nobody near is missing among the candidates, that a stopped directory stays quiet, that errors carry
 * their code. Hand it `describe` and `it` of vitest or of node:test.
 */
import type { PatientDirectory } from '../patients/index.ts';
import type { ArrivingPatient, LocalPatient } from '../study/index.ts';
import { check, equal, rejectsWith, rejectsWithCode, type TestRunner } from './expect.ts';
import { SAMPLE_LOCAL_PATIENTS, sampleCrowd } from './sample-patients.ts';

/** One directory of one test. */
export interface PatientDirectoryHarness {
  /** Not yet started. */
  readonly directory: PatientDirectory;
  /**
   * Makes the directory hold these patients instead, and returns once it does. Without it the tests of change are left
   * out, as for a directory that is searched at each question.
   */
  readonly replace?: (patients: readonly LocalPatient[]) => Promise<void>;
  /** Removes whatever the test left; called after `directory.stop()`. */
  readonly dispose: () => Promise<void>;
}

/** What the suite is told about an adapter. */
export interface PatientDirectoryConformanceOptions {
  /** Title of the suite. */
  readonly name: string;
  /** Makes a directory that holds these patients, all under one issuer: {@link SAMPLE_LOCAL_ISSUER}. */
  readonly create: (patients: readonly LocalPatient[]) => Promise<PatientDirectoryHarness>;
  /** Makes a directory whose file or server is away. Without it those tests are left out. */
  readonly createUnavailable?: () => Promise<PatientDirectory>;
}

type Test = (
  title: string,
  body: (harness: PatientDirectoryHarness) => Promise<void>,
  patients?: readonly LocalPatient[],
) => void;

/**
 * Registers the suite with the test runner.
 *
 * @example
 * patientDirectoryConformance({ describe, it }, { name: 'my directory', create: async (patients) => ({ directory, dispose }) });
 */
export function patientDirectoryConformance(runner: TestRunner, options: PatientDirectoryConformanceOptions): void {
  const test: Test = (title, body, patients = SAMPLE_LOCAL_PATIENTS) =>
    void runner.it(title, () => withHarness(options, patients, body));
  runner.describe(`the contract of a patient directory: ${options.name}`, () => {
    lookupTests(test);
    candidateTests(test);
    limitTests(test);
    lifeTests(test, runner, options);
    changeTests(test);
  });
}

function lookupTests(test: Test): void {
  test('gives each patient back under the local ID, with every trait', async ({ directory }) => {
    for (const patient of SAMPLE_LOCAL_PATIENTS) {
      equal(
        withoutUndefined(await directory.get(patient.patientId.id)),
        withoutUndefined(patient),
        'get() returns the record',
      );
    }
  });

  test('knows nobody under another ID, however near', async ({ directory }) => {
    for (const id of ['', 'L0', 'l1001', 'L1001 ', '*', '?', "L1001' OR '1'='1", '__proto__', 'constructor']) {
      equal(await directory.get(id), undefined, 'an ID is compared exactly and never as a pattern');
    }
  });

  test('counts its patients', async ({ directory }) => {
    equal(await directory.size(), SAMPLE_LOCAL_PATIENTS.length, 'size() is the number of persons registered');
    const names = await directory.names?.();
    if (names !== undefined)
      equal(names.total, SAMPLE_LOCAL_PATIENTS.filter(({ name }) => name).length, 'names are counted');
  });

  test(
    'may be empty',
    async ({ directory }) => {
      equal(await directory.size(), 0, 'an empty directory has size 0');
      equal(await directory.candidates({ birthDate: '1985-07-30' }), [], 'an empty directory has no candidates');
    },
    [],
  );
}

/** Arrivals and whom they must find, each near in one way the port names. */
const NEAR: readonly { readonly title: string; readonly arrival: ArrivingPatient; readonly finds: string }[] = [
  { title: 'by national number alone', arrival: { nationalNumber: '85073003328' }, finds: 'L1001' },
  { title: 'by national number with separators', arrival: { nationalNumber: '85.07.30-033.28' }, finds: 'L1001' },
  { title: 'by name and birth date', arrival: named('Vandenberghe', 'Jan', '1985-07-30'), finds: 'L1001' },
  {
    title: 'by a name in capitals without diacritics',
    arrival: named('LEFEVRE', 'HELENE', '1942-01-22'),
    finds: 'L1002',
  },
  { title: 'by a family name that was mistyped', arrival: named('Lefrevre', 'Hélène', '1942-01-22'), finds: 'L1002' },
  {
    title: 'by a family name that was changed, birth date and given name',
    arrival: named('Claes', 'Hélène', '1942-01-22'),
    finds: 'L1002',
  },
  { title: 'by half of a double name', arrival: named('Noël', 'Anne-Sophie', '1993-05-18'), finds: 'L1003' },
  { title: 'by names that stand exchanged', arrival: named('Jan', 'Van den Berghe', '1985-07-30'), finds: 'L1001' },
  { title: 'by a name in one piece', arrival: named('VAN DEN BERGHE, JAN', '', '1985-07-30'), finds: 'L1001' },
  { title: 'by day and month exchanged', arrival: named('Willems', 'Lucas', '2004-11-03'), finds: 'L1004' },
  { title: 'by another day', arrival: named('Lefèvre', 'Hélène', '1942-01-29'), finds: 'L1002' },
  { title: 'by another month', arrival: named('Lefèvre', 'Hélène', '1942-10-22'), finds: 'L1002' },
  { title: 'by another year', arrival: named('Lefèvre', 'Hélène', '1943-01-22'), finds: 'L1002' },
  { title: 'by name without a birth date', arrival: named('Lefèvre', 'Hélène'), finds: 'L1002' },
];

function candidateTests(test: Test): void {
  for (const { title, arrival, finds } of NEAR) {
    test(`finds a patient ${title}`, async ({ directory }) => {
      check(idsOf(await directory.candidates(arrival)).includes(finds), `candidates() finds a patient ${title}`);
    });
  }

  test('finds both twins, so that one is not taken for the other', async ({ directory }) => {
    const ids = idsOf(await directory.candidates(named('Willems', 'Lucas', '2004-03-11')));
    check(ids.includes('L1004') && ids.includes('L1005'), 'everybody near is a candidate, never only the best');
  });

  test('finds both records of a person registered twice', async ({ directory }) => {
    const ids = idsOf(await directory.candidates(named('Peeters', 'Maria', '1950-06-15')));
    check(ids.includes('L1006') && ids.includes('L1007'), 'a duplicate is a candidate too');
  });

  test('answers with nobody when nobody is near', async ({ directory }) => {
    equal(
      await directory.candidates(named('Okonkwo', 'Xiomara', '1971-09-27')),
      [],
      'an empty answer means that nobody is near',
    );
  });

  test('answers with each patient once, as registered', async ({ directory }) => {
    const found = await directory.candidates({
      ...named('Van den Berghe', 'Jan', '1985-07-30'),
      nationalNumber: '85073003328',
    });
    equal(new Set(idsOf(found)).size, found.length, 'a patient is listed once');
    const registered = SAMPLE_LOCAL_PATIENTS.find(({ patientId }) => patientId.id === 'L1001');
    equal(
      withoutUndefined(found.find(({ patientId }) => patientId.id === 'L1001')),
      withoutUndefined(registered),
      'a candidate carries every trait, and its issuer',
    );
  });

  test('bears arrivals of which nothing is known, or that are hostile', async ({ directory }) => {
    const long = 'A'.repeat(100_000);
    const hostile: readonly ArrivingPatient[] = [
      {},
      named('', ''),
      named('*', '?'),
      named('%', '_', '0000-00-00'),
      named(long, long, long),
      named("'; DROP TABLE patients;--", '^=\\', '1985-02-31'),
      { ...named('\0\u202e\ud800', '𝕁𝕒𝕟'), nationalNumber: long, phone: long, patientId: { id: long } },
    ];
    for (const arrival of hostile) {
      const found = await directory.candidates(arrival);
      check(found.length <= SAMPLE_LOCAL_PATIENTS.length, 'wildcards and hostile text find nobody who is not there');
    }
    equal(await directory.candidates({}), [], 'nothing known finds nobody');
  });
}

function limitTests(test: Test): void {
  const crowd = sampleCrowd(300);

  test(
    'returns at most 200 unless asked otherwise',
    async ({ directory }) => {
      const found = await directory.candidates(named('Peeters', 'Maria', '1950-06-15'));
      check(found.length > 0 && found.length <= 200, 'the default limit is 200');
    },
    crowd,
  );

  test(
    'keeps the nearest when there are more than the limit',
    async ({ directory }) => {
      const arrival = { ...named('Peeters', 'Maria', '1950-06-15'), nationalNumber: '50061512433' };
      for (const limit of [1, 5]) {
        const found = await directory.candidates(arrival, { limit });
        check(found.length >= 1 && found.length <= limit, 'the limit is kept');
        equal(found[0]?.patientId.id, 'L1006', 'the patient of the same national number is kept');
      }
    },
    crowd,
  );
}

function lifeTests(test: Test, runner: TestRunner, options: PatientDirectoryConformanceOptions): void {
  test('starts twice and stops twice', async ({ directory }) => {
    await directory.start();
    equal(await directory.size(), SAMPLE_LOCAL_PATIENTS.length, 'a second start changes nothing');
    await directory.stop();
    await directory.stop();
  });

  test('rethrows the reason of an abort untouched', async ({ directory }) => {
    const reason = new Error('no longer needed');
    const signal = AbortSignal.abort(reason);
    await rejectsWith(
      () => directory.candidates(named('Peeters', 'Maria'), { signal }),
      reason,
      'candidates() rethrows it',
    );
    await rejectsWith(() => directory.get('L1001', { signal }), reason, 'get() rethrows it');
  });

  const { createUnavailable } = options;
  if (createUnavailable === undefined) return;
  void runner.it('says that it is unavailable, so that arrivals wait and nobody is declared new', async () => {
    const directory = await createUnavailable();
    const code = 'RECONCILIATION_DIRECTORY_UNAVAILABLE';
    // Either start() says so, or every question does; an empty answer never.
    const ask = async () => {
      await directory.start();
      await directory.candidates(named('Peeters', 'Maria', '1950-06-15'));
    };
    await rejectsWithCode(ask, code, 'a directory that is away has no answer');
    await directory.stop();
  });
}

function changeTests(test: Test): void {
  test('tells that it changed, and answers from the new state', async ({ directory, replace }) => {
    if (replace === undefined) return;
    let calls = 0;
    const stopListening = directory.onChange(() => void calls++);
    const [first] = SAMPLE_LOCAL_PATIENTS;
    await replace(
      first === undefined
        ? []
        : [{ ...first, patientId: { ...first.patientId, id: 'L2001' } }, ...SAMPLE_LOCAL_PATIENTS.slice(1)],
    );
    check(calls > 0, 'onChange() calls back');
    equal(await directory.get('L1001'), undefined, 'a patient who was taken out is gone');
    check(
      idsOf(await directory.candidates({ nationalNumber: '85073003328' })).includes('L2001'),
      'a new patient is found',
    );

    stopListening();
    const before = calls;
    await replace(SAMPLE_LOCAL_PATIENTS);
    equal(calls, before, 'a listener that was taken away is not called');
    equal(await directory.size(), SAMPLE_LOCAL_PATIENTS.length, 'the directory follows all the same');
  });

  test('bears a listener that throws', async ({ directory, replace }) => {
    if (replace === undefined) return;
    let called = false;
    directory.onChange(() => {
      throw new Error('a listener of somebody else');
    });
    directory.onChange(() => void (called = true));
    await replace(SAMPLE_LOCAL_PATIENTS.slice(1));
    check(called, 'one listener cannot silence another');
    equal(await directory.size(), SAMPLE_LOCAL_PATIENTS.length - 1, 'the directory goes on');
  });
}

async function withHarness(
  options: PatientDirectoryConformanceOptions,
  patients: readonly LocalPatient[],
  body: (harness: PatientDirectoryHarness) => Promise<void>,
): Promise<void> {
  const harness = await options.create(patients);
  try {
    await harness.directory.start();
    await body(harness);
  } finally {
    await harness.directory.stop();
    await harness.dispose();
  }
}

function named(family: string, given: string, birthDate?: string): ArrivingPatient {
  const alphabetic = { family, given, middle: '', prefix: '', suffix: '' };
  return { name: { alphabetic }, ...(birthDate === undefined ? {} : { birthDate }) };
}

function idsOf(patients: readonly LocalPatient[]): readonly string[] {
  return patients.map(({ patientId }) => patientId.id);
}

/** A trait that is undefined and one that is absent mean the same. */
function withoutUndefined(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
