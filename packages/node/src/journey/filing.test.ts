import { memoryPacs, type MemoryPacs, type MemoryPacsFaults } from '@interhosp/adapters/memory';
import { generateStudy, SAMPLE_PATIENT } from '@interhosp/core/conformance';
import type { ByteSource, Uid } from '@interhosp/core/dicom';
import { DicomError, PacsError, StorageError } from '@interhosp/core/errors';
import type { InstanceEntry, LocalPatient } from '@interhosp/core/study';
import { silentLog, type Clock } from '@interhosp/core/world';
import { describe, expect, it } from 'vitest';
import { exchangeIn, received, SOUTH, storable, typesOf, type Received } from '../../test/journey/exchanges.ts';
import { codeOf, collect, crypto, random } from '../../test/storage/worlds.ts';
import type { Pack } from '../spool/index.ts';
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
  return fileStudy(x, pack, { clock, crypto, log: silentLog, pacs, random, settings }, signal);
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

  it('is not delivered when the PACS refuses every instance, and may be tried again', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ faults: { refuseEvery: 1 } });
    expect(await codeOf(file(arrived, pacs))).toBe('TRANSFER_STUDY_CONFLICT');
    expect(arrived.x.state.has('STORED')).toBe(false);
    pacs.faults = {};
    await file(arrived, pacs);
    expect(arrived.x.required('CONFIRMED').instances.every(({ status }) => status === 'filed')).toBe(true);
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

  it('compares what the PACS holds already once, and again when a person has released it', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ faults: { isFull: true } });
    await pacs.seed(storable(generateStudy({ instances: 2, patient, pixels: 16 })));
    const retrieve = pacs.retrieve.bind(pacs);
    let retrieved = 0;
    pacs.retrieve = (...args) => {
      retrieved++;
      return retrieve(...args);
    };
    const seen: number[] = [];
    for (const isReleased of [false, false, true]) {
      if (isReleased) await arrived.x.record('HELD', { code: 'PACS_BUSY' });
      if (isReleased) await arrived.x.record('RELEASED', { by: 'An' });
      expect(await codeOf(file(arrived, pacs))).toBe('PACS_BUSY');
      seen.push(retrieved);
    }
    expect(seen).toEqual([2, 2, 4]);
  });

  it('forgets what it compared once the PACS holds it no more', async () => {
    const arrived = await received(patient);
    const pacs = memoryPacs({ faults: { isFull: true } });
    await pacs.seed(storable(generateStudy({ instances: 1, patient, pixels: 24 })));
    expect(await codeOf(file(arrived, pacs))).toBe('PACS_BUSY');
    pacs.deleteStudy(arrived.study.studyInstanceUid);
    pacs.faults = { loseAnswerEvery: 4 };
    expect(await codeOf(file(arrived, pacs))).toBe('PACS_BUSY');
    await file(arrived, pacs);
    expect(arrived.x.required('CONFIRMED').instances.every(({ status }) => status === 'filed')).toBe(true);
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

/** A PACS that may write objects anew: only their content can be compared. It gives one text back as another. */
function rewritingPacs(from = '', to = from): MemoryPacs {
  const pacs = memoryPacs();
  const retrieve = pacs.retrieve.bind(pacs);
  pacs.retrieve = async function* (uid, options) {
    for await (const { dataSet, transferSyntaxUid } of retrieve(uid, options)) {
      const bytes = Buffer.concat(await collect(dataSet));
      if (from !== '' && bytes.includes(from)) bytes.write(to, bytes.indexOf(from));
      yield { dataSet: one(bytes), transferSyntaxUid };
    }
  };
  return Object.assign(pacs, { capabilities: { ...pacs.capabilities, preservesBytes: false } });
}

describe('filing objects without pixels', () => {
  it.each(['SR', 'PDF'] as const)('confirms a %s whose content the PACS gives back', async (kind) => {
    const arrived = await received(patient, { kind });
    await file(arrived, rewritingPacs());
    expect(arrived.x.state.has('CONFIRMED')).toBe(true);
  });

  it.each([
    ['SR', 'No abnormality'],
    ['PDF', '/Catalog'],
  ] as const)('does not confirm a %s whose content the PACS has altered', async (kind, text) => {
    const arrived = await received(patient, { kind });
    const pacs = rewritingPacs(text, 'Xx');
    expect(await codeOf(file(arrived, pacs))).toBe('TRANSFER_NOT_CONFIRMED');
  });

  it('looks at one object of each kind: an image proves nothing of the report beside it', async () => {
    const more = generateStudy({ instances: 1, kind: 'SR' }).instances;
    const arrived = await received(patient, { more });
    expect(await codeOf(file(arrived, rewritingPacs('No abnormality', 'An')))).toBe('TRANSFER_NOT_CONFIRMED');
  });

  it('quarantines a report that the PACS holds with another content, and takes the same content as filed', async () => {
    const arrived = await received(patient, { instances: 2, kind: 'SR' });
    const pacs = memoryPacs();
    const [first, second] = storable(generateStudy({ instances: 2, kind: 'SR', patient }));
    if (first === undefined || second === undefined) throw new Error('two were generated');
    const altered = Buffer.concat(await collect(first.dataSet()));
    altered.write('Another', altered.indexOf('No abnormality'));
    await pacs.seed([{ ...first, dataSet: () => one(altered) }, second]);
    await file(arrived, pacs);
    expect(arrived.x.required('CONFIRMED').instances.map(({ code, status }) => [status, code])).toEqual([
      ['quarantined', 'TRANSFER_STUDY_CONFLICT'],
      ['filed', undefined],
    ]);
  });

  it.each([true, false])('tries again when what comes back is no data set (bytes kept: %s)', async (preservesBytes) => {
    const arrived = await received(patient);
    const pacs = Object.assign(memoryPacs(), { capabilities: { ...memoryPacs().capabilities, preservesBytes } });
    pacs.retrieve = async function* () {
      const dataSet = one(new Uint8Array(0));
      dataSet.next = () => Promise.reject(new DicomError('DICOM_NOT_PART10'));
      yield { dataSet, transferSyntaxUid: arrived.study.transferSyntaxUid };
    };
    expect(await codeOf(file(arrived, pacs))).toBe('TRANSFER_NOT_CONFIRMED');
  });

  it('does not confirm when the PACS gives another object than the one asked for', async () => {
    const arrived = await received(patient, { instances: 1 });
    const pacs = rewritingPacs();
    const other = generateStudy({ instances: 2, pixels: 16 }).instances[1];
    if (other === undefined) throw new Error('two were generated');
    // The pixels are those that are meant, the name is not.
    const dataSet = Buffer.from(arrived.study.instances[0]?.dataSet ?? []);
    dataSet.write(other.sopInstanceUid, dataSet.indexOf(arrived.study.instances[0]?.sopInstanceUid ?? ''));
    pacs.retrieve = async function* () {
      yield { dataSet: one(dataSet), transferSyntaxUid: other.transferSyntaxUid };
    };
    expect(await codeOf(file(arrived, pacs))).toBe('TRANSFER_NOT_CONFIRMED');
  });
});

describe('filing what is not what its sender said', () => {
  const other = generateStudy({ seed: 'other' });

  it.each([
    ['study', { studyInstanceUid: other.studyInstanceUid }],
    ['series', { seriesInstanceUid: other.seriesInstanceUid }],
    ['instance', { sopInstanceUid: other.instances[0]?.sopInstanceUid ?? other.studyInstanceUid }],
    ['kind of object', { sopClassUid: other.studyInstanceUid }],
  ])('quarantines an instance that is of another %s than the manifest says', async (_, said) => {
    const declare = (entry: InstanceEntry, index: number) => (index === 1 ? { ...entry, ...said } : entry);
    const arrived = await received(patient, { declare });
    const pacs = memoryPacs();
    await file(arrived, pacs);
    expect(pacs.held()).toHaveLength(3);
    const left = arrived.x.required('CONFIRMED').instances.filter(({ status }) => status === 'quarantined');
    expect(left.map(({ code }) => code)).toEqual(['TRANSFER_MANIFEST_MISMATCH']);
  });

  it('quarantines an instance of another patient than the one that was offered', async () => {
    const more = generateStudy({ instances: 1, kind: 'SR', patient: { patientId: { id: 'SOMEBODY-ELSE' } } }).instances;
    const arrived = await received(patient, { more });
    const pacs = memoryPacs();
    await file(arrived, pacs);
    expect(pacs.held()).toHaveLength(4);
    expect(arrived.x.required('CONFIRMED').instances.at(-1)).toMatchObject({
      code: 'TRANSFER_STUDY_CONFLICT',
      status: 'quarantined',
    });
  });

  it('quarantines an instance of another patient also where neither has an ID', async () => {
    const { patientId: _, ...unknown } = SAMPLE_PATIENT;
    const other = { ...unknown, birthDate: '2001-02-03' };
    const more = generateStudy({ instances: 1, kind: 'SR', patient: other }).instances;
    const arrived = await received(patient, { more, patient: unknown });
    const pacs = memoryPacs();
    await file(arrived, pacs);
    expect(pacs.held()).toHaveLength(4);
    expect(arrived.x.required('CONFIRMED').instances.at(-1)).toMatchObject({ code: 'TRANSFER_STUDY_CONFLICT' });
  });

  it('does not take an instance as filed because the PACS holds one of the name that the manifest gives it', async () => {
    const [claimed] = generateStudy({ instances: 5, pixels: 16 }).instances.slice(-1);
    if (claimed === undefined) throw new Error('five were generated');
    const declare = (entry: InstanceEntry, index: number) =>
      index === 1 ? { ...entry, sopInstanceUid: claimed.sopInstanceUid } : entry;
    const arrived = await received(patient, { declare });
    const pacs = memoryPacs();
    await pacs.seed(storable({ ...generateStudy({ instances: 5, patient, pixels: 16 }), instances: [claimed] }));
    // Somebody else's object under our patient, so that the study is filed at all.
    pacs.faults = { listsUnder: patient.patientId };
    await codeOf(file(arrived, pacs));
    expect(arrived.x.required('STORED').outcomes[1]).toMatchObject({
      code: 'TRANSFER_MANIFEST_MISMATCH',
      status: 'quarantined',
    });
  });
});

describe('filing an instance that fails again and again', () => {
  const refusing = (uid: Uid | undefined, faults: MemoryPacsFaults = {}): MemoryPacs =>
    memoryPacs({
      faults: { refuse: ({ sopInstanceUid }) => sopInstanceUid === uid, refusedRetry: 'later', ...faults },
    });

  /** Files until it is done, every so many minutes, and says how often that took. */
  async function triesOf(arrived: Pick<Received, 'pack' | 'x'>, pacs: MemoryPacs, everyMinutes = 15): Promise<number> {
    for (let tries = 1; tries <= 20; tries++) {
      const clock = { ...hastyClock(), monotonicMs: () => tries * everyMinutes * 60_000 };
      if ((await codeOf(file(arrived, pacs, clock))) === undefined) return tries;
    }
    return Number.POSITIVE_INFINITY;
  }

  it('quarantines it alone the fifth time, and files the others', async () => {
    const arrived = await received(patient);
    const uid = arrived.study.instances[1]?.sopInstanceUid;
    const pacs = refusing(uid);
    expect(await triesOf(arrived, pacs)).toBe(5);
    expect(pacs.held()).toHaveLength(3);
    const left = arrived.x.required('CONFIRMED').instances.filter(({ status }) => status === 'quarantined');
    expect(left).toEqual([{ code: 'PACS_INSTANCE_REFUSED', sopInstanceUid: uid, status: 'quarantined' }]);
  });

  it('waits an hour before that, however often it is tried', async () => {
    const arrived = await received(patient);
    const pacs = refusing(arrived.study.instances[1]?.sopInstanceUid);
    expect(await triesOf(arrived, pacs, 5)).toBe(13);
  });

  it('never blames the second half of a study for a PACS that stores nothing more', async () => {
    const arrived = await received(patient, { instances: 10 });
    let stored = 0;
    // PS3.7 C.5.11: a processing failure, and no word of resources.
    const pacs = refusing(undefined, { refuse: () => ++stored > 5, refusedStatusCode: 0x0110 });
    expect(await triesOf(arrived, pacs)).toBe(Number.POSITIVE_INFINITY);
    expect([pacs.held().length, arrived.x.state.stage]).toEqual([5, 'STORING']);
    pacs.faults = {};
    expect(await triesOf(arrived, pacs)).toBe(1);
    expect(arrived.x.required('CONFIRMED').instances.every(({ status }) => status === 'filed')).toBe(true);
  });

  it('blames no instance for a disk of ours that gives nothing more', async () => {
    const arrived = await received(patient);
    const [, , ...failing] = arrived.pack.instances().map(({ ordinal }) => ordinal);
    let opened = 0;
    const pack = broken(arrived.pack, (ordinal) => opened++ >= 2 || failing.includes(ordinal));
    const pacs = memoryPacs();
    expect(await triesOf({ ...arrived, pack }, pacs)).toBe(Number.POSITIVE_INFINITY);
    expect([pacs.held().length, arrived.x.state.stage]).toEqual([2, 'STORING']);
  });

  it('touches nothing that the PACS holds from elsewhere to see whether it still stores', async () => {
    const arrived = await received(patient);
    const pacs = refusing(arrived.study.instances[3]?.sopInstanceUid);
    await pacs.seed(storable(generateStudy({ instances: 3, patient, pixels: 16 })));
    const asked = storedBy(pacs);
    expect(await triesOf(arrived, pacs)).toBe(Number.POSITIVE_INFINITY);
    expect(new Set(asked.flat())).toEqual(new Set([arrived.study.instances[3]?.sopInstanceUid]));
  });

  it('never blames an instance for a PACS that is full, or away', async () => {
    const arrived = await received(patient);
    const pacs = refusing(arrived.study.instances[1]?.sopInstanceUid, { refusedStatusCode: 0xa700 });
    expect(await triesOf(arrived, pacs)).toBe(Number.POSITIVE_INFINITY);
    pacs.faults = { isDown: true };
    expect(await triesOf(arrived, pacs)).toBe(Number.POSITIVE_INFINITY);
    pacs.faults = {};
    expect(await triesOf(arrived, pacs)).toBe(1);
    expect(arrived.x.required('CONFIRMED').instances.every(({ status }) => status === 'filed')).toBe(true);
  });

  it('does not count a try after which the PACS answers no more', async () => {
    const arrived = await received(patient);
    const uid = arrived.study.instances[1]?.sopInstanceUid;
    const pacs = refusing(uid);
    const find = pacs.findInstances.bind(pacs);
    let looks = 0;
    pacs.findInstances = (...args) => {
      // Each try looks twice, once the study is there: before and after it stores.
      if (arrived.x.state.has('STORING') && ++looks % 2 === 0) throw new PacsError('PACS_UNREACHABLE');
      return find(...args);
    };
    expect(await triesOf(arrived, pacs)).toBe(Number.POSITIVE_INFINITY);
  });

  it('takes what most of a study meets with for a trouble of the PACS', async () => {
    const arrived = await received(patient);
    const taken = arrived.study.instances[0]?.sopInstanceUid;
    const pacs = refusing(undefined, { refuse: ({ sopInstanceUid }) => sopInstanceUid !== taken });
    expect(await triesOf(arrived, pacs)).toBe(Number.POSITIVE_INFINITY);
    expect(arrived.x.state.stage).toBe('STORING');
  });

  it('stores what failed before last and alone, so that it takes no other with it', async () => {
    const arrived = await received(patient);
    const pacs = refusing(arrived.study.instances[1]?.sopInstanceUid);
    const requests = storedBy(pacs);
    await codeOf(file(arrived, pacs));
    pacs.deleteStudy(arrived.study.studyInstanceUid);
    await codeOf(file(arrived, pacs));
    const [one, two, three, four] = arrived.study.instances.map(({ sopInstanceUid }) => sopInstanceUid);
    expect(requests).toEqual([[one, two, three, four], [one, three, four], [two]]);
  });

  it.each([
    ['header', { brokenFrom: 0, pixels: 16 }],
    ['pixels', { brokenFrom: 100_000, pixels: 300 }],
  ])('goes on with the others when the %s of one cannot be read', async (_, { brokenFrom, pixels }) => {
    const arrived = await received(patient, { pixels });
    const ordinal = arrived.pack.instances()[1]?.ordinal;
    const pack = broken(arrived.pack, (at) => at === ordinal, brokenFrom);
    const pacs = memoryPacs();
    expect(await triesOf({ ...arrived, pack }, pacs)).toBe(5);
    expect(pacs.held()).toHaveLength(3);
    expect(arrived.x.required('CONFIRMED').instances[1]).toMatchObject({ code: 'STORAGE_PACK_DAMAGED' });
  });
});

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The instances of each request to store, as they are made. */
function storedBy(pacs: MemoryPacs): readonly (readonly Uid[])[] {
  const store = pacs.store.bind(pacs);
  const requests: Uid[][] = [];
  pacs.store = (instances, options) => {
    const uids: Uid[] = [];
    requests.push(uids);
    const watched = async function* () {
      for await (const instance of instances) {
        uids.push(instance.sopInstanceUid);
        yield instance;
      }
    };
    return store(watched(), options);
  };
  return requests;
}

/** A pack of which some instances cannot be read, from a byte on. Asked each time an instance is opened. */
function broken(whole: Pack, isBroken: (ordinal: number) => boolean, fromByte = 0): Pack {
  const source = (ordinal: number): ByteSource => {
    const one = whole.source(ordinal);
    if (!isBroken(ordinal)) return one;
    return {
      lengthBytes: one.lengthBytes,
      read: async (offset, length) => {
        if (Math.min(offset + length, one.lengthBytes) > fromByte) throw new StorageError('STORAGE_PACK_DAMAGED');
        return one.read(offset, length);
      },
    };
  };
  return Object.assign(Object.create(whole) as Pack, { instances: () => whole.instances(), source });
}
