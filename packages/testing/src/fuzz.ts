/**
 * Runs a parser on damaged inputs. The same seed gives the same inputs; a failure names its seed and shows the input,
 * made as short as it goes, in hexadecimal, to be kept as a test. A run that never ends is ended from another thread.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { fuzzRandom, mutate, type FuzzRandom, type MutateOptions } from './fuzz-mutate.ts';

/** What is fuzzed. */
export interface FuzzOptions extends Omit<MutateOptions, 'others'> {
  /** Named in failures. */
  readonly name: string;
  /** Inputs to begin with: good ones, and bad ones that were found before. Each is run as it is, then damaged. */
  readonly corpus: readonly Uint8Array[];
  /** Executions, those of the corpus included; see {@link fuzzRuns}. */
  readonly runs: number;
  /** Default: INTERHOSP_FUZZ_SEED, else the same in each gate and a new one under the long dose. */
  readonly seed?: number;
  /**
   * Runs the parser; throws (or rejects) on anything but an answer it may give. A text that is answered names what became
   * of the input: one that comes to a new end is kept and damaged further.
   */
  readonly execute: (
    input: Uint8Array,
    random: FuzzRandom,
  ) => void | string | undefined | Promise<void | string | undefined>;
  /** One execution that takes longer is a hang; default 30 s, far above what any input takes. */
  readonly hangMs?: number;
}

/** What was done. */
export interface FuzzReport {
  readonly runs: number;
  readonly seed: number;
  /** Each end that inputs came to, and how many did. */
  readonly outcomes: ReadonlyMap<string, number>;
}

/** Executions under the dose in force: few in the gate, many at night (INTERHOSP_DOSE=long). */
export function fuzzRuns(gate: number, long: number): number {
  return isLong() ? long : gate;
}

const HANG_MS = 30_000;
/** Inputs kept for the new ends they came to. */
const MAX_KEPT = 2_000;
/** Executions between two turns of the event loop. */
const RUNS_A_TURN = 1_000;
/** Executions spent on making a failing input shorter. */
const SHORTENINGS = 2_000;

/** @throws {Error} with seed, run and input when `execute` throws. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { corpus, execute, name, runs } = options;
  const seed = options.seed ?? defaultSeed(name);
  const inputs = corpus.length === 0 ? [new Uint8Array(0)] : [...corpus];
  const outcomes = new Map<string, number>();
  await using watchdog = createWatchdog(name, seed, options.hangMs ?? HANG_MS);
  for (let run = 0; run < runs; run++) {
    // Node takes note of promises that were rejected until the event loop turns: of too many it dies.
    if (run % RUNS_A_TURN === 0) await nextTurn();
    const random = fuzzRandom(Math.imul(seed, 0x01000193) ^ run);
    const input =
      run < corpus.length
        ? (corpus[run] as Uint8Array)
        : mutate(random.pick(inputs), random, { ...options, others: inputs });
    watchdog.begin(run, input);
    try {
      const answer = execute(input, random);
      const outcome = (typeof answer === 'object' ? await answer : answer) ?? '';
      if (!outcomes.has(outcome) && inputs.length < MAX_KEPT) inputs.push(input);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    } catch (cause) {
      const short = await shortened(input, async (candidate) => {
        watchdog.begin(run, candidate);
        await execute(candidate, fuzzRandom(Math.imul(seed, 0x01000193) ^ run));
      });
      throw new Error(
        `${name}: seed ${seed}, run ${run}, ${short.length} bytes (of ${input.length}): ${String(cause)}\n${hex(short)}`,
        { cause },
      );
    }
  }
  return { runs, seed, outcomes };
}

/** The bytes of a failure, as its message shows them. */
export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
}

/** Leaves out pieces, large ones first, as long as something is still thrown. */
async function shortened(input: Uint8Array, run: (candidate: Uint8Array) => Promise<void>): Promise<Uint8Array> {
  let best = input;
  let left = SHORTENINGS;
  for (let piece = best.length >> 1; piece >= 1; piece >>= 1) {
    for (let at = 0; at < best.length && left > 0; left--) {
      const candidate = new Uint8Array([...best.subarray(0, at), ...best.subarray(at + piece)]);
      const stillFails = await run(candidate).then(
        () => false,
        () => true,
      );
      if (stillFails) best = candidate;
      else at += piece;
    }
  }
  return best;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function isLong(): boolean {
  return process.env['INTERHOSP_DOSE'] === 'long';
}

function defaultSeed(name: string): number {
  const given = process.env['INTERHOSP_FUZZ_SEED'];
  if (given !== undefined) return Number(given) | 0;
  if (isLong()) return Date.now() | 0;
  let seed = 0;
  for (let index = 0; index < name.length; index++) seed = (Math.imul(seed, 31) + name.charCodeAt(index)) | 0;
  return seed;
}

interface Watchdog extends AsyncDisposable {
  begin(run: number, input: Uint8Array): void;
}

/** Bytes of a hanging input that are shown. */
const SHOWN_BYTES = 64 * 1024;

/** A thread that looks whether runs go on; a loop without end blocks every timer of this one. */
function createWatchdog(name: string, seed: number, hangMs: number): Watchdog {
  const shared = new SharedArrayBuffer(8 + SHOWN_BYTES);
  const state = new Int32Array(shared, 0, 2);
  const shown = new Uint8Array(shared, 8);
  Atomics.store(state, 0, -1);
  const worker = new Worker(WATCH, { eval: true, execArgv: [], workerData: { shared, name, seed, hangMs } });
  worker.unref();
  return {
    begin(run, input) {
      shown.set(input.subarray(0, SHOWN_BYTES));
      state[1] = input.length;
      Atomics.store(state, 0, run);
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}

const WATCH = `
  const { workerData: { shared, name, seed, hangMs } } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  const state = new Int32Array(shared, 0, 2);
  let last = -1;
  let since = Date.now();
  setInterval(() => {
    const run = Atomics.load(state, 0);
    if (run !== last) [last, since] = [run, Date.now()];
    else if (run >= 0 && Date.now() - since > hangMs) {
      const input = Buffer.from(new Uint8Array(shared, 8, Math.min(state[1], shared.byteLength - 8)));
      writeSync(2, name + ': hangs, seed ' + seed + ', run ' + run + ', ' + state[1] + ' bytes\\n' + input.toString('hex') + '\\n');
      process.kill(process.pid, 'SIGKILL');
    }
  }, Math.min(1000, hangMs));
`;
