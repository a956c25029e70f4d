import { describe, expect, it } from 'vitest';
import { PacsError, type InterhospError } from '@interhosp/core/errors';
import type { AdapterContext, Pacs, PacsPatient, PatientQuery } from '@interhosp/core/pacs';
import type { ArrivingPatient } from '@interhosp/core/study';
import { silentLog } from '@interhosp/core/world';
import { testClock } from '../../test/clock.ts';
import { adapter } from './adapter.ts';
import { patientsDicom, type PatientsDicomOptions, type SearchedPacs } from './patients-dicom.ts';
import { searchesFor } from './searches.ts';

const NOBODY = { family: '', given: '', middle: '', prefix: '', suffix: '' };

function patient(
  id: string,
  family: string,
  given: string,
  birthDate?: string,
  more: Partial<PacsPatient> = {},
): PacsPatient {
  return {
    patientId: { id },
    name: { alphabetic: { ...NOBODY, family, given } },
    ...(birthDate !== undefined && { birthDate }),
    ...more,
  };
}

function arriving(
  family: string,
  given: string,
  birthDate?: string,
  more: Partial<ArrivingPatient> = {},
): ArrivingPatient {
  return { name: { alphabetic: { ...NOBODY, family, given } }, ...(birthDate !== undefined && { birthDate }), ...more };
}

/** A PACS that matches names without case and knows no diacritics, as most do. */
class ListedPacs implements SearchedPacs {
  readonly asked: PatientQuery[] = [];
  patients: readonly PacsPatient[];
  failure: Error | undefined;
  before: () => void = () => {};
  isRunning = false;

  constructor(patients: readonly PacsPatient[] = []) {
    this.patients = patients;
  }

  async start(): Promise<void> {
    this.isRunning = true;
  }

  async stop(): Promise<void> {
    this.isRunning = false;
  }

  async *findPatients(query: PatientQuery): AsyncGenerator<PacsPatient, void, undefined> {
    this.asked.push(query);
    this.before();
    if (this.failure !== undefined) throw this.failure;
    for (const each of this.patients) {
      const { birthDate, name, patientId } = query;
      const { family = '', given = '' } = each.name?.alphabetic ?? {};
      const pattern = new RegExp(`^${(name ?? '*').replaceAll('^', '\\^').replaceAll('*', '.*')}$`, 'i');
      const isMatch =
        (patientId ?? each.patientId.id) === each.patientId.id && (birthDate ?? each.birthDate) === each.birthDate;
      if (isMatch && pattern.test(`${family}^${given}`)) yield each;
    }
  }
}

function directoryOf(pacs: SearchedPacs, options: Partial<PatientsDicomOptions> = {}) {
  return patientsDicom({ pacs, issuer: 'HERE', patients: 1_000, ...options });
}

const ids = (found: readonly { readonly patientId: { readonly id: string } }[]) =>
  found.map(({ patientId }) => patientId.id);

describe('the searches for an arrival', () => {
  it('are by each ID, by the birth date, and by each name', () => {
    const arrival = arriving('Van den Berghe', 'Jan Piet', '1985-07-30', {
      patientId: { id: 'A1', issuer: 'THERE' },
      nationalNumber: '85073003328',
      otherIds: [{ id: 'A1' }, { id: 'B2' }],
      birthName: { alphabetic: { ...NOBODY, family: 'Claes' } },
    });
    expect(searchesFor(arrival).map(({ query }) => query)).toEqual([
      { patientId: '85073003328' },
      { patientId: 'A1' },
      { patientId: 'B2' },
      { birthDate: '1985-07-30' },
      { name: 'Van den Berghe*^J*' },
      { name: 'VAN DEN BERGHE*^J*' },
      { name: 'Van Den Berghe*^J*' },
      { name: 'Claes*' },
      { name: 'CLAES*' },
    ]);
  });

  it('are none of what is not known, or would match everybody', () => {
    for (const arrival of [
      {},
      arriving('', ''),
      arriving('*', '?'),
      arriving('^', '=', '0000-00-00'),
      arriving('\\', 'x', '1985-00-00'),
      { patientId: { id: '*' }, nationalNumber: 'A\\B', otherIds: [{ id: '' }, { id: '?' }, { id: 'x'.repeat(65) }] },
    ]) {
      expect(searchesFor(arrival)).toEqual([]);
    }
    expect(searchesFor(arriving('Cl*es^x=y', '\\?')).map(({ query }) => query)).toEqual([
      { name: 'Cl es x y*' },
      { name: 'CL ES X Y*' },
      { name: 'Cl Es X Y*' },
    ]);
    expect(searchesFor(arriving('A'.repeat(100_000), '\ud800'))[0]?.query.name).toHaveLength(49);
  });
});

describe('a directory over a PACS', () => {
  it('finds by ID, by birth date however the name is written, and by name', async () => {
    const pacs = new ListedPacs([
      patient('85073003328', 'Vandenberghe', 'Jan', '1985-07-30'),
      patient('2', 'LEFEVRE', 'HELENE', '1942-01-22'),
      patient('3', 'Claes', 'Anna', '1970-01-05'),
      patient('4', 'Okonkwo', 'Xiomara', '1970-01-05'),
    ]);
    const directory = directoryOf(pacs);
    expect(ids(await directory.candidates({ nationalNumber: '85073003328' }))).toEqual(['85073003328']);
    expect(ids(await directory.candidates(arriving('Lefèvre', 'Hélène', '1942-01-22')))).toEqual(['2']);
    expect(ids(await directory.candidates(arriving('Claes', 'Anna', '1970-05-01')))).toEqual(['3']);
    expect(ids(await directory.candidates(arriving('Wuyts', 'Bea', '1970-01-05')))).toEqual([]);
    expect(await directory.candidates({})).toEqual([]);
    expect(await directory.size()).toBe(1_000);
  });

  it('gives a patient under the local ID, exactly, with what images say', async () => {
    const pacs = new ListedPacs([
      patient('1', 'Claes', 'Anna', '1970-01-05', { sex: 'F', patientId: { id: '1', issuer: 'HERE' } }),
    ]);
    const directory = directoryOf(pacs);
    expect(await directory.get('1')).toEqual({
      patientId: { id: '1', issuer: 'HERE' },
      name: { alphabetic: { ...NOBODY, family: 'Claes', given: 'Anna' } },
      birthDate: '1970-01-05',
      sex: 'F',
    });
    pacs.asked.length = 0;
    for (const id of ['', '*', '?', '1\\2', '2', ' 1']) expect(await directory.get(id)).toBeUndefined();
    // What a PACS would take for a pattern, a list or for everybody is never asked.
    expect(pacs.asked).toEqual([{ patientId: '2' }, { patientId: ' 1' }]);
  });

  it('leaves out patients of another issuer and those without an ID', async () => {
    const pacs = new ListedPacs([
      patient('1', 'Claes', 'Anna', '1970-01-05', { patientId: { id: '1', issuer: 'THERE' } }),
      patient('', 'Claes', 'Anna', '1970-01-05'),
      patient('2', 'Claes', 'Anna', '1970-01-05', { patientId: { id: '2', issuer: ' HERE ' } }),
    ]);
    expect(ids(await directoryOf(pacs).candidates(arriving('Claes', 'Anna', '1970-01-05')))).toEqual(['2']);
  });

  it('believes no birth date and no sex of which studies of one ID tell several', async () => {
    const told = ['1970-01-05', '1970-05-01', '1970-01-05'].map((date) =>
      patient('1', 'Claes', 'Anna', date, { sex: 'F' }),
    );
    const directory = directoryOf(new ListedPacs([...told, patient('1', 'Claes', 'A', undefined, { sex: 'M' })]));
    const found = await directory.get('1');
    expect(found).not.toHaveProperty('birthDate');
    expect(found).not.toHaveProperty('sex');
    expect(found?.name?.alphabetic.given).toBe('Anna');
    const agreed = directoryOf(
      new ListedPacs([patient('1', 'Claes', 'Anna'), patient('1', 'Claes', 'Anna', '1970-01-05')]),
    );
    expect((await agreed.get('1'))?.birthDate).toBe('1970-01-05');
  });

  it('keeps the nearest, and as many as are asked for', async () => {
    const crowd = Array.from({ length: 300 }, (_, at) =>
      patient(`c${at}`, 'Peeters', 'Maria', `19${10 + (at % 80)}-06-15`),
    );
    const directory = directoryOf(new ListedPacs([...crowd, patient('near', 'Peeters', 'Maria', '1950-06-16')]));
    const arrival = arriving('Peeters', 'Maria', '1950-06-16');
    expect(ids(await directory.candidates(arrival, { limit: 1 }))).toEqual(['near']);
    expect((await directory.candidates(arrival)).length).toBeLessThanOrEqual(200);
  });

  it('looks at a part of the namesakes, and at all who were born on a day or at none', async () => {
    const crowd = Array.from({ length: 30 }, (_, at) => patient(`c${at}`, 'Peeters', 'Maria', '1950-06-15'));
    const pacs = new ListedPacs(crowd);
    const directory = directoryOf(pacs, { mostAnswers: 20 });
    expect((await directory.candidates(arriving('Peeters', 'Maria'))).length).toBe(20);
    await expect(directory.candidates(arriving('Peeters', 'Maria', '1950-06-15'))).rejects.toThrow(
      'DIRECTORY_UNAVAILABLE',
    );
  });

  it('says that it is unavailable when the PACS is, and rethrows the reason of an abort', async () => {
    const pacs = new ListedPacs([patient('1', 'Claes', 'Anna')]);
    const directory = directoryOf(pacs);
    for (const failure of [new PacsError('PACS_UNREACHABLE'), new PacsError('PACS_REFUSED'), new Error('Claes')]) {
      pacs.failure = failure;
      const error = await directory.candidates(arriving('Claes', 'Anna', '1970-01-05')).then(
        () => undefined,
        (thrown: unknown) => thrown as InterhospError,
      );
      expect(error?.code).toBe('RECONCILIATION_DIRECTORY_UNAVAILABLE');
      expect(error?.message).not.toContain('Claes');
      await expect(directory.get('1')).rejects.toThrow('DIRECTORY_UNAVAILABLE');
    }
    const reason = new Error('no longer needed');
    const signal = AbortSignal.abort(reason);
    await expect(directory.candidates({}, { signal })).rejects.toBe(reason);
    await expect(directory.get('1', { signal })).rejects.toBe(reason);
    const during = new AbortController();
    pacs.failure = undefined;
    pacs.before = () => during.abort(reason);
    await expect(directory.get('1', { signal: during.signal })).rejects.toBe(reason);
  });

  it('does not wait for ever', async () => {
    const pacs: SearchedPacs = {
      start: async () => {},
      stop: async () => {},
      async *findPatients(_query, { signal } = {}) {
        await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
        yield patient('1', 'x', 'y');
      },
    };
    await expect(directoryOf(pacs, { answerWithinMs: 50 }).get('1')).rejects.toThrow('PACS_UNREACHABLE');
  });

  it('starts and stops its PACS', async () => {
    const pacs = new ListedPacs();
    const directory = directoryOf(pacs);
    await directory.start();
    expect(pacs.isRunning).toBe(true);
    await directory.stop();
    expect(pacs.isRunning).toBe(false);
    directory.onChange(() => {})();
  });

  it('needs a PACS that can search patients', () => {
    expect(() => directoryOf({ start: async () => {}, stop: async () => {} })).toThrow('no-patient-search');
  });
});

describe('the module', () => {
  const validate = async (config: unknown) => adapter.configSchema['~standard'].validate(config);
  const contextOf = (pacs: SearchedPacs | undefined, asked: string[] = []): AdapterContext => ({
    clock: testClock(),
    log: silentLog,
    resolvePath: (path) => path,
    ...(pacs && {
      createPacs: async (name: string) => {
        asked.push(name);
        return pacs as Pacs;
      },
    }),
  });

  it('makes a directory over a PACS of the configuration', async () => {
    const result = await validate({ pacs: 'search', issuer: 'HERE', patients: 250_000 });
    if (result.issues !== undefined) throw new Error('refused');
    const asked: string[] = [];
    const directory = await adapter.create(
      result.value,
      contextOf(new ListedPacs([patient('1', 'Claes', 'Anna')]), asked),
    );
    expect(asked).toEqual(['search']);
    expect([await directory.size(), (await directory.get('1'))?.patientId.issuer]).toEqual([250_000, 'HERE']);
    await expect(async () => adapter.create(result.value, contextOf(undefined))).rejects.toThrow('CONFIG_INVALID');
    const blind = { start: async () => {}, stop: async () => {} };
    await expect(async () => adapter.create(result.value, contextOf(blind))).rejects.toThrow('CONFIG_INVALID');
  });

  it.each([
    {},
    { pacs: 'x', issuer: 'y' },
    { pacs: 'x', issuer: 'y', patients: 0 },
    { pacs: 'x', issuer: 'y', patients: 1, use: 'z' },
  ])('refuses %j', async (config) => {
    expect((await validate(config)).issues).toBeDefined();
  });
});
