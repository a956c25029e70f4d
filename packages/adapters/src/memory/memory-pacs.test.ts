import { generateStudy } from '@interhosp/core/conformance';
import { errorCodeOf } from '@interhosp/core/errors';
import type { StorableInstance, StoreOutcome } from '@interhosp/core/pacs';
import { describe, expect, it } from 'vitest';
import { adapter } from './adapter.ts';
import { memoryPacs, type MemoryPacs } from './memory-pacs.ts';

const study = generateStudy({ instances: 4, pixels: 16 });
const instances: readonly StorableInstance[] = study.instances.map((each) => ({
  ...each,
  lengthBytes: each.dataSet.length,
  async *dataSet() {
    const half = each.dataSet.length >> 1;
    yield each.dataSet.subarray(0, half);
    yield each.dataSet.subarray(half);
  },
}));

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function store(pacs: MemoryPacs, given = instances): Promise<StoreOutcome['status'][]> {
  return (await all(pacs.store(given))).map((each) => each.status);
}

async function retrieved(pacs: MemoryPacs): Promise<Uint8Array[]> {
  const list: Uint8Array[] = [];
  for await (const { dataSet } of pacs.retrieve(study.studyInstanceUid)) list.push(Buffer.concat(await all(dataSet)));
  return list;
}

async function codeOf(action: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return errorCodeOf(error);
  }
}

describe('a memory PACS that fails on request', () => {
  it('is down, or locked', async () => {
    const pacs = memoryPacs({ faults: { isDown: true } });
    expect(await codeOf(() => pacs.echo())).toBe('PACS_UNREACHABLE');
    pacs.faults = { isLocked: true };
    expect(await codeOf(() => store(pacs))).toBe('PACS_UNAUTHORIZED');
    pacs.faults = {};
    expect(await store(pacs)).toEqual(['stored', 'stored', 'stored', 'stored']);
  });

  it('refuses every n-th instance, or those that are chosen', async () => {
    const pacs = memoryPacs({ faults: { refuseEvery: 2, refusedStatusCode: 0x0110, refusedRetry: 'later' } });
    const outcomes = await all(pacs.store(instances));
    expect(outcomes.map((each) => each.status)).toEqual(['stored', 'refused', 'stored', 'refused']);
    expect(outcomes[1]).toMatchObject({ retry: 'later', statusCode: 0x0110 });
    const other = memoryPacs({ faults: { refuse: (each) => each.sopInstanceUid === instances[0]?.sopInstanceUid } });
    expect(await store(other)).toEqual(['refused', 'stored', 'stored', 'stored']);
  });

  it('is full, by fault or by capacity', async () => {
    const pacs = memoryPacs({ faults: { isFull: true } });
    expect((await all(pacs.store(instances)))[0]).toMatchObject({
      status: 'refused',
      retry: 'later',
      statusCode: 0xa700,
    });
    const lengthBytes = instances[0]?.lengthBytes ?? 0;
    const small = memoryPacs({ capacityBytes: lengthBytes * 2 + 100 });
    expect(await store(small)).toEqual(['stored', 'stored', 'refused', 'refused']);
    small.deleteStudy(study.studyInstanceUid);
    expect(await store(small)).toEqual(['stored', 'stored', 'refused', 'refused']);
  });

  it('throws the oldest away to make room, and answers success', async () => {
    const pacs = memoryPacs({ faults: { recyclesOver: 3 } });
    expect(await store(pacs)).toEqual(['stored', 'stored', 'stored', 'stored']);
    const held = pacs.held().map(({ sopInstanceUid }) => sopInstanceUid);
    expect(held).toEqual(instances.slice(1).map(({ sopInstanceUid }) => sopInstanceUid));
  });

  it('loses the connection in the middle of an instance and keeps nothing of it', async () => {
    const pacs = memoryPacs({ faults: { cutStoreAtBytes: 300 } });
    expect(await codeOf(() => store(pacs))).toBe('PACS_UNREACHABLE');
    expect(pacs.held()).toHaveLength(0);
  });

  it('keeps an instance and loses the answer', async () => {
    const pacs = memoryPacs({ faults: { loseAnswerEvery: 2 } });
    expect(await store(pacs)).toEqual(['stored', 'unknown', 'stored', 'unknown']);
    expect(pacs.held()).toHaveLength(4);
  });

  it('answers success and drops', async () => {
    const pacs = memoryPacs({ faults: { dropEvery: 2 } });
    expect(await store(pacs)).toEqual(['stored', 'stored', 'stored', 'stored']);
    expect(await all(pacs.findInstances(study.studyInstanceUid))).toHaveLength(2);
  });

  it('answers success for what it holds already, and keeps the old', async () => {
    const pacs = memoryPacs();
    await pacs.seed(instances);
    expect(await store(pacs)).toEqual(['duplicate', 'duplicate', 'duplicate', 'duplicate']);
    pacs.faults = { hidesDuplicates: true };
    expect(await store(pacs)).toEqual(['stored', 'stored', 'stored', 'stored']);
    expect(pacs.held()).toHaveLength(4);
  });

  it('holds the same UIDs under two patients when it tells duplicates by patient', async () => {
    const other = generateStudy({ instances: 4, pixels: 16, patient: { patientId: { id: 'B-9' } } });
    const foreign = other.instances.map((each) => ({
      ...each,
      lengthBytes: each.dataSet.length,
      async *dataSet() {
        yield each.dataSet;
      },
    }));
    const pacs = memoryPacs({ duplicateBy: 'patient' });
    expect(await store(pacs)).toEqual(['stored', 'stored', 'stored', 'stored']);
    expect(await store(pacs, foreign)).toEqual(['stored', 'stored', 'stored', 'stored']);
    expect(await all(pacs.findStudies({}))).toHaveLength(2);
    expect(await store(pacs, foreign)).toEqual(['duplicate', 'duplicate', 'duplicate', 'duplicate']);
  });

  it('lists under another patient', async () => {
    const pacs = memoryPacs({ faults: { listsUnder: { id: 'WRONG' } } });
    await pacs.seed(instances);
    expect((await all(pacs.findStudies({})))[0]?.patient.patientId).toEqual({ id: 'WRONG' });
    expect(await all(pacs.findStudies({ patientId: 'WRONG' }))).toHaveLength(1);
    expect(await all(pacs.findStudies({ patientId: 'A-104233' }))).toHaveLength(0);
  });

  it('breaks off a retrieval, leaves instances out, or changes a byte', async () => {
    const pacs = memoryPacs();
    await pacs.seed(instances);
    const whole = await retrieved(pacs);
    pacs.faults = { cutRetrieveAtBytes: 300 };
    expect(await codeOf(() => retrieved(pacs))).toBe('PACS_INCOMPLETE');
    pacs.faults = { omitEvery: 2 };
    expect(await retrieved(pacs)).toHaveLength(2);
    pacs.faults = { altersBytes: true };
    const altered = await retrieved(pacs);
    expect(altered.map((bytes) => bytes.length)).toEqual(whole.map((bytes) => bytes.length));
    expect(altered.every((bytes, index) => Buffer.compare(bytes, whole[index] ?? Buffer.alloc(0)) !== 0)).toBe(true);
  });

  it('shows what was stored only when its database has caught up', async () => {
    const pacs = memoryPacs({ faults: { isIndexingLate: true } });
    await store(pacs);
    expect(await all(pacs.findStudies({}))).toHaveLength(0);
    expect(await codeOf(() => retrieved(pacs))).toBe('PACS_STUDY_UNKNOWN');
    pacs.faults = {};
    expect(await retrieved(pacs)).toHaveLength(4);
  });

  it('warns, and is slow on the clock it is given', async () => {
    let waitedMs = 0;
    const clock = {
      sleep: (ms: number) => {
        waitedMs += ms;
        return Promise.resolve();
      },
    };
    const pacs = memoryPacs({ clock, faults: { warns: true, delayMs: 1000 } });
    expect(await store(pacs)).toEqual(['warned', 'warned', 'warned', 'warned']);
    expect(waitedMs).toBeGreaterThanOrEqual(5000);
  });

  it('wakes from its slowness when it is told to stop', async () => {
    const pacs = memoryPacs({ faults: { delayMs: 600_000 } });
    const controller = new AbortController();
    const reason = { kind: 'stop' };
    const echo = pacs.echo({ signal: controller.signal });
    controller.abort(reason);
    await expect(echo).rejects.toBe(reason);
  });
});

describe('the memory PACS as a module', () => {
  const context = { log: undefined as never, clock: { sleep: () => Promise.resolve() } as never, resolvePath: String };

  it('takes a configuration and refuses unknown fields', async () => {
    const accepted = await adapter.configSchema['~standard'].validate({ onDuplicate: 'replace' });
    if (accepted.issues !== undefined) throw new Error('a sound configuration is accepted');
    const pacs = await adapter.create(accepted.value, context);
    expect(pacs.capabilities.onDuplicate).toBe('replace');
    const refused = await adapter.configSchema['~standard'].validate({ onDuplicat: 'replace' });
    expect(refused.issues).toHaveLength(1);
  });
});
