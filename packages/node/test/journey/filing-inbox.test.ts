/** Filing into a PACS whose adapter is pushed to as well: what lies in the inbox is in no PACS, whatever was told before. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dimsePacs, dimseServer, parseAeTitle, type DimsePacs } from '@interhosp/adapters/dimse';
import { memoryPacs, type MemoryPacs } from '@interhosp/adapters/memory';
import { sourceOf, type Pacs, type StorableInstance } from '@interhosp/core/pacs';
import type { LocalPatient } from '@interhosp/core/study';
import { silentLog, type Clock } from '@interhosp/core/world';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileStudy } from '../../src/journey/filing.ts';
import { codeOf, collect, crypto, random } from '../storage/worlds.ts';
import { received, SOUTH, storable, type Received } from './exchanges.ts';

const patient: LocalPatient = {
  birthDate: '1961-04-23',
  name: { alphabetic: { family: 'Peeters', given: 'Anna', middle: '', prefix: '', suffix: '' } },
  patientId: { id: 'P1', issuer: 'SOUTH' },
  sex: 'F',
};
const { signal } = new AbortController();
const clock: Clock = { monotonicMs: () => 0, now: () => Date.UTC(2026, 2, 14, 10), sleep: () => Promise.resolve() };

const closing: (() => Promise<unknown>)[] = [];
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-filing-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await rm(folder, { recursive: true });
});

/** A member's adapter with an inbox, in front of a PACS. */
async function withInbox(archive: Pacs): Promise<DimsePacs> {
  const server = dimseServer({ aeTitle: 'ARCHIVE', pacs: archive });
  await server.start();
  closing.push(() => server.stop());
  const [calledAe, callingAe] = [parseAeTitle('ARCHIVE'), parseAeTitle('MEMBER')];
  const pacs = dimsePacs({
    inbox: { folder, minFreeBytes: 0 },
    listen: { callers: [{ addresses: ['127.0.0.1'], aeTitle: calledAe }], port: 0 },
    peer: { calledAe, callingAe, host: '127.0.0.1', port: server.port },
    preservesBytes: true,
    retrieve: 'get',
  });
  await pacs.start();
  closing.push(() => pacs.stop());
  return pacs;
}

/** Pushes instances to the adapter, under the title of the PACS. */
async function push({ listensAt = 0 }: DimsePacs, instances: readonly StorableInstance[]): Promise<void> {
  const [calledAe, callingAe] = [parseAeTitle('MEMBER'), parseAeTitle('ARCHIVE')];
  const sender = dimsePacs({ peer: { calledAe, callingAe, host: '127.0.0.1', port: listensAt } });
  for (const { status } of await collect(sender.store(instances))) expect(status).toBe('stored');
  await sender.stop();
}

function file({ pack, x }: Received, pacs: Pacs): Promise<void> {
  const settings = { coercion: {}, self: SOUTH, utcOffsetMinutes: 60 };
  return fileStudy(x, pack, { clock, crypto, log: silentLog, pacs, random, settings }, signal);
}

/** A PACS that sends on what it takes, and keeps nothing. */
function forwarding(to: () => DimsePacs): MemoryPacs {
  const archive = memoryPacs();
  archive.store = async function* (instances) {
    for await (const instance of instances) {
      const bytes = Buffer.concat(await collect(instance.dataSet()));
      await push(to(), [{ ...instance, dataSet: () => iterated([bytes]), lengthBytes: bytes.length }]);
      yield { sopInstanceUid: instance.sopInstanceUid, status: 'stored' };
    }
  };
  return archive;
}

async function* iterated<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

describe('filing beside an inbox', () => {
  it('does not confirm what the PACS sent on to us and dropped', async () => {
    const arrived = await received(patient, { instances: 2 });
    const pacs: DimsePacs = await withInbox(forwarding(() => pacs));
    expect(await codeOf(file(arrived, pacs))).toBe('TRANSFER_NOT_CONFIRMED');
    const uid = arrived.study.studyInstanceUid;
    expect(await collect(sourceOf(pacs).findInstances(uid))).toHaveLength(2);
    expect(arrived.x.state.has('CONFIRMED')).toBe(false);
  });

  it('stores a study that was pushed to us and is in no PACS', async () => {
    const arrived = await received(patient, { instances: 2, patient });
    const archive = memoryPacs();
    const pacs = await withInbox(archive);
    await push(pacs, storable(arrived.study));
    await file(arrived, pacs);
    expect(
      archive
        .held()
        .map(({ sopInstanceUid }) => sopInstanceUid)
        .toSorted(),
    ).toEqual(arrived.study.instances.map(({ sopInstanceUid }) => sopInstanceUid).toSorted());
    expect(arrived.x.required('STORING').alreadyHeld).toEqual([]);
    expect(arrived.x.required('CONFIRMED').instances).toHaveLength(2);
  });
});
