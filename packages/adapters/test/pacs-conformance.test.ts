// The suite itself: it must see what is wrong with a PACS, and run under node:test as well.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pacsConformance, type TestRunner } from '@interhosp/core/conformance';
import { parseUid, type Uid } from '@interhosp/core/dicom';
import type { Pacs, PacsCapabilities } from '@interhosp/core/pacs';
import { memoryPacs, type MemoryPacsFaults } from '@interhosp/adapters/memory';
import { describe, expect, it } from 'vitest';

const capabilities: PacsCapabilities = { source: true, destination: true, preservesBytes: true, onDuplicate: 'ignore' };

/** Runs the suite over a PACS that is changed after it was made, and returns the titles of the tests (or of the one) that fail. */
async function failures(spoil: (pacs: Pacs) => Pacs, faults: MemoryPacsFaults = {}, only?: string): Promise<string[]> {
  const tests: [title: string, body: () => void | Promise<void>][] = [];
  const runner: TestRunner = {
    describe: (_title, body) => body(),
    it: (title, body) => void tests.push([title, body]),
  };
  pacsConformance(runner, {
    name: 'spoiled',
    capabilities,
    create: () => {
      const memory = memoryPacs({ faults });
      return Promise.resolve({
        pacs: spoil(memory),
        seed: (instances) => memory.seed(instances),
        push: (instances) => memory.seed(instances),
        setOrder: () => Promise.resolve(),
        dispose: () => Promise.resolve(),
      });
    },
  });
  const failed: string[] = [];
  for (const [title, body] of tests) {
    if (only !== undefined && title !== only) continue;
    try {
      await body();
    } catch {
      failed.push(title);
    }
  }
  return failed;
}

/** The PACS with some of its methods replaced. */
function changed(pacs: Pacs, change: Partial<Pacs>): Pacs {
  const own = {
    capabilities: pacs.capabilities,
    start: () => pacs.start(),
    stop: () => pacs.stop(),
    echo: pacs.echo.bind(pacs),
    findStudies: pacs.findStudies.bind(pacs),
    findInstances: pacs.findInstances.bind(pacs),
    retrieve: pacs.retrieve.bind(pacs),
    store: pacs.store.bind(pacs),
  };
  return { ...own, ...change };
}

const SOMETHING = { sopClassUid: parseUid('1.2.840.10008.5.1.4.1.1.7'), sopInstanceUid: parseUid('1.2.3') };
const EVERY_SYNTAX = ['', '.1', '.1.99', '.2', '.4.50', '.4.80'].map((end) => parseUid(`1.2.840.10008.1.2${end}`));
const ORDERS = 'tells what the order says of a study';

/** Waits until it is told to stop. */
async function* silence(signal: AbortSignal | undefined): AsyncGenerator<Uid> {
  await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
  yield* [];
  signal?.throwIfAborted();
}

/** Tells of everything there is, and ends. */
async function* once(pacs: Pacs): AsyncGenerator<Uid> {
  for (;;) {
    for await (const { studyInstanceUid } of pacs.findStudies({})) return yield studyInstanceUid;
  }
}

describe('the PACS suite', () => {
  it('passes a sound PACS', async () => {
    expect(await failures((pacs) => pacs)).toEqual([]);
  });

  it.each<[string, MemoryPacsFaults, string]>([
    ['drops instances', { dropEvery: 1 }, 'stores instances and says so of each'],
    [
      'alters bytes',
      { altersBytes: true },
      'retrieves every instance of a study in the transfer syntax it was stored in',
    ],
    ['leaves instances out', { omitEvery: 2 }, 'retrieves the named instances and no others'],
    ['loses answers', { loseAnswerEvery: 1 }, 'stores from an asynchronous source, more than one request holds'],
    ['lists under another patient', { listsUnder: { id: 'X' } }, 'lists a study that stands under two patients twice'],
    ['breaks off', { cutRetrieveAtBytes: 1000 }, 'serves two retrievals at the same time'],
    ['is locked', { isLocked: true }, 'answers an echo'],
    ['drops what is compressed', { dropEvery: 3 }, 'takes objects however they are written, or refuses each by itself'],
    ['stumbles over the next as well', { refuseEvery: 7 }, 'accounts for each of many when one in the middle is bad'],
  ])('sees a PACS that %s', async (_name, faults, title) => {
    expect(await failures((pacs) => pacs, faults, title)).toEqual([title]);
  });

  it.each<[string, (pacs: Pacs) => Partial<Pacs>, string]>([
    [
      'ignores keys',
      (pacs) => ({ findStudies: (_query, options) => pacs.findStudies({}, options) }),
      'finds what matches the keys, all of it and nothing else',
    ],
    [
      'ignores signals',
      (pacs) => ({ findStudies: (query) => pacs.findStudies(query) }),
      'stops listing when it is told to',
    ],
    [
      'wraps the reason of an abort',
      (pacs) => ({
        echo: async (options) => {
          try {
            await pacs.echo(options);
          } catch (cause) {
            throw new Error('echo failed', { cause });
          }
        },
      }),
      'rethrows the reason of a signal that is aborted already',
    ],
    [
      'calls everything stored',
      (pacs) => ({
        async *store(instances, options) {
          for await (const outcome of pacs.store(instances, options)) yield { ...outcome, status: 'stored' as const };
        },
      }),
      'does not call it stored: noise',
    ],
    [
      'opens streams and leaves them',
      (pacs) => ({
        async *store(instances, options) {
          for await (const instance of instances) {
            const stream = instance.dataSet()[Symbol.asyncIterator]();
            await stream.next();
            yield* pacs.store([instance], options);
          }
        },
      }),
      'stores from an asynchronous source, more than one request holds',
    ],
    [
      'answers unknown studies with nothing',
      (pacs) => ({
        async *retrieve(uid, options) {
          for await (const { studyInstanceUid } of pacs.findStudies({ studyInstanceUid: uid })) {
            yield* pacs.retrieve(studyInstanceUid, options);
          }
        },
      }),
      'says that it does not hold a study',
    ],
    [
      'promises what it does not take',
      () => ({ acceptedSyntaxes: () => Promise.resolve([parseUid('1.2.840.10008.1.2.1')]) }),
      'knows beforehand what will be refused',
    ],
    [
      'says now this, now that of what it takes',
      () => {
        let count = 0;
        return { acceptedSyntaxes: () => Promise.resolve(count++ % 2 === 0 ? EVERY_SYNTAX : []) };
      },
      'knows beforehand what will be refused',
    ],
    [
      'calls stored what is of no class',
      () => ({
        acceptedSyntaxes: () => Promise.resolve([]),
        async *store(instances) {
          for await (const { sopInstanceUid } of instances) yield { sopInstanceUid, status: 'stored' as const };
        },
      }),
      'knows that a class which nobody has is not taken, or leaves it open',
    ],
    [
      'is asked what it takes by who is gone',
      () => ({ acceptedSyntaxes: () => Promise.resolve(undefined) }),
      'rethrows the reason of a signal when it is asked what it takes',
    ],
    [
      'promises to keep whatever it is asked for',
      () => ({ commit: (committed) => Promise.resolve({ committed, failed: [] }) }),
      'promises to keep what it was given, and nothing else',
    ],
    [
      'promises what nobody asked for',
      () => ({ commit: () => Promise.resolve({ committed: [SOMETHING], failed: [] }) }),
      'says nothing when it is asked for nothing',
    ],
    [
      'promises to who is gone',
      () => ({ commit: () => Promise.resolve({ committed: [], failed: [] }) }),
      'rethrows the reason of a signal when it is asked to keep instances',
    ],
    [
      'tells nothing of what is pushed',
      () => ({ changes: ({ signal }) => silence(signal) }),
      'tells of a study that is pushed, and lists and retrieves it',
    ],
    [
      'ends its word of changes without the reason',
      (pacs) => ({ changes: () => once(pacs) }),
      'tells of a study that is pushed, and lists and retrieves it',
    ],
    ['calls every order open', () => ({ orderStatus: () => Promise.resolve('open' as const) }), ORDERS],
    [
      'goes on with the next instance after an abort',
      (pacs) => ({
        retrieve: (uid, { instances } = {}) => pacs.retrieve(uid, instances === undefined ? {} : { instances }),
      }),
      'stops between two instances when it is told to',
    ],
    [
      'claims what it is not',
      () => ({ capabilities: { ...capabilities, onDuplicate: 'replace' } }),
      'claims what it was said to claim',
    ],
  ])('sees a PACS that %s', async (_name, change, title) => {
    expect(await failures((pacs) => changed(pacs, change(pacs)), {}, title)).toEqual([title]);
  });

  it('runs under node:test', () => {
    const file = fileURLToPath(new URL('node-test-runner.ts', import.meta.url));
    const answer = spawnSync(process.execPath, ['--conditions=@interhosp/source', '--test-reporter=tap', file], {
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, NODE_OPTIONS: '', NODE_TEST_CONTEXT: '' },
    });
    expect(answer.stdout).toContain('# fail 0');
    expect(answer.stdout).toMatch(/# pass [3-9]\d/);
    expect(answer.status).toBe(0);
  });
});
