/**
 * The contract of the `Log` port as a test suite. Log lines leave the hospital's control more easily than anything else,
 * so the suite hands a logger names wherever one could slip through, and looks for them in what it wrote.
 */
import type { Log, LogLevel, SafeFields } from '../world/index.ts';
import { check, equal, type TestRunner } from './expect.ts';

/** One logger of one test. */
export interface LogHarness {
  /** Lets every level through. */
  readonly log: Log;
  /** All that was written so far, a line each, as it would be stored or sent. */
  readonly lines: () => Promise<readonly string[]>;
  /** Removes whatever the test left. */
  readonly dispose: () => Promise<void>;
}

/** What the suite is told about a logger. */
export interface LogConformanceOptions {
  /** Title of the suite. */
  readonly name: string;
  /** Makes a logger that has written nothing. */
  readonly create: () => Promise<LogHarness>;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
/** Fictional; must be in no line. */
const CANARY = 'Peeters';
const NAME = `${CANARY}^Zoë`;

/** Registers the suite. */
export function logConformance({ describe, it }: TestRunner, options: LogConformanceOptions): void {
  const test = (title: string, body: (harness: LogHarness) => Promise<void>) =>
    void it(title, async () => {
      const harness = await options.create();
      try {
        await body(harness);
      } finally {
        await harness.dispose();
      }
    });

  describe(`the contract of a log: ${options.name}`, () => {
    test('writes a line for each call, with its event and its fields', async ({ log, lines }) => {
      for (const level of LEVELS) log.write(level, `contract.line.${level}`, { count: 4711, reason: 'because' });
      const written = await lines();
      equal(written.length, LEVELS.length, 'each call writes one line');
      for (const [index, level] of LEVELS.entries()) {
        for (const part of [`contract.line.${level}`, '4711', 'because']) {
          check(written[index]?.includes(part) === true, 'a line holds its event and its fields, in the order written');
        }
      }
    });

    test('names the component that it was made for, and only the innermost', async ({ log, lines }) => {
      log.forComponent('contract:outer').forComponent('contract:inner').write('info', 'contract.named');
      log.write('info', 'contract.unnamed');
      const [named, unnamed] = await lines();
      check(named?.includes('contract:inner') === true, 'a line carries the name of its component');
      check(named?.includes('contract:outer') === false, 'a component names itself once');
      check(unnamed?.includes('contract:inner') === false, 'a logger is not changed by one that was made from it');
    });

    test('keeps no value whose form does not fit its field', async ({ log, lines }) => {
      for (const field of [
        'studyInstanceUid',
        'sopInstanceUid',
        'member',
        'reason',
        'code',
        'count',
        'status',
        'tag',
      ]) {
        log.write('warn', 'contract.form', { [field]: NAME });
      }
      await keepsQuiet(lines);
    });

    test('leaves out fields that are not of the list', async ({ log, lines }) => {
      const fields = { count: 4711, patientName: NAME, msg: NAME, message: NAME, err: new Error(NAME), [NAME]: 1 };
      log.write('error', 'contract.unknown-field', fields);
      await keepsQuiet(lines);
      check((await lines())[0]?.includes('4711') === true, 'the fields of the list stay');
    });

    test('looks no deeper than the list says', async ({ log, lines }) => {
      for (const value of [{ name: NAME }, [NAME], new Error(NAME), { toJSON: () => NAME }]) {
        log.write('error', 'contract.depth', { count: value, reason: value } as unknown as SafeFields);
      }
      await keepsQuiet(lines);
    });

    test('takes no data for an event', async ({ log, lines }) => {
      log.write('info', `study of ${NAME} arrived`);
      log.write('info', `contract.${NAME}`);
      await keepsQuiet(lines);
    });

    test('keeps a line on one line', async ({ log, lines }) => {
      const file = 'a\n{"event":"forged"}\r\n';
      log.write('info', 'contract.newline', { file, reason: file });
      equal((await lines()).length, 1, 'no field can begin a line of its own');
    });

    test('never throws for what it is told', async ({ log }) => {
      log.write('info', 'contract.empty');
      const odd = { count: Number.NaN, bytes: 1n, reason: Symbol('s'), code: () => 1, limit: null, kind: undefined };
      log.write('info', 'contract.odd', odd as unknown as SafeFields);
    });
  });
}

async function keepsQuiet(lines: LogHarness['lines']): Promise<void> {
  const written = await lines();
  check(written.length > 0, 'a line is written even when a part of it is refused');
  check(!written.join('\n').includes(CANARY), 'no line holds what was not of an allowed form');
}
