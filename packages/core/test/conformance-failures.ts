/** Runs a conformance suite without a test runner, for the tests that show what it sees. */
import type { TestRunner } from '../src/conformance/index.ts';

/** The sentences of the tests that failed; empty when none did. */
export async function failuresOf(register: (runner: TestRunner) => void): Promise<readonly string[]> {
  const tests: (() => void | Promise<void>)[] = [];
  register({ describe: (_, body) => body(), it: (_, body) => tests.push(body) });
  const failures: string[] = [];
  for (const test of tests) {
    try {
      await test();
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  return failures;
}
