/** The part of the PACS suite about starting, stopping, echoing, and what an adapter does that cannot do something. */
import type { Pacs } from '../pacs/index.ts';
import { check, equal, rejectsWith, rejectsWithCode } from './expect.ts';
import { all } from './pacs-iterate.ts';
import { sampleInstance, sampleStudyUid } from './pacs-samples.ts';
import type { PacsSuite } from './pacs.ts';

/** Registers the tests. */
export function lifeTests({ runner, options, test }: PacsSuite): void {
  test('claims what it was said to claim', async ({ pacs }) => {
    equal(pacs.capabilities, options.capabilities, 'the adapter declares its capabilities truthfully');
  });

  test('answers an echo', async ({ pacs }) => {
    await pacs.echo();
  });

  test('starts twice and stops twice', async ({ pacs }) => {
    await pacs.start();
    await pacs.echo();
    await pacs.stop();
    await pacs.stop();
  });

  test('leaves nothing open when it is stopped after work', async (harness) => {
    await harness.seed([sampleInstance({ study: 1 })]);
    if (options.capabilities.source) await all(harness.pacs.findStudies({}));
    if (options.capabilities.destination) await all(harness.pacs.store([sampleInstance({ study: 2 })]));
    await harness.pacs.stop();
    equal((await harness.leftovers?.()) ?? [], [], 'a stopped adapter leaves no socket, timer or file');
  });

  test('rethrows the reason of a signal that is aborted already', async ({ pacs }) => {
    for (const [name, call] of calls(pacs)) {
      const reason = { stopped: name };
      const signal = AbortSignal.abort(reason);
      await rejectsWith(() => call(signal), reason, `${name} rethrows the reason of an aborted signal untouched`);
    }
  });

  if (!options.capabilities.destination) {
    test('says that it cannot store', async ({ pacs }) => {
      const store = () => all(pacs.store([sampleInstance({ study: 1 })]));
      await rejectsWithCode(store, 'PACS_READ_ONLY', 'an adapter that is no destination says so');
    });
  }
  if (!options.capabilities.source) {
    test('says that it cannot search or retrieve', async ({ pacs }) => {
      for (const [name, call] of calls(pacs).filter(([each]) => SOURCE_CALLS.has(each))) {
        await rejectsWithCode(
          () => call(undefined),
          'PACS_WRITE_ONLY',
          `${name} of an adapter that is no source says so`,
        );
      }
    });
  }
  const { createUnreachable } = options;
  if (createUnreachable === undefined) return;
  runner.it('starts while its PACS is down, and says so at each call', async () => {
    const pacs = await createUnreachable();
    try {
      await pacs.start();
      for (const [name, call] of calls(pacs)) {
        if (SOURCE_CALLS.has(name) && !options.capabilities.source) continue;
        if (name === 'store' && !options.capabilities.destination) continue;
        await rejectsWithCode(() => call(undefined), 'PACS_UNREACHABLE', `${name} says that the PACS is down`);
      }
    } finally {
      await pacs.stop();
    }
  });
}

const SOURCE_CALLS: ReadonlySet<string> = new Set(['findStudies', 'findInstances', 'retrieve']);

/** Every call that waits, by name. Calls that the adapter cannot do reject as well, with an abort before all else. */
function calls(pacs: Pacs): ReadonlyArray<[name: string, call: (signal: AbortSignal | undefined) => Promise<unknown>]> {
  const study = sampleStudyUid(1);
  return [
    ['echo', (signal) => pacs.echo(options(signal))],
    ['findStudies', (signal) => all(pacs.findStudies({}, options(signal)))],
    ['findInstances', (signal) => all(pacs.findInstances(study, options(signal)))],
    ['retrieve', (signal) => all(pacs.retrieve(study, options(signal)))],
    ['store', (signal) => all(pacs.store([sampleInstance({ study: 1 })], options(signal)))],
  ];
}

function options(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  check(signal === undefined || signal.aborted, 'the suite aborts before it calls');
  return signal === undefined ? {} : { signal };
}
