/** What a PACS was seen to do after it answered success, or before it was asked: none of it is ever confirmed. */
import { memoryPacs, type MemoryPacs } from '@interhosp/adapters/memory';
import { generateStudy } from '@interhosp/core/conformance';
import type { Uid } from '@interhosp/core/dicom';
import { isInterhospError, PacsError } from '@interhosp/core/errors';
import type { LocalPatient } from '@interhosp/core/study';
import { silentLog, type Clock, type Random } from '@interhosp/core/world';
import { describe, expect, it } from 'vitest';
import { exchangeIn, received, SOUTH, storable, type Received } from '../../test/journey/exchanges.ts';
import { codeOf, crypto, random, seededRandom } from '../../test/storage/worlds.ts';
import { fileStudy } from './filing.ts';

const patient: LocalPatient = {
  birthDate: '1961-04-23',
  name: { alphabetic: { family: 'Peeters', given: 'Anna', middle: '', prefix: '', suffix: '' } },
  patientId: { id: 'P1', issuer: 'SOUTH' },
  sex: 'F',
};
const { signal } = new AbortController();
const clock: Clock = { monotonicMs: () => 0, now: () => Date.UTC(2026, 2, 14, 10), sleep: () => Promise.resolve() };

function file({ pack, x }: Pick<Received, 'pack' | 'x'>, pacs: MemoryPacs, chance: Random = random): Promise<void> {
  const settings = { coercion: {}, self: SOUTH, utcOffsetMinutes: 60 };
  return fileStudy(x, pack, { clock, crypto, log: silentLog, pacs, random: chance, settings }, signal);
}

const held = (pacs: MemoryPacs) => pacs.held().map(({ sopInstanceUid }) => sopInstanceUid);
const statuses = ({ x }: Received) => x.required('CONFIRMED').instances.map(({ status }) => status);

/** A study of ours as the PACS had it, under some patients. */
async function seed(pacs: MemoryPacs, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const of = { ...patient, patientId: { ...patient.patientId, id } };
    await pacs.seed(storable(generateStudy({ instances: 4, patient: of, pixels: 16 })));
  }
}

/** One instance of it under another patient. */
async function seedFirst(pacs: MemoryPacs, id: string): Promise<void> {
  const study = generateStudy({ instances: 4, patient: { ...patient, patientId: { id } }, pixels: 16 });
  await pacs.seed(storable(study).slice(0, 1));
}

describe('before anything is stored', () => {
  it('a study that stands under a second patient as well is held, and nothing is touched', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ duplicateBy: 'patient' });
    await seed(pacs, 'P1', 'P2');
    const error: unknown = await file(arrived, pacs).catch((cause: unknown) => cause);
    expect(isInterhospError(error) && [error.code, error.retry]).toEqual(['TRANSFER_STUDY_CONFLICT', 'no']);
    expect(pacs.held()).toHaveLength(8);
    expect(arrived.x.state.has('STORING')).toBe(false);
  });

  it('each attempt asks anew, as somebody may have filed it under another patient since the last', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ duplicateBy: 'patient', faults: { isFull: true } });
    expect(await codeOf(file(arrived, pacs))).toBe('PACS_BUSY');
    pacs.faults = {};
    await seedFirst(pacs, 'P2');
    expect(await codeOf(file(arrived, pacs))).toBe('TRANSFER_STUDY_CONFLICT');
    expect(pacs.held()).toHaveLength(1);
  });

  it('a study that comes home is recognised by what is there, and is not stored a second time', async () => {
    // Sent out under our patient, it comes back under the name and number of another hospital.
    const arrived = await received(patient, { patient: { ...patient, patientId: { id: 'N-7', issuer: 'NORTH' } } });
    const pacs = memoryPacs({ duplicateBy: 'patient' });
    await seed(pacs, 'P1');
    const before = pacs.held();
    const store = pacs.store.bind(pacs);
    const asked: Uid[] = [];
    pacs.store = (instances, options) => {
      asked.push(...[...(instances as Iterable<{ sopInstanceUid: Uid }>)].map(({ sopInstanceUid }) => sopInstanceUid));
      return store([], options);
    };
    await file(arrived, pacs);
    expect([asked, statuses(arrived)]).toEqual([[], Array(4).fill('filed')]);
    expect(pacs.held()).toEqual(before);
  });
});

describe('after everything was stored', () => {
  it('a PACS that makes room by throwing out what it just took is not confirmed', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ faults: { recyclesOver: 3 } });
    expect(await codeOf(file(arrived, pacs))).toBe('TRANSFER_NOT_CONFIRMED');
    expect(arrived.x.state.has('CONFIRMED')).toBe(false);
  });

  it('a PACS that recycles between the list and the reading back is not confirmed', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs();
    const retrieve = pacs.retrieve.bind(pacs);
    pacs.retrieve = (uid, options) => {
      pacs.deleteStudy(uid);
      return retrieve(uid, options);
    };
    expect(await codeOf(file(arrived, pacs))).toBe('PACS_STUDY_UNKNOWN');
    expect(arrived.x.state.has('CONFIRMED')).toBe(false);
  });

  it('an instance that is listed in another series is not the one that was stored', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs();
    const findInstances = pacs.findInstances.bind(pacs);
    pacs.findInstances = async function* (uid, options) {
      for await (const each of findInstances(uid, options)) yield { ...each, seriesInstanceUid: uid };
    };
    expect(await codeOf(file(arrived, pacs))).toBe('TRANSFER_NOT_CONFIRMED');
  });

  it.each([
    ['issuer', { ...patient, patientId: { id: 'P1', issuer: 'NORTH' } }],
    ['number', { ...patient, patientId: { id: 'P2', issuer: 'SOUTH' } }],
    ['name', { ...patient, name: { alphabetic: { ...patient.name?.alphabetic, given: 'Maria' } } } as LocalPatient],
  ])('a list that shows the patient, over objects that keep the old %s, is not believed', async (_, old) => {
    const arrived = await received(patient);
    const pacs = memoryPacs();
    Object.assign(pacs, { capabilities: { ...pacs.capabilities, preservesBytes: false } });
    const theirs = memoryPacs();
    await theirs.seed(storable(generateStudy({ instances: 4, patient: old, pixels: 16 })));
    pacs.retrieve = (...args) => theirs.retrieve(...args);
    expect(await codeOf(file(arrived, pacs))).toBe('TRANSFER_NOT_CONFIRMED');
  });

  it('what is read back is left to chance, which the dice of the test decide', async () => {
    const readBack = async (chance: Random) => {
      const pacs = memoryPacs();
      const retrieve = pacs.retrieve.bind(pacs);
      const asked: (Uid | undefined)[] = [];
      pacs.retrieve = (uid, options) => {
        asked.push(options?.instances?.[0]?.sopInstanceUid);
        return retrieve(uid, options);
      };
      const arrived = await received(patient, { instances: 9 });
      await file(arrived, pacs, chance);
      return asked.join();
    };
    const seeds = Array.from({ length: 5 }, (_, seed) => seed);
    const chosen = await Promise.all(seeds.map((each) => readBack(seededRandom(each))));
    expect(await Promise.all(seeds.map((each) => readBack(seededRandom(each))))).toEqual(chosen);
    expect(new Set(chosen).size).toBeGreaterThan(1);
  });
});

describe('what a PACS took and lost', () => {
  /** Confirms again and again; the code of each. */
  async function passes(arrived: Received, pacs: MemoryPacs, count: number): Promise<readonly (string | undefined)[]> {
    const codes: (string | undefined)[] = [];
    for (let pass = 0; pass < count; pass++) codes.push(await codeOf(file(arrived, pacs)));
    return codes;
  }

  it('is stored again, the same, and then confirmed', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ faults: { dropEvery: 4 } });
    expect(await codeOf(file(arrived, pacs))).toBe('TRANSFER_NOT_CONFIRMED');
    const kept = pacs.held();
    pacs.faults = {};
    expect(await passes(arrived, pacs, 2)).toEqual(['TRANSFER_NOT_CONFIRMED', undefined]);
    expect(held(pacs).toSorted()).toEqual(
      arrived.study.instances.map(({ sopInstanceUid }) => sopInstanceUid).toSorted(),
    );
    for (const one of kept) expect(pacs.held()).toContain(one);
    expect(statuses(arrived)).toEqual(Array(4).fill('filed'));
  });

  it('is not poured into a PACS that recycles: twice, and once a person has released it, twice again', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ faults: { recyclesOver: 3 } });
    const store = pacs.store.bind(pacs);
    let requests = 0;
    pacs.store = (...args) => {
      requests++;
      return store(...args);
    };
    await passes(arrived, pacs, 20);
    expect(requests).toBe(3);
    await arrived.x.record('HELD', { code: 'TRANSFER_NOT_CONFIRMED' });
    await arrived.x.record('RELEASED', { by: 'An' });
    await passes(arrived, pacs, 20);
    expect(requests).toBe(5);
    expect(arrived.x.state.has('CONFIRMED')).toBe(false);
  });

  it('and refuses now is named in the receipt', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ faults: { dropEvery: 2 } });
    await codeOf(file(arrived, pacs));
    const [refused] = arrived.study.instances
      .map(({ sopInstanceUid }) => sopInstanceUid)
      .filter((uid) => !held(pacs).includes(uid));
    pacs.faults = { refuse: ({ sopInstanceUid }) => sopInstanceUid === refused };
    expect(await passes(arrived, pacs, 2)).toEqual(['TRANSFER_NOT_CONFIRMED', undefined]);
    const { instances } = arrived.x.required('CONFIRMED');
    expect(instances.filter(({ status }) => status !== 'filed')).toEqual([
      { code: 'PACS_INSTANCE_REFUSED', sopInstanceUid: refused, status: 'quarantined' },
    ]);
  });

  it('and refuses now takes nothing of the study with it, and is known as refused also after a restart', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ faults: { dropEvery: 4 } });
    await codeOf(file(arrived, pacs));
    const [lost] = arrived.study.instances
      .map(({ sopInstanceUid }) => sopInstanceUid)
      .filter((uid) => !held(pacs).includes(uid));
    pacs.faults = { refuse: ({ sopInstanceUid }) => sopInstanceUid === lost };
    const retrieve = pacs.retrieve.bind(pacs);
    pacs.retrieve = () => {
      throw new PacsError('PACS_ABORTED');
    };
    // The pass that stores it again is broken off before it is confirmed.
    expect(await passes(arrived, pacs, 2)).toEqual(['TRANSFER_NOT_CONFIRMED', 'PACS_ABORTED']);
    pacs.retrieve = retrieve;
    const x = exchangeIn(arrived.written, 'receiver', arrived.study.studyInstanceUid);
    await file({ ...arrived, x }, pacs);
    const { instances } = x.required('CONFIRMED');
    expect(instances.filter(({ status }) => status !== 'filed')).toEqual([
      { code: 'PACS_INSTANCE_REFUSED', sopInstanceUid: lost, status: 'quarantined' },
    ]);
  });

  it('under a patient that has changed meanwhile is not stored again', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ duplicateBy: 'patient', faults: { dropEvery: 4 } });
    await codeOf(file(arrived, pacs));
    pacs.faults = {};
    await seedFirst(pacs, 'P2');
    expect(await passes(arrived, pacs, 3)).toEqual(Array(3).fill('TRANSFER_STUDY_CONFLICT'));
    expect(pacs.held()).toHaveLength(4);
  });
});
