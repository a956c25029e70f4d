/**
 * The contract of the `PatientRegistry` port as a test suite, for our registries and for those of integrators. It is that
 * of a patient directory, and what feeds rely on besides: that a change is there when `apply()` returns, and all of it or
 * nothing; that a merged ID leads where the hospital said; that a list that was cut off takes nobody out.
 */
import type { PatientRegistry } from '../patients/index.ts';
import type { LocalPatient } from '../study/index.ts';
import { check, equal, rejectsWith, rejectsWithCode, type TestRunner } from './expect.ts';
import { patientDirectoryConformance } from './patient-directory.ts';
import { SAMPLE_LOCAL_ISSUER, SAMPLE_LOCAL_PATIENTS } from './sample-patients.ts';

/** One registry of one test. */
export interface PatientRegistryHarness {
  /** Empty, and not yet started. */
  readonly registry: PatientRegistry;
  /** Removes whatever the test left; called after `registry.stop()`. */
  readonly dispose: () => Promise<void>;
}

/** What the suite is told about a registry. */
export interface PatientRegistryConformanceOptions {
  /** Title of the suite. */
  readonly name: string;
  readonly create: () => Promise<PatientRegistryHarness>;
  /** Whether patients are there again after `stop()` and `start()`. */
  readonly isDurable: boolean;
}

type Test = (title: string, body: (registry: PatientRegistry) => Promise<void>) => void;

/**
 * Registers the suite with the test runner.
 *
 * @example
 * patientRegistryConformance({ describe, it }, { name: 'mine', isDurable: true, create: async () => ({ registry, dispose }) });
 */
export function patientRegistryConformance(runner: TestRunner, options: PatientRegistryConformanceOptions): void {
  patientDirectoryConformance(runner, {
    name: options.name,
    create: async (patients) => {
      const { registry, dispose } = await options.create();
      await registry.start();
      await registry.replaceAll(listed(patients));
      return { directory: registry, replace: (others) => registry.replaceAll(listed(others)), dispose };
    },
  });
  const test: Test = (title, body) => void runner.it(title, () => withRegistry(options, body));
  runner.describe(`the contract of a patient registry: ${options.name}`, () => {
    changeTests(test);
    mergeTests(test);
    renameTests(test);
    listTests(test);
    lifeTests(test, runner, options);
  });
}

const NUMBER = { nationalNumber: '85073003328' };
const JAN = SAMPLE_LOCAL_PATIENTS[0] as LocalPatient;

function changeTests(test: Test): void {
  test('adds a patient, and replaces the one of the same ID', async (registry) => {
    await registry.apply([{ kind: 'put', patient: withId(JAN, 'N1') }]);
    equal(await idsFound(registry, NUMBER), ['L1001', 'N1'], 'a patient who was added is found beside others');
    await registry.apply([{ kind: 'put', patient: { ...withId(JAN, 'N1'), nationalNumber: '42012205181' } }]);
    equal(await idsFound(registry, NUMBER), ['L1001'], 'the keys of the old record lead nowhere');
    equal(await idsFound(registry, { nationalNumber: '42012205181' }), ['N1'], 'those of the new one lead to it');
    equal(await registry.size(), SAMPLE_LOCAL_PATIENTS.length + 1, 'a replaced patient is counted once');
  });

  test('bears the same patient twice', async (registry) => {
    await registry.apply([{ kind: 'put', patient: JAN }]);
    equal(await registry.size(), SAMPLE_LOCAL_PATIENTS.length, 'nothing changed');
    equal(await idsFound(registry, NUMBER), ['L1001'], 'a patient is listed once');
  });

  test('takes a patient out, and bears that nobody was there', async (registry) => {
    await registry.apply([
      { kind: 'remove', patientId: 'L1001' },
      { kind: 'remove', patientId: 'L1001' },
      { kind: 'remove', patientId: 'nobody' },
    ]);
    equal(await registry.get('L1001'), undefined, 'a patient who was taken out is gone');
    equal(await idsFound(registry, NUMBER), [], 'and is no candidate');
    equal(await registry.size(), SAMPLE_LOCAL_PATIENTS.length - 1, 'and is not counted');
  });

  test('counts names as patients come and go', async (registry) => {
    const peeters = async () => (await registry.names?.())?.family('peeters');
    if ((await peeters()) === undefined) return;
    equal(await peeters(), 2, 'two are called Peeters');
    await registry.apply([{ kind: 'remove', patientId: 'L1006' }]);
    equal(await peeters(), 1, 'one is left');
    await registry.apply([{ kind: 'put', patient: { ...JAN, patientId: { id: 'L1007' } } }]);
    equal(await peeters(), 0, 'nobody is');
  });

  test('makes changes in their order', async (registry) => {
    await registry.apply([
      { kind: 'put', patient: withId(JAN, 'N1') },
      { kind: 'put', patient: { ...withId(JAN, 'N1'), city: 'Brugge' } },
      { kind: 'put', patient: withId(JAN, 'N2') },
      { kind: 'remove', patientId: 'N2' },
      { kind: 'remove', patientId: 'L1001' },
      { kind: 'put', patient: { ...JAN, city: 'Oostende' } },
    ]);
    equal((await registry.get('N1'))?.city, 'Brugge', 'the later record of one ID stays');
    equal(await registry.get('N2'), undefined, 'who was taken out after being added is gone');
    equal((await registry.get('L1001'))?.city, 'Oostende', 'who came again after being taken out is there');
    equal((await idsFound(registry, NUMBER)).length, 2, 'and each is found once');
  });

  test('makes all changes or none', async (registry) => {
    await rejectsWithCode(
      () =>
        registry.apply([
          { kind: 'remove', patientId: 'L1001' },
          { kind: 'put', patient: withId(JAN, 'N1') },
          { kind: 'merge', patientId: 'L1006', into: 'L1007' },
          { kind: 'merge', patientId: 'L1002', into: 'L1002' },
        ]),
      'RECONCILIATION_DIRECTORY_INVALID',
      'a merge of a patient into itself is refused',
    );
    equal(await idsFound(registry, NUMBER), ['L1001'], 'the changes before it were not made either');
    equal(await registry.currentId('L1006'), 'L1006', 'nor was a merge');
    equal(await registry.size(), SAMPLE_LOCAL_PATIENTS.length, 'nobody came and nobody went');
  });
}

function mergeTests(test: Test): void {
  test('merges a patient into another, to whom the ID leads from then on', async (registry) => {
    await registry.apply([{ kind: 'merge', patientId: 'L1006', into: 'L1007' }]);
    equal(await registry.get('L1006'), undefined, 'the record that was merged is gone');
    check((await registry.get('L1007')) !== undefined, 'the other is there');
    equal(await registry.currentId('L1006'), 'L1007', 'the ID leads to the other');
    equal(await registry.currentId('L1007'), 'L1007', 'whose ID leads to itself');
    equal(await registry.currentId('nobody'), 'nobody', 'as does one that is not known');
  });

  test('follows merges of merges, also of IDs that it does not know', async (registry) => {
    await registry.apply([{ kind: 'merge', patientId: 'X1', into: 'X2' }]);
    await registry.apply([{ kind: 'merge', patientId: 'X2', into: 'L1001' }]);
    equal(await registry.currentId('X1'), 'L1001', 'an ID leads to the end of the chain');
  });

  test('keeps an ID leading where it led when its record comes late', async (registry) => {
    await registry.apply([{ kind: 'merge', patientId: 'X1', into: 'L1001' }]);
    await registry.apply([{ kind: 'put', patient: withId(JAN, 'X1') }]);
    equal(await registry.currentId('X1'), 'L1001', 'a merge holds from then on');
  });

  test('refuses to merge in a circle', async (registry) => {
    await registry.apply([
      { kind: 'merge', patientId: 'X1', into: 'X2' },
      { kind: 'merge', patientId: 'X2', into: 'X3' },
    ]);
    const circles = [
      ['X3', 'X1'],
      ['X3', 'X2'],
      ['X3', 'X3'],
      ['X1', 'X1'],
    ] as const;
    for (const [patientId, into] of circles) {
      await rejectsWithCode(
        () => registry.apply([{ kind: 'merge', patientId, into }]),
        'RECONCILIATION_DIRECTORY_INVALID',
        'a circle leads to nobody',
      );
    }
    equal(await registry.currentId('X1'), 'X3', 'the merges before it stay');
  });
}

function renameTests(test: Test): void {
  test('gives a record another ID, to which the old one leads', async (registry) => {
    await registry.apply([{ kind: 'rename', patientId: 'L1001', to: 'N1' }]);
    equal(await registry.get('L1001'), undefined, 'nobody is under the old ID');
    equal(
      (await registry.get('N1'))?.patientId,
      { id: 'N1', issuer: SAMPLE_LOCAL_ISSUER },
      'the record is under the new',
    );
    equal(await idsFound(registry, NUMBER), ['N1'], 'and is found by its traits');
    equal(await registry.currentId('L1001'), 'N1', 'the old ID leads to the new one');
  });

  test('gives a record its old ID back', async (registry) => {
    await registry.apply([{ kind: 'rename', patientId: 'L1001', to: 'N1' }]);
    await registry.apply([{ kind: 'rename', patientId: 'N1', to: 'L1001' }]);
    equal(await registry.currentId('N1'), 'L1001', 'the ID that was taken back leads to the record');
    equal(await registry.currentId('L1001'), 'L1001', 'whose ID leads to itself');
  });

  test('notes another ID of a record that it does not know', async (registry) => {
    await registry.apply([{ kind: 'rename', patientId: 'X1', to: 'X2' }]);
    equal(await registry.currentId('X1'), 'X2', 'the old ID leads to the new one');
    equal(await registry.size(), SAMPLE_LOCAL_PATIENTS.length, 'nobody was added');
  });

  test('refuses an ID that is somebody else’s, and the one that it is', async (registry) => {
    for (const to of ['L1002', 'L1001']) {
      await rejectsWithCode(
        () => registry.apply([{ kind: 'rename', patientId: 'L1001', to }]),
        'RECONCILIATION_DIRECTORY_INVALID',
        'a record cannot have an ID that is taken',
      );
    }
    check((await registry.get('L1002'))?.name?.alphabetic.given === 'Hélène', 'nobody is replaced by it');
  });
}

function listTests(test: Test): void {
  test('holds the patients of a list and no others', async (registry) => {
    const list = [...SAMPLE_LOCAL_PATIENTS.slice(2), { ...JAN, city: 'Brugge' }, withId(JAN, 'N1')];
    await registry.replaceAll(listed(list));
    equal(await registry.size(), list.length, 'those on the list are there');
    equal(await registry.get('L1002'), undefined, 'who is not on it is gone');
    equal((await registry.get('L1001'))?.city, 'Brugge', 'a record that changed is replaced');
    equal((await idsFound(registry, NUMBER)).length, 2, 'and each is found once');
  });

  test('takes the last of several with one ID', async (registry) => {
    await registry.replaceAll(listed([JAN, { ...JAN, city: 'Brugge' }, { ...JAN, city: 'Oostende' }]));
    equal(await registry.size(), 1, 'an ID is one patient');
    equal((await registry.get('L1001'))?.city, 'Oostende', 'the last stays');
    equal(await idsFound(registry, NUMBER), ['L1001'], 'and is found once');
  });

  test('keeps merged IDs leading where they led', async (registry) => {
    await registry.apply([{ kind: 'merge', patientId: 'L1006', into: 'L1007' }]);
    await registry.replaceAll(listed(SAMPLE_LOCAL_PATIENTS));
    equal(await registry.currentId('L1006'), 'L1007', 'a list does not undo a merge');
  });

  test('takes nobody out for a list that was cut off', async (registry) => {
    const failure = new Error('cut off');
    async function* cutOff(): AsyncGenerator<LocalPatient> {
      yield withId(JAN, 'N1');
      throw failure;
    }
    await rejectsWith(() => registry.replaceAll(cutOff()), failure, 'what the list throws is rethrown');
    for (const { patientId } of SAMPLE_LOCAL_PATIENTS) {
      check((await registry.get(patientId.id)) !== undefined, 'everybody is still there');
    }
  });

  test('refuses a list that would take out too many', async (registry) => {
    const few = SAMPLE_LOCAL_PATIENTS.slice(0, 3);
    const error = await rejectsWithCode(
      () => registry.replaceAll(listed(few), { leastShareKept: 0.5 }),
      'RECONCILIATION_DIRECTORY_INVALID',
      'a list that shrank is refused',
    );
    equal((error as { details?: { reason?: unknown } }).details?.reason, 'shrunk', 'and says why');
    equal(await registry.size(), SAMPLE_LOCAL_PATIENTS.length, 'before anybody goes');
    await registry.replaceAll(listed(SAMPLE_LOCAL_PATIENTS.slice(0, 4)), { leastShareKept: 0.5 });
    equal(await registry.size(), 4, 'one that keeps enough is taken');
  });
}

function lifeTests(test: Test, runner: TestRunner, options: PatientRegistryConformanceOptions): void {
  test('rethrows the reason of an abort untouched, and changes nothing', async (registry) => {
    const reason = new Error('no longer needed');
    const signal = AbortSignal.abort(reason);
    const remove = [{ kind: 'remove', patientId: 'L1001' }] as const;
    await rejectsWith(() => registry.apply(remove, { signal }), reason, 'apply() rethrows it');
    await rejectsWith(() => registry.replaceAll(listed([]), { signal }), reason, 'replaceAll() rethrows it');
    equal(await registry.size(), SAMPLE_LOCAL_PATIENTS.length, 'nobody went');
  });

  test('tells of changes once they are made', async (registry) => {
    const sizes: Promise<number>[] = [];
    registry.onChange(() => void sizes.push(registry.size()));
    await registry.apply([{ kind: 'remove', patientId: 'L1001' }]);
    equal(await Promise.all(sizes), [SAMPLE_LOCAL_PATIENTS.length - 1], 'a listener finds what was changed');
  });

  test('makes changes that are asked for at once one after the other', async (registry) => {
    const changes = Array.from({ length: 20 }, (_, index) =>
      registry.apply([
        { kind: 'put', patient: withId(JAN, `N${index % 5}`) },
        { kind: 'remove', patientId: `N${(index + 1) % 5}` },
      ]),
    );
    await Promise.all(changes);
    equal(
      (await idsFound(registry, NUMBER)).length,
      (await registry.size()) - SAMPLE_LOCAL_PATIENTS.length + 1,
      'none is lost',
    );
  });

  void runner.it('is unavailable before it was started', async () => {
    const { registry, dispose } = await options.create();
    try {
      const code = 'RECONCILIATION_DIRECTORY_UNAVAILABLE';
      await rejectsWithCode(() => registry.apply([{ kind: 'put', patient: JAN }]), code, 'nothing can be written');
      await rejectsWithCode(() => registry.get('L1001'), code, 'and nothing be asked');
    } finally {
      await registry.stop();
      await dispose();
    }
  });

  if (!options.isDurable) return;
  test('has everything again after a stop', async (registry) => {
    await registry.apply([
      { kind: 'put', patient: withId(JAN, 'N1') },
      { kind: 'merge', patientId: 'L1006', into: 'L1007' },
    ]);
    await registry.stop();
    await rejectsWithCode(() => registry.size(), 'RECONCILIATION_DIRECTORY_UNAVAILABLE', 'stopped, it stays quiet');
    await registry.start();
    equal(await registry.size(), SAMPLE_LOCAL_PATIENTS.length, 'the patients are there');
    equal(await idsFound(registry, NUMBER), ['L1001', 'N1'], 'and are found');
    equal(await registry.currentId('L1006'), 'L1007', 'and merges hold');
    const names = await registry.names?.();
    if (names !== undefined) equal(names.family('peeters'), 1, 'and names are counted');
  });
}

async function withRegistry(
  options: PatientRegistryConformanceOptions,
  body: (registry: PatientRegistry) => Promise<void>,
): Promise<void> {
  const { registry, dispose } = await options.create();
  try {
    await registry.start();
    await registry.replaceAll(listed(SAMPLE_LOCAL_PATIENTS));
    await body(registry);
  } finally {
    await registry.stop();
    await dispose();
  }
}

async function* listed(patients: readonly LocalPatient[]): AsyncGenerator<LocalPatient, void, undefined> {
  yield* patients;
}

async function idsFound(
  registry: PatientRegistry,
  arrival: { readonly nationalNumber: string },
): Promise<readonly string[]> {
  return (await registry.candidates(arrival)).map(({ patientId }) => patientId.id);
}

function withId(patient: LocalPatient, id: string): LocalPatient {
  return { ...patient, patientId: { ...patient.patientId, id } };
}
