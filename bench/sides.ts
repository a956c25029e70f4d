/** What benchmarks share: their options, two sides by turns, and processes that are asked or watched. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { usageOf, type ProcessUsage } from '../packages/testing/src/index.ts';
import { report } from './report.ts';

/** How the cases are run. */
export interface BenchOptions {
  readonly isChosen: (name: string) => boolean;
  readonly quick: boolean;
  readonly runs: number;
  /** Told how it goes on, on standard error: standard output is lines of JSON alone. */
  readonly note: (text: string) => void;
}

/** One run of one side. */
export interface Run {
  readonly seconds: number;
  readonly bytes: number;
  readonly instances: number;
  readonly usage: ProcessUsage;
}

/** The runs of both sides. */
export interface Sides {
  readonly ours: readonly Run[];
  readonly peer: readonly Run[];
}

/** Times between two looks at a process that ends by itself. */
const SAMPLE_MS = 10;

/**
 * Reads `[--case NAME] [--quick] [--runs N] [--json]`.
 *
 * @param namesOf - The cases, which may be others when it is to be quick.
 * @throws {Error} which names the cases, when another is asked for.
 */
export function benchOptions(namesOf: (quick: boolean) => readonly string[]): BenchOptions {
  const { values } = parseArgs({
    options: {
      case: { type: 'string' },
      json: { type: 'boolean' },
      quick: { type: 'boolean' },
      runs: { type: 'string', default: '3' },
    },
  });
  const quick = values.quick === true;
  const names = namesOf(quick);
  if (values.case !== undefined && !names.includes(values.case)) {
    throw new Error(`--case is one of: ${names.join(', ')}`);
  }
  return {
    isChosen: (name) => values.case === undefined || values.case === name,
    quick,
    runs: Math.max(3, Number(values.runs)),
    note: (text) => {
      if (values.json !== true) console.error(text);
    },
  };
}

/** Runs both sides, each first as often as second: what has run once has warmed caches. */
export async function byTurns(
  { note, runs }: BenchOptions,
  peerName: string,
  measure: (side: 'ours' | 'peer', run: number) => Promise<Run>,
): Promise<Sides> {
  const sides: { readonly ours: Run[]; readonly peer: Run[] } = { ours: [], peer: [] };
  for (let run = 0; run < runs; run++) {
    for (const side of run % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)) {
      const done = await measure(side, run);
      sides[side].push(done);
      note(`run ${run + 1} of ${runs}, ${side === 'ours' ? side : peerName}: ${speedOf(done)}`);
    }
  }
  return sides;
}

/** `184 MB/s, 351/s` */
export function speedOf({ bytes, instances, seconds }: Run): string {
  return `${(bytes / 1e6 / seconds).toFixed(0)} MB/s, ${(instances / seconds).toFixed(0)}/s`;
}

/** Prints throughput, rate, processor time and memory of both sides. */
export function reportRuns(bench: string, name: string, { ours, peer }: Sides, peerName: string): void {
  const metrics = [
    ['throughput', 'MB/s', 'higher', ({ bytes, seconds }: Run) => bytes / 1e6 / seconds],
    ['instances', 'instances/s', 'higher', ({ instances, seconds }: Run) => instances / seconds],
    ['cpuSecondsPerGb', 's/GB', 'lower', ({ bytes, usage }: Run) => (usage.cpuSeconds / bytes) * 1e9],
    ['rssMb', 'MB', 'lower', ({ usage }: Run) => usage.peakRssMb],
  ] as const;
  for (const [metric, unit, better, pick] of metrics) {
    const theirs = peer.length === 0 ? {} : { peer: { name: peerName, values: peer.map(pick) } };
    report({ bench, case: name, metric, unit, better, ours: ours.map(pick), ...theirs });
  }
}

/** Sends an order to a process of ours and waits for the answer. @throws {Error} what went wrong there. */
export async function ask<Answer>(child: ChildProcess, order: unknown): Promise<Answer> {
  const answered = Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`our process ended with ${code}`))),
  ]);
  child.send(order as object);
  const [answer] = (await answered) as [Answer & { readonly error?: string }];
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer;
}

/** Runs a program to its end, and looks at it while it runs. @throws {Error} when it fails. */
export async function watched(
  command: string,
  words: readonly string[],
): Promise<{ readonly seconds: number; readonly usage: ProcessUsage }> {
  const env = { ...process.env, TCP_NODELAY: '1' };
  const startedMs = performance.now();
  const child = spawn(command, words, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  let usage: ProcessUsage = { cpuSeconds: Number.NaN, peakRssMb: Number.NaN };
  const timer = setInterval(() => {
    usageOf(child.pid ?? 0).then(
      (now) => (usage = now),
      () => clearInterval(timer),
    );
  }, SAMPLE_MS);
  const [code] = (await once(child, 'exit')) as [number | null];
  const seconds = (performance.now() - startedMs) / 1_000;
  clearInterval(timer);
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  return { seconds, usage };
}
