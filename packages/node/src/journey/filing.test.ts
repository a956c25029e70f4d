import { memoryPacs, type MemoryPacs, type MemoryPacsFaults } from '@interhosp/adapters/memory';
import { generateStudy } from '@interhosp/core/conformance';
import type { LocalPatient } from '@interhosp/core/study';
import { silentLog, type Clock } from '@interhosp/core/world';
import { describe, expect, it } from 'vitest';
import { exchangeIn, received, SOUTH, storable, typesOf, type Received } from '../../test/journey/exchanges.ts';
import { codeOf, crypto } from '../../test/storage/worlds.ts';
import { fileStudy } from './filing.ts';

const patient: LocalPatient = {
  birthDate: '1961-04-23',
  name: { alphabetic: { family: 'Peeters', given: 'Anna', middle: '', prefix: '', suffix: '' } },
  patientId: { id: 'P1', issuer: 'SOUTH' },
  sex: 'F',
};
const { signal } = new AbortController();

/** Waits cost nothing, and are counted. */
function hastyClock(): Clock & { waits: number } {
  const clock = {
    monotonicMs: () => 0,
    now: () => Date.UTC(2026, 2, 14, 10),
    sleep: async () => {
      clock.waits++;
    },
    waits: 0,
  };
  return clock;
}

function file({ pack, x }: Pick<Received, 'pack' | 'x'>, pacs: MemoryPacs, clock: Clock = hastyClock()): Promise<void> {
  const settings = { coercion: {}, self: SOUTH, utcOffsetMinutes: 60 };
  return fileStudy(x, pack, { clock, crypto, log: silentLog, pacs, settings }, signal);
}

async function idsIn(pacs: MemoryPacs, arrived: Received): Promise<readonly (string | undefined)[]> {
  const ids: (string | undefined)[] = [];
  for await (const { patient: shown } of pacs.findStudies({ studyInstanceUid: arrived.study.studyInstanceUid }))
    ids.push(shown.patientId.id);
  return ids;
}

describe('filing', () => {
  it('stores every instance under the local patient, and confirms what the PACS shows', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs();
    await file(arrived, pacs);
    expect(await idsIn(pacs, arrived)).toEqual(['P1']);
    expect(pacs.held()).toHaveLength(4);
    const { evidence, instances } = arrived.x.required('CONFIRMED');
    expect([evidence, instances.map(({ status }) => status)]).toEqual(['query', Array(4).fill('filed')]);
    expect(typesOf(arrived.written).slice(-3)).toEqual(['STORING', 'STORED', 'CONFIRMED']);
  });

  it('does nothing a second time', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs();
    await file(arrived, pacs);
    const records = arrived.written.length;
    await file({ ...arrived, x: exchangeIn(arrived.written, 'receiver', arrived.study.studyInstanceUid) }, pacs);
    expect([arrived.written.length, pacs.held().length]).toEqual([records, 4]);
  });

  it('refuses a study that the PACS holds under another patient, and stores nothing', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs();
    await pacs.seed(storable(generateStudy({ instances: 1, patient: { patientId: { id: 'P2' } }, pixels: 16 })));
    expect(await codeOf(file(arrived, pacs))).toBe('TRANSFER_STUDY_CONFLICT');
    expect(pacs.held()).toHaveLength(1);
    expect(arrived.x.state.has('STORING')).toBe(false);
  });

  it('keeps out when the PACS lists the study under another patient after the store', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ faults: { listsUnder: { id: 'WRONG' } } });
    expect(await codeOf(file(arrived, pacs))).toBe('TRANSFER_STUDY_CONFLICT');
    expect(arrived.x.state.has('CONFIRMED')).toBe(false);
  });

  it.each<[string, MemoryPacsFaults]>([
    ['drops an instance in silence', { dropEvery: 4 }],
    ['alters a byte', { altersBytes: true }],
    ['never lists what it took', { isIndexingLate: true }],
  ])('does not confirm when the PACS %s', async (_, faults) => {
    const arrived = await received(patient);
    expect(await codeOf(file(arrived, memoryPacs({ faults })))).toBe('TRANSFER_NOT_CONFIRMED');
    expect(arrived.x.state.stage).toBe('STORED');
  });

  it('does not confirm a study that is shown under another name', async () => {
    const arrived = await received(patient);
    const other = { ...patient, name: { alphabetic: { ...patient.name?.alphabetic, given: 'Maria' } } } as LocalPatient;
    const pacs = memoryPacs({ faults: { hidesDuplicates: true } });
    // The PACS keeps an old object of this UID with the old name, and answers success for ours.
    await pacs.seed(storable(generateStudy({ instances: 4, patient: other, pixels: 16 })));
    expect(await codeOf(file(arrived, pacs))).toBe('TRANSFER_NOT_CONFIRMED');
    expect(arrived.x.state.has('CONFIRMED')).toBe(false);
  });

  it('waits for a PACS that lists late, and confirms then', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ faults: { isIndexingLate: true } });
    const clock = hastyClock();
    const sleep = () => {
      if (++clock.waits === 3) pacs.faults = {};
      return Promise.resolve();
    };
    await file(arrived, pacs, { ...clock, sleep });
    expect(clock.waits).toBe(3);
    expect(arrived.x.state.has('CONFIRMED')).toBe(true);
  });

  it('quarantines and names an instance that the PACS refuses, and files the others', async () => {
    const arrived = await received(patient);
    const refused = arrived.study.instances[2]?.sopInstanceUid;
    const pacs = memoryPacs({ faults: { refuse: ({ sopInstanceUid }) => sopInstanceUid === refused } });
    await file(arrived, pacs);
    expect(pacs.held()).toHaveLength(3);
    const left = arrived.x.required('CONFIRMED').instances.filter(({ status }) => status === 'quarantined');
    expect(left).toEqual([{ code: 'PACS_INSTANCE_REFUSED', sopInstanceUid: refused, status: 'quarantined' }]);
  });

  it('is not delivered when the PACS refuses every instance', async () => {
    const arrived = await received(patient);
    expect(await codeOf(file(arrived, memoryPacs({ faults: { refuseEvery: 1 } })))).toBe('TRANSFER_STUDY_CONFLICT');
    expect(arrived.x.state.has('CONFIRMED')).toBe(false);
  });

  it.each<[string, MemoryPacsFaults]>([
    ['is full', { isFull: true }],
    ['refuses for now', { refuseEvery: 2, refusedRetry: 'later' }],
    ['loses an answer', { loseAnswerEvery: 2 }],
  ])('comes back later when the PACS %s, and files each instance once', async (_, faults) => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ faults });
    expect(await codeOf(file(arrived, pacs))).toBe('PACS_BUSY');
    expect(arrived.x.state.stage).toBe('STORING');
    pacs.faults = {};
    await file(arrived, pacs);
    expect(pacs.held()).toHaveLength(4);
    expect(arrived.x.required('CONFIRMED').instances.every(({ status }) => status === 'filed')).toBe(true);
  });

  it('passes on that the PACS is away, and goes on after a restart', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ faults: { cutStoreAtBytes: 300 } });
    expect(await codeOf(file(arrived, pacs))).toBe('PACS_UNREACHABLE');
    pacs.faults = {};
    await file({ ...arrived, x: exchangeIn(arrived.written, 'receiver', arrived.study.studyInstanceUid) }, pacs);
    expect(pacs.held()).toHaveLength(4);
    expect(typesOf(arrived.written).filter((type) => type === 'STORING')).toHaveLength(1);
  });

  it('stores the same bytes when it stores again', async () => {
    const bytesOf = (pacs: MemoryPacs) => pacs.held().map(({ chunks }) => Buffer.concat(chunks).toString('base64'));
    const arrived = await received(patient);
    const pacs = memoryPacs({ faults: { loseAnswerEvery: 4 } });
    await codeOf(file(arrived, pacs));
    const before = bytesOf(pacs);
    pacs.deleteStudy(arrived.study.studyInstanceUid);
    pacs.faults = {};
    const later = { ...hastyClock(), now: () => Date.UTC(2027, 0, 1) };
    await file(arrived, pacs, later);
    expect(bytesOf(pacs)).toEqual(before);
  });

  it('takes an instance that the PACS holds with the same pixels as filed, and does not touch it', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs();
    await pacs.seed(storable(generateStudy({ instances: 2, patient, pixels: 16 })));
    const before = pacs.held();
    await file(arrived, pacs);
    expect(arrived.x.required('STORING').alreadyHeld).toHaveLength(2);
    expect(arrived.x.required('CONFIRMED').instances.map(({ status }) => status)).toEqual(Array(4).fill('filed'));
    for (const one of before) expect(pacs.held()).toContain(one);
    expect(pacs.held()).toHaveLength(4);
  });

  it('quarantines an instance that the PACS holds with other pixels, and does not touch it', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ onDuplicate: 'replace' });
    // Same UIDs, larger image: other pixels.
    await pacs.seed(storable(generateStudy({ instances: 1, patient, pixels: 24 })));
    const [before] = pacs.held();
    await file(arrived, pacs);
    const [first, ...others] = arrived.x.required('CONFIRMED').instances;
    expect(first).toMatchObject({ code: 'TRANSFER_STUDY_CONFLICT', status: 'quarantined' });
    expect(others.map(({ status }) => status)).toEqual(['filed', 'filed', 'filed']);
    expect(pacs.held()).toContain(before);
  });
});
