import { parseUid } from '@interhosp/core/dicom';
import type { StorableInstance } from '@interhosp/core/pacs';
import { describe, expect, it } from 'vitest';
import { atOnce } from './at-once.ts';

type Batch = readonly StorableInstance[];

function batchOf(uid: string, lengthBytes = 1): Batch {
  return [{ sopInstanceUid: parseUid(uid), lengthBytes } as StorableInstance];
}

/** Requests that end when a test says so. */
class Requests {
  readonly under: string[] = [];
  most = 0;
  readonly begun: string[] = [];
  readonly #ends = new Map<string, { resolve(): void; reject(error: Error): void }>();

  run = async function* (this: Requests, batch: Batch): AsyncGenerator<string> {
    const uid = batch[0]?.sopInstanceUid ?? '';
    this.under.push(uid);
    this.begun.push(uid);
    this.most = Math.max(this.most, this.under.length);
    try {
      await new Promise<void>((resolve, reject) => this.#ends.set(uid, { resolve, reject }));
    } finally {
      this.under.splice(this.under.indexOf(uid), 1);
    }
    yield uid;
  }.bind(this);

  end(uid: string, error?: Error): void {
    const { resolve, reject } = this.#ends.get(uid) ?? {};
    if (error === undefined) resolve?.();
    else reject?.(error);
  }
}

async function* list(...batches: readonly Batch[]): AsyncGenerator<Batch, void, undefined> {
  yield* batches;
}

/** Lets everything that can go on go on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  await new Promise<void>((resolve) => void setImmediate(resolve));
}

const limits = { atOnce: 2, batchBytes: 10 };

async function all(results: AsyncIterable<readonly string[]>): Promise<string[]> {
  const told: string[] = [];
  for await (const some of results) told.push(...some);
  return told;
}

describe('requests at the same time', () => {
  it('are so many and no more, and are told of as they end', async () => {
    const requests = new Requests();
    const told = all(atOnce(list(batchOf('1.1'), batchOf('1.2'), batchOf('1.3')), requests.run, limits));
    await settled();
    expect(requests.under).toEqual(['1.1', '1.2']);
    requests.end('1.2');
    await settled();
    expect(requests.under).toEqual(['1.1', '1.3']);
    requests.end('1.1');
    requests.end('1.3');
    expect(await told).toEqual(['1.2', '1.1', '1.3']);
    expect(requests.most).toBe(2);
  });

  it.each<[string, Batch, Batch]>([
    ['of the same UID', batchOf('1.1'), batchOf('1.1')],
    ['of which the first is big', batchOf('1.1', 11), batchOf('1.2')],
    ['of which the second is big', batchOf('1.1'), batchOf('1.2', 11)],
  ])('go one after the other: those %s', async (_name, first, second) => {
    const requests = new Requests();
    const told = all(atOnce(list(first, second), requests.run, limits));
    await settled();
    expect(requests.under).toEqual(['1.1']);
    requests.end('1.1');
    await settled();
    requests.end(requests.under[0] ?? '');
    expect(await told).toHaveLength(2);
    expect(requests.most).toBe(1);
  });

  it('that fail let those under way end and be told, and nothing more begins', async () => {
    const requests = new Requests();
    const told: string[] = [];
    const failure = new Error('refused');
    const ended = (async () => {
      const results = atOnce(list(batchOf('1.1'), batchOf('1.2'), batchOf('1.3')), requests.run, limits);
      for await (const some of results) told.push(...some);
    })();
    await settled();
    requests.end('1.1', failure);
    await settled();
    requests.end('1.2');
    await expect(ended).rejects.toBe(failure);
    expect([told, requests.begun]).toEqual([['1.2'], ['1.1', '1.2']]);
  });

  it('end before the failure of their source is thrown', async () => {
    const requests = new Requests();
    const failure = new Error('no more');
    async function* broken(): AsyncGenerator<Batch, void, undefined> {
      yield batchOf('1.1');
      throw failure;
    }
    const told: string[] = [];
    const ended = (async () => {
      for await (const some of atOnce(broken(), requests.run, limits)) told.push(...some);
    })();
    await settled();
    requests.end('1.1');
    await expect(ended).rejects.toBe(failure);
    expect(told).toEqual(['1.1']);
  });

  it('do not wait for a source that waits itself, when one fails', async () => {
    const requests = new Requests();
    const failure = new Error('refused');
    async function* receiving(): AsyncGenerator<Batch, void, undefined> {
      yield batchOf('1.1');
      await new Promise(() => {});
    }
    const ended = all(atOnce(receiving(), requests.run, limits));
    await settled();
    requests.end('1.1', failure);
    await expect(ended).rejects.toBe(failure);
  });

  it('wait for the end of a source that has given what it was asked for', async () => {
    const requests = new Requests();
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    let isEnded = false;
    async function* gated(): AsyncGenerator<Batch, void, undefined> {
      try {
        yield batchOf('1.1');
        yield batchOf('1.2');
        await gate;
        yield batchOf('1.3');
      } finally {
        await settled();
        isEnded = true;
      }
    }
    const left = (async () => {
      let told = 0;
      for await (const _ of atOnce(gated(), requests.run, { ...limits, atOnce: 3 })) if (++told === 2) break;
    })();
    await settled();
    // Two requests end, and the third batch comes, before anybody looks.
    requests.end('1.1');
    requests.end('1.2');
    open();
    await left;
    expect(isEnded).toBe(true);
  });

  it('end with their reader, and their source with them', async () => {
    const requests = new Requests();
    let isEnded = false;
    async function* endless(): AsyncGenerator<Batch, void, undefined> {
      try {
        for (let number = 1; ; number++) yield batchOf(`1.${number}`);
      } finally {
        isEnded = true;
      }
    }
    const left = (async () => {
      for await (const _ of atOnce(endless(), requests.run, limits)) break;
    })();
    await settled();
    requests.end('1.1');
    await settled();
    for (const uid of requests.under) requests.end(uid);
    await left;
    expect([isEnded, requests.under]).toEqual([true, []]);
  });
});
