import { createPatientIndex, type PatientChange, type PatientRegistry } from '@interhosp/core/patients';
import type { ArrivingPatient, LocalPatient } from '@interhosp/core/study';
import { generatePopulation } from '@interhosp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshFolder, listed, registryIn } from '../../../test/patients/registries.ts';
import { packRecord, unpackRecord } from './packed-record.ts';

const POPULATION = generatePopulation({ seed: 'patient index on disk', registry: 40, arrivals: 60, stress: 8 });
const ARRIVALS: readonly ArrivingPatient[] = [
  ...POPULATION.arrivals.map(({ patient }) => patient),
  ...POPULATION.registry.slice(0, 10),
  {},
];
const IDS = POPULATION.registry.slice(0, 12).map(({ patientId }) => patientId.id);

const id = fc.constantFrom(...IDS);
/** Anybody of the population under one of few IDs: records replace others with whom they have some keys in common. */
const patient = fc
  .tuple(fc.constantFrom(...POPULATION.registry), id)
  .map(([traits, own]): LocalPatient => ({ ...traits, patientId: { ...traits.patientId, id: own } }));
const change: fc.Arbitrary<PatientChange> = fc.oneof(
  { weight: 6, arbitrary: patient.map((one) => ({ kind: 'put' as const, patient: one })) },
  { weight: 2, arbitrary: id.map((patientId) => ({ kind: 'remove' as const, patientId })) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('merge' as const), patientId: id, into: id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rename' as const), patientId: id, to: id }) },
);
type Step =
  | { readonly do: 'apply'; readonly changes: readonly PatientChange[] }
  | { readonly do: 'replace'; readonly list: readonly LocalPatient[] }
  | { readonly do: 'rebuild' | 'reopen' };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('apply' as const),
      changes: fc.array(change, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('replace' as const),
      list: fc.uniqueArray(patient, { maxLength: 12, selector: ({ patientId }) => patientId.id }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('rebuild' as const, 'reopen' as const) }) },
);

describe('the index on disk', () => {
  it('answers as the one in memory, whatever came, went, was merged or made anew', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const { folder, dispose } = await freshFolder();
        const registry = registryIn(folder);
        const model = new Model();
        try {
          await registry.start();
          for (const one of steps) {
            if (one.do === 'apply') {
              const isRefused = await registry.apply(one.changes).then(
                () => false,
                () => true,
              );
              expect(isRefused).toBe(!model.apply(one.changes));
            } else if (one.do === 'replace') {
              await registry.replaceAll(listed(one.list));
              model.replaceAll(one.list);
            } else if (one.do === 'rebuild') {
              expect((await registry.rebuild()).lost).toBe(0);
            } else {
              await registry.stop();
              await registry.start();
            }
          }
          await expectSame(registry, model);
        } finally {
          await registry.stop();
          await dispose();
        }
      }),
      { seed: 20_261_125, numRuns: process.env['INTERHOSP_DOSE'] === 'long' ? 2_000 : 40 },
    );
  });

  it('answers as the one in memory where a name is too common to vote', async () => {
    const { folder, dispose } = await freshFolder();
    const registry = registryIn(folder);
    try {
      await registry.start();
      const crowd = Array.from({ length: 2_100 }, (_, index) => {
        const birthDate = new Date(Date.UTC(1930, 0, 1 + index * 13)).toISOString().slice(0, 10);
        const name = { alphabetic: { family: 'Peeters', given: 'Maria', middle: '', prefix: '', suffix: '' } };
        return { patientId: { id: `C${index}`, issuer: 'URN:HERE' }, name, birthDate };
      });
      await registry.replaceAll(listed([...POPULATION.registry, ...crowd]));
      const memory = createPatientIndex([...POPULATION.registry, ...crowd]);
      const [{ name, birthDate }] = crowd.slice(1_500) as [(typeof crowd)[number]];
      for (const arrival of [{ name }, { name, birthDate }, ...ARRIVALS]) {
        for (const limit of [5, 200]) {
          expect(await registry.candidates(arrival, { limit })).toEqual(memory.candidates(arrival, { limit }));
        }
      }
    } finally {
      await registry.stop();
      await dispose();
    }
  });

  it('packs every record so that it comes out as it went in', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 });
    const name = fc.record({ family: text, given: text, middle: text, prefix: text, suffix: text });
    const groups = fc.record({ alphabetic: name, ideographic: name, phonetic: name }, { requiredKeys: ['alphabetic'] });
    const issued = fc.record({ id: text, issuer: text }, { requiredKeys: ['id'] });
    const record = fc.record(
      {
        patientId: issued,
        name: groups,
        birthName: groups,
        birthDate: text,
        sex: fc.constantFrom('M' as const, 'F' as const, 'O' as const),
        nationalNumber: text,
        otherIds: fc.array(issued, { maxLength: 3 }),
        street: text,
        postcode: text,
        city: text,
        phone: text,
      },
      { requiredKeys: ['patientId'] },
    );
    fc.assert(
      fc.property(record, (one) => {
        expect(unpackRecord(packRecord(one))).toEqual(one);
      }),
    );
  });
});

/** What the port says, over the index in memory. */
class Model {
  #index = createPatientIndex();
  #leads = new Map<string, string>();
  #ids = new Set<string>();

  get index() {
    return this.#index;
  }

  /** @returns false when the changes are refused; none was made then. */
  apply(changes: readonly PatientChange[]): boolean {
    const before = { leads: new Map(this.#leads), patients: [...this.#ids].map((one) => this.#index.get(one)) };
    if (changes.every((one) => this.#apply(one))) return true;
    this.#leads = before.leads;
    this.#index = createPatientIndex(before.patients.filter((one) => one !== undefined));
    this.#ids = new Set(before.patients.flatMap((one) => one?.patientId.id ?? []));
    return false;
  }

  replaceAll(list: readonly LocalPatient[]): void {
    for (const one of list) this.#put(one);
    const kept = new Set(list.map(({ patientId }) => patientId.id));
    for (const one of this.#ids) if (!kept.has(one)) this.#remove(one);
  }

  currentId(patientId: string): string {
    const next = this.#leads.get(patientId);
    return next === undefined ? patientId : this.currentId(next);
  }

  #apply(one: PatientChange): boolean {
    if (one.kind === 'put') this.#put(one.patient);
    else if (one.kind === 'remove') this.#remove(one.patientId);
    else if (one.kind === 'merge') {
      for (let at: string | undefined = one.into; at !== undefined; at = this.#leads.get(at)) {
        if (at === one.patientId) return false;
      }
      this.#remove(one.patientId);
      this.#leads.set(one.patientId, one.into);
    } else {
      const { patientId, to } = one;
      const before = this.#index.get(patientId);
      if (patientId === to || (before !== undefined && this.#index.get(to) !== undefined)) return false;
      if (before !== undefined) {
        this.#remove(patientId);
        this.#put({ ...before, patientId: { ...before.patientId, id: to } });
      }
      this.#leads.delete(to);
      this.#leads.set(patientId, to);
    }
    return true;
  }

  /** A record that did not change keeps its place among those that are as near. */
  #put(patient: LocalPatient): void {
    const own = patient.patientId.id;
    const before = this.#index.get(own);
    if (before !== undefined && Buffer.compare(packRecord(before), packRecord(patient)) === 0) return;
    this.#remove(own);
    this.#index.upsert(patient);
    this.#ids.add(own);
  }

  #remove(patientId: string): void {
    this.#index.remove(patientId);
    this.#ids.delete(patientId);
  }
}

async function expectSame(registry: PatientRegistry, model: Model): Promise<void> {
  expect(await registry.size()).toBe(model.index.size);
  for (const arrival of ARRIVALS) {
    for (const limit of [3, 200]) {
      expect(await registry.candidates(arrival, { limit })).toEqual(model.index.candidates(arrival, { limit }));
    }
  }
  for (const one of IDS) {
    expect(await registry.get(one)).toEqual(model.index.get(one));
    expect(await registry.currentId(one)).toBe(model.currentId(one));
  }
  const names = await registry.names?.();
  expect(names?.total).toBe(model.index.names.total);
  for (const { name } of POPULATION.registry) {
    const { family = '', given = '' } = name?.alphabetic ?? {};
    const [f, g] = [family, given].map((text) => text.toLowerCase()) as [string, string];
    expect(names?.family(f)).toBe(model.index.names.family(f));
    expect(names?.given(g)).toBe(model.index.names.given(g));
  }
}
