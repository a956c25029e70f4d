/** Exchanges in memory for the tests of single journeys: records are folded as in a member, and written nowhere. */
import {
  generateStudy,
  SAMPLE_PATIENT,
  type SampleInstance,
  type SampleStudy,
  type SampleStudyOptions,
} from '@interhosp/core/conformance';
import type { StorableInstance } from '@interhosp/core/pacs';
import {
  cutInstance,
  parseDigest,
  parseExchangeId,
  parseMemberId,
  parseTransferId,
  type ArrivingPatient,
  type InstanceEntry,
  type LocalPatient,
} from '@interhosp/core/study';
import type { ExchangeRecord } from '@interhosp/core/transfer';
import { silentLog } from '@interhosp/core/world';
import { LiveExchange, type HistoryEntry } from '../../src/member/live-exchange.ts';
import { openSpool, type Pack } from '../../src/spool/index.ts';
import { simDisk } from '../../src/world/simulated-disk.ts';
import { crypto, memoryKeys, random } from '../storage/worlds.ts';

export const EXCHANGE = parseExchangeId('0c'.repeat(16));
export const NORTH = parseMemberId('be-north');
export const SOUTH = parseMemberId('be-south');

/** Where the records of an exchange went, so that another life of it can begin from them. */
export interface Written {
  readonly entry: HistoryEntry;
  readonly payload: ExchangeRecord['payload'];
}

/** An exchange whose records go into `written`; what is in there already is folded first. */
export function exchangeIn(
  written: Written[],
  role: 'sender' | 'receiver' = 'receiver',
  studyInstanceUid = generateStudy({ instances: 1 }).studyInstanceUid,
): LiveExchange {
  const facts = {
    exchangeId: EXCHANGE,
    peer: role === 'receiver' ? NORTH : SOUTH,
    priority: 'routine',
    purpose: 'treatment',
    role,
    studyInstanceUid,
  } as const;
  const x = new LiveExchange(facts, async (_facts, type, payload) => {
    const entry = { at: '2026-03-14T10:00:00Z', seq: written.length, type };
    written.push({ entry, payload });
    return entry;
  });
  for (const { entry, payload } of written) x.restore(entry, payload);
  return x;
}

/** The types of the records, in order. */
export function typesOf(written: readonly Written[]): readonly string[] {
  return written.map(({ entry }) => entry.type);
}

/** An exchange whose offer was taken, about a study of this patient. */
export async function admitted(
  written: Written[],
  patient: ArrivingPatient,
  studyInstanceUid = generateStudy({ instances: 1 }).studyInstanceUid,
): Promise<LiveExchange> {
  const x = exchangeIn(written, 'receiver', studyInstanceUid);
  await x.record('OFFER_SEEN', {
    header: { modalities: ['CT'], patient, studyInstanceUid },
    priority: 'routine',
    purpose: 'treatment',
    rosterVersion: 1,
    sender: NORTH,
  });
  await x.record('ADMITTED', {});
  return x;
}

/** A study that came whole, is signed for, and is linked to a local patient: ready to be filed. */
export interface Received {
  readonly x: LiveExchange;
  readonly pack: Pack;
  readonly study: SampleStudy;
  readonly written: Written[];
}

/** What a sender may do beside sending a generated study. */
export interface ReceivedOptions extends SampleStudyOptions {
  /** Instances that come with it. */
  readonly more?: readonly SampleInstance[];
  /** What is sent instead of an instance that was generated. */
  readonly change?: (instance: SampleInstance, index: number) => SampleInstance | Promise<SampleInstance>;
  /** What the manifest says of an instance. */
  readonly declare?: (entry: InstanceEntry, index: number) => InstanceEntry;
}

/** Receives a generated study for this patient. */
export async function received(
  patient: LocalPatient,
  { change = (instance) => instance, declare = (entry) => entry, more = [], ...options }: ReceivedOptions = {},
): Promise<Received> {
  const generated = generateStudy({ instances: 4, pixels: 16, ...options });
  const instances = await Promise.all(generated.instances.map(async (each, index) => await change(each, index)));
  const study = { ...generated, instances: [...instances, ...more] };
  const keys = memoryKeys(EXCHANGE);
  const disk = simDisk();
  const spool = await openSpool({ crypto, disk, folder: '/s', keys, log: silentLog, lowWaterBytes: 0, random });
  const pack = await spool.create(EXCHANGE);
  for (const [index, { dataSet, transferSyntaxUid }] of study.instances.entries()) {
    const ordinal = pack.beginInstance();
    const { entry } = await cutInstance({ dataSet: pieces(dataSet), transferSyntaxUid }, crypto, ({ index }, bytes) =>
      pack.writeBlock(ordinal, index, bytes),
    );
    await pack.declareInstance(ordinal, declare(entry, index));
  }
  await pack.sync();
  const written: Written[] = [];
  const x = await admitted(written, options.patient ?? SAMPLE_PATIENT, study.studyInstanceUid);
  await x.record('RECEIVING', {});
  await x.record('RECONCILING', { decision: {} as never });
  await x.record('LINKED', { by: 'automatic', patient });
  await x.record('SEALED', {
    bytes: 1,
    instances: study.instances.length,
    manifestRoot: parseDigest('aa'.repeat(32)),
    quarantined: [],
    transferId: parseTransferId('bb'.repeat(32)),
  });
  await x.record('VERIFIED', {});
  await x.record('R1_SIGNED', { envelope: 'R1' });
  return { pack, study, written, x };
}

/** The instances of a generated study, as a PACS is given them. */
export function storable(study: SampleStudy): readonly StorableInstance[] {
  return study.instances.map((each) => ({
    ...each,
    dataSet: () => pieces(each.dataSet),
    lengthBytes: each.dataSet.length,
  }));
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const half = bytes.length >> 1;
  yield bytes.subarray(0, half);
  yield bytes.subarray(half);
}
