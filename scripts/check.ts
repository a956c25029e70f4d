// The gate: everything that must hold before a change is released, in one command, the same on a laptop and in CI.
//
//   pnpm check                     all steps, stopping at the first that fails
//   pnpm check --keep-going        all steps, and a summary of what failed
//   pnpm check --only lint,test    some of them
//   pnpm check --long              the same suites with nightly doses (pnpm check:long)

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { ensureDebianPackages } from './debian-packages.ts';

interface Step {
  /** The root script that does it. */
  readonly script: string;
  readonly what: string;
  /** Whether its output is worth seeing when it succeeds. */
  readonly live?: boolean;
}

interface Result {
  readonly step: Step;
  readonly ok: boolean;
  readonly durationMs: number;
}

/** What we read of vitest's JSON report. */
interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

// Quick ones first, so that a slip shows in seconds. The build precedes what looks at packages as integrators get them.
const steps: readonly Step[] = [
  { script: 'format', what: 'prettier' },
  { script: 'lint', what: 'oxlint, type-aware' },
  { script: 'types', what: 'tsc, each package' },
  { script: 'graph', what: 'dependency direction' },
  { script: 'unused', what: 'dead code and dependencies' },
  { script: 'build', what: 'tsup' },
  { script: 'packages', what: 'publint and are-the-types-wrong' },
  { script: 'docs', what: 'typedoc, every export documented' },
  { script: 'test', what: 'vitest', live: true },
  { script: 'examples', what: 'each example runs', live: true },
];

const root = fileURLToPath(new URL('..', import.meta.url));
const reportFile = `${root}.tmp/vitest.json`;

const exitFailed = 1;
const exitUsage = 2;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, long: { type: 'boolean' }, 'keep-going': { type: 'boolean' } },
  });
  const only = values.only?.split(',');
  const unknown = only?.filter((name) => !steps.some((step) => step.script === name)) ?? [];
  if (unknown.length > 0) {
    console.error(`no such step: ${unknown.join(', ')}; there are ${steps.map((step) => step.script).join(', ')}`);
    return exitUsage;
  }
  const chosen = steps.filter((step) => only?.includes(step.script) ?? true);

  if (chosen.some((step) => step.script === 'test' || step.script === 'examples')) {
    const byHand = ensureDebianPackages();
    if (byHand !== undefined) {
      console.error(byHand);
      return exitUsage;
    }
  }

  process.chdir(root);
  rmSync(reportFile, { force: true });
  mkdirSync(`${root}.tmp`, { recursive: true });

  const results: Result[] = [];
  for (const step of chosen) {
    const result = await run(step, values.long === true);
    results.push(result);
    if (!result.ok && values['keep-going'] !== true) break;
  }
  return summarise(results, chosen.length);
}

async function run(step: Step, long: boolean): Promise<Result> {
  const startedMs = performance.now();
  if (step.live === true) console.log(`--- ${step.script}`);
  const { code, output } = await pnpmRun(step, long);
  const result = { step, ok: code === 0, durationMs: performance.now() - startedMs };
  if (!result.ok) console.log(output);
  console.log(line(result));
  return result;
}

/** Runs one root script with no input, keeping its output unless it is shown as it comes. */
async function pnpmRun(step: Step, long: boolean): Promise<{ code: number; output: string }> {
  // Under pnpm this names the pnpm that runs us, so that no second one is looked up.
  const pnpm = process.env['npm_execpath'];
  const [command, ...first] = pnpm === undefined ? ['npx', '-y', 'pnpm@10'] : [process.execPath, pnpm];
  const child = spawn(command, [...first, '--silent', 'run', step.script], {
    cwd: root,
    env: {
      ...process.env,
      CI: 'true',
      ...(process.stdout.isTTY ? {} : { NO_COLOR: '1', FORCE_COLOR: undefined }),
      INTERHOSP_TEST_REPORT: reportFile,
      // Tests start the command some hundred times, from the same sources.
      NODE_COMPILE_CACHE: `${root}.tmp/compile-cache`,
      ...(long ? { INTERHOSP_DOSE: 'long' } : {}),
    },
    stdio: ['ignore', step.live === true ? 'inherit' : 'pipe', step.live === true ? 'inherit' : 'pipe'],
  });
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? exitFailed, output: Buffer.concat(chunks).toString() }));
  });
}

function line({ step, ok, durationMs }: Result): string {
  const seconds = `${(durationMs / 1000).toFixed(1)} s`.padStart(8);
  return `${ok ? 'ok    ' : 'FAILED'} ${step.script.padEnd(10)} ${seconds}  ${step.what}`;
}

function summarise(results: readonly Result[], chosenCount: number): number {
  const failed = results.filter((result) => !result.ok);
  const totalMs = results.reduce((sum, result) => sum + result.durationMs, 0);
  console.log(`\n${results.map(line).join('\n')}`);
  if (results.length < chosenCount) console.log(`not run: ${chosenCount - results.length} later steps`);
  console.log(`${failed.length === 0 ? 'green' : 'red'} after ${(totalMs / 1000).toFixed(0)} s`);
  const counts = testCounts();
  if (counts !== undefined) console.log(counts);
  return failed.length === 0 ? 0 : exitFailed;
}

/** The closing line, in the plain form that any CI reads. */
function testCounts(): string | undefined {
  let report: TestReport;
  try {
    report = JSON.parse(readFileSync(reportFile, 'utf8')) as TestReport;
  } catch {
    return undefined; // The tests were not among the steps, or did not get as far as a report.
  }
  const skipped = report.numPendingTests + report.numTodoTests;
  return `tests: ${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped} skipped`;
}
