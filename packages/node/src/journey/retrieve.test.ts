import { memoryPacs } from '@interhosp/adapters/memory';
import { generateStudy, SAMPLE_PATIENT, type SampleInstance } from '@interhosp/core/conformance';
import { parseUid, TRANSFER_SYNTAXES, type Uid } from '@interhosp/core/dicom';
import type { InstanceSummary, PacsSource, RetrievedInstance } from '@interhosp/core/pacs';
import { silentLog } from '@interhosp/core/world';
import type { SenderEvent } from '@interhosp/core/transfer';
import { describe, expect, it } from 'vitest';
import { EXCHANGE, exchangeIn, NORTH, SOUTH, storable } from '../../test/journey/exchanges.ts';
import { codeOf, crypto, memoryKeys, random } from '../../test/storage/worlds.ts';
import { openSpool } from '../spool/index.ts';
import { simDisk } from '../world/simulated-disk.ts';
import { retrieveStudy } from './retrieve.ts';

const { signal } = new AbortController();
const study = generateStudy({ instances: 4, pixels: 16 });
const [one, two, three, four] = study.instances as readonly [
  SampleInstance,
  SampleInstance,
  SampleInstance,
  SampleInstance,
];

/** Another study, whose UID is as long. */
const elsewhere = parseUid(`${study.studyInstanceUid.slice(0, -1)}${study.studyInstanceUid.endsWith('1') ? 2 : 1}`);

/** A retrieval that has not begun. */
async function ready() {
  const spool = await openSpool({
    crypto,
    disk: simDisk(),
    folder: '/s',
    keys: memoryKeys(EXCHANGE),
    log: silentLog,
    lowWaterBytes: 0,
    random,
  });
  const pack = await spool.create(EXCHANGE);
  const x = exchangeIn([], 'sender', study.studyInstanceUid);
  await x.record('DISCOVERED', {
    because: { by: 'tester', kind: 'person' },
    header: { modalities: ['CT'], patient: SAMPLE_PATIENT, studyInstanceUid: study.studyInstanceUid },
    instances: 4,
    priority: 'routine',
    purpose: 'treatment',
    receiver: SOUTH,
  });
  await x.record('OFFERED', { rosterVersion: 1 });
  await x.record('SENDING', {});
  const announced: SenderEvent[] = [];
  const retrieve = (source: PacsSource) =>
    retrieveStudy(
      x,
      pack,
      (event) => void announced.push(event),
      { crypto, federationId: 'f'.repeat(64), log: silentLog, self: NORTH, source },
      signal,
    );
  const uids = () => pack.instances().map(({ entry }) => entry.sopInstanceUid);
  return { announced, pack, retrieve, uids, x };
}

/** Lists the study, and gives whatever it is told to. */
function giving(
  give: (instances: readonly InstanceSummary[] | undefined) => readonly RetrievedInstance[],
  listed: readonly SampleInstance[] = study.instances,
): PacsSource {
  return {
    findInstances: async function* () {
      yield* listed;
    },
    findStudies: async function* () {},
    retrieve: async function* (_uid, options = {}) {
      yield* give(options.instances);
    },
  };
}

const bytesOf = (bytes: Uint8Array, more: Partial<RetrievedInstance> = {}): RetrievedInstance => ({
  transferSyntaxUid: study.transferSyntaxUid,
  ...more,
  dataSet: (async function* () {
    yield bytes;
  })(),
});
const whole = ({ dataSet }: SampleInstance): RetrievedInstance => bytesOf(dataSet);
const cutOff = ({ dataSet }: SampleInstance): RetrievedInstance => bytesOf(dataSet.subarray(0, -20));
const noDataSet = (more: Partial<RetrievedInstance> = {}) =>
  bytesOf(new TextEncoder().encode('<html>'.repeat(9)), more);
/** An object of this name that is otherwise another. */
/** Sequences inside one another, deeper than is read, in front of everything else. */
const nested = (depth: number): Uint8Array => {
  const sequence = Uint8Array.of(0x08, 0x00, 0x06, 0x00, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff);
  const item = Uint8Array.of(0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff);
  return Buffer.concat(Array.from({ length: depth }, () => [sequence, item]).flat());
};
const renamed = (from: SampleInstance, { sopInstanceUid }: SampleInstance): RetrievedInstance => {
  const bytes = Buffer.from(from.dataSet);
  if (from.sopInstanceUid.length !== sopInstanceUid.length) throw new Error('the names must be of one length');
  bytes.write(sopInstanceUid, bytes.indexOf(from.sopInstanceUid));
  return bytesOf(bytes);
};
const ofStudy = (instance: SampleInstance, studyInstanceUid: Uid): RetrievedInstance => {
  const bytes = Buffer.from(instance.dataSet);
  bytes.write(studyInstanceUid, bytes.indexOf(study.studyInstanceUid));
  return bytesOf(bytes);
};

describe('retrieving a study', () => {
  it('takes every instance, and seals what it has', async () => {
    const { announced, retrieve, uids } = await ready();
    const pacs = memoryPacs();
    await pacs.seed(storable(study));
    expect(await retrieve(pacs)).toMatchObject({ instances: 4, quarantined: [] });
    expect(uids()).toEqual(study.instances.map(({ sopInstanceUid }) => sopInstanceUid));
    expect(announced.map(({ type }) => type)).toEqual([...Array<string>(4).fill('instance'), 'sealed']);
  });

  it('tries again what was listed and did not come', async () => {
    const { retrieve, x } = await ready();
    expect(await codeOf(retrieve(giving(() => [whole(one), whole(two), whole(three)])))).toBe('PACS_INCOMPLETE');
    expect(x.state.has('SEALED')).toBe(false);
  });
});

describe('an instance that cannot be read', () => {
  it('is named by its own bytes, in whatever order instances come', async () => {
    const { retrieve } = await ready();
    const source = giving(() => [whole(four), cutOff(three), ofStudy(two, elsewhere), whole(one)]);
    expect((await retrieve(source)).quarantined).toEqual([
      { code: 'DICOM_TRUNCATED', sopInstanceUid: three.sopInstanceUid },
      { code: 'TRANSFER_STUDY_CONFLICT', sopInstanceUid: two.sopInstanceUid },
    ]);
  });

  it('is named by the PACS where its bytes do not tell', async () => {
    const { retrieve } = await ready();
    // Said to be deflated, and it is not.
    const deflated = { transferSyntaxUid: TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian };
    const source = giving(() => [
      whole(one),
      noDataSet({ sopInstanceUid: four.sopInstanceUid }),
      bytesOf(three.dataSet, { ...deflated, sopInstanceUid: three.sopInstanceUid }),
      whole(two),
    ]);
    expect((await retrieve(source)).quarantined).toEqual([
      { code: 'DICOM_MALFORMED', sopInstanceUid: four.sopInstanceUid },
      { code: 'DICOM_MALFORMED', sopInstanceUid: three.sopInstanceUid },
    ]);
  });

  it('is asked for by its name where nobody tells, and then may be whole', async () => {
    const { retrieve, uids } = await ready();
    const asked: (number | undefined)[] = [];
    const source = giving((instances) => {
      asked.push(instances?.length);
      if (instances === undefined) return [whole(one), noDataSet(), noDataSet(), whole(four)];
      return instances[0]?.sopInstanceUid === two.sopInstanceUid ? [whole(two)] : [noDataSet()];
    });
    expect((await retrieve(source)).quarantined).toEqual([
      { code: 'DICOM_MALFORMED', sopInstanceUid: three.sopInstanceUid },
    ]);
    expect(asked).toEqual([undefined, 1, 1]);
    expect(uids()).toHaveLength(3);
  });

  it('is asked for once more when it came damaged, and not when it is only of a kind we cannot send', async () => {
    const { retrieve } = await ready();
    const asked: (Uid | undefined)[] = [];
    const unsendable = () => bytesOf(nested(70), { sopInstanceUid: four.sopInstanceUid });
    const source = giving((instances) => {
      asked.push(instances?.[0]?.sopInstanceUid);
      return instances === undefined ? [whole(one), cutOff(two), cutOff(three), unsendable()] : [whole(two)];
    });
    expect((await retrieve(source)).quarantined.map(({ code }) => code)).toEqual(['DICOM_TRUNCATED', 'DICOM_LIMIT']);
    expect(asked).toEqual([undefined, two.sopInstanceUid, three.sopInstanceUid]);
  });

  it('is forgotten when a copy of it can be read', async () => {
    const { retrieve } = await ready();
    const source = giving(() => [whole(one), cutOff(two), whole(two), cutOff(one), whole(three), whole(four)]);
    expect(await retrieve(source)).toMatchObject({ instances: 4, quarantined: [] });
  });

  it('holds the study when there is no other', async () => {
    const { retrieve } = await ready();
    expect(await codeOf(retrieve(giving(() => study.instances.map(cutOff))))).toBe('DICOM_TRUNCATED');
  });
});

describe('an instance that was not asked for', () => {
  it('stays behind when it is of another study, whatever the PACS lists', async () => {
    const { retrieve, uids } = await ready();
    const source = giving(() => [whole(one), ofStudy(two, elsewhere), whole(three), whole(four)]);
    expect((await retrieve(source)).quarantined).toEqual([
      { code: 'TRANSFER_STUDY_CONFLICT', sopInstanceUid: two.sopInstanceUid },
    ]);
    expect(uids()).not.toContain(two.sopInstanceUid);
  });

  it('holds the study when it names another patient: under two patients nothing leaves', async () => {
    const { retrieve, x } = await ready();
    const other = generateStudy({
      instances: 1,
      kind: 'SR',
      patient: { patientId: { id: 'SOMEBODY-ELSE' } },
    }).instances;
    const source = giving(() => [...study.instances, ...other].map(whole), [...study.instances, ...other]);
    expect(await codeOf(retrieve(source))).toBe('TRANSFER_STUDY_CONFLICT');
    expect(x.state.has('SEALED')).toBe(false);
  });

  it('does not mind another spelling of the name under the same patient ID', async () => {
    const { retrieve } = await ready();
    const { name: _, ...patient } = SAMPLE_PATIENT;
    const nameless = generateStudy({ instances: 4, patient, pixels: 16 }).instances;
    const source = giving(() => [...study.instances.slice(1), ...nameless.slice(0, 1)].map(whole));
    expect(await retrieve(source)).toMatchObject({ instances: 4 });
  });
});

describe('an instance that comes twice', () => {
  it('is taken once when both are the same', async () => {
    const { announced, retrieve, uids } = await ready();
    const source = giving(() => [...study.instances, ...study.instances].map(whole));
    expect(await retrieve(source)).toMatchObject({ instances: 4, quarantined: [] });
    expect(uids()).toHaveLength(4);
    expect(announced.filter(({ type }) => type === 'instance')).toHaveLength(4);
  });

  it('is taken once also after a break, from a PACS that gives more than it is asked for', async () => {
    const { retrieve, uids } = await ready();
    await codeOf(retrieve(giving(() => [whole(one), whole(two)])));
    expect(await retrieve(giving(() => study.instances.map(whole)))).toMatchObject({ instances: 4 });
    expect(uids()).toHaveLength(4);
  });

  it('holds the study when they differ', async () => {
    const { retrieve, x } = await ready();
    const source = giving(() => [...study.instances.map(whole), renamed(one, two)]);
    expect(await codeOf(retrieve(source))).toBe('TRANSFER_STUDY_CONFLICT');
    expect(x.state.has('SEALED')).toBe(false);
  });
});
