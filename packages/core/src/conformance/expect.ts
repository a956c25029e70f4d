/**
 * The few assertions the conformance suites need, so that they depend on no test runner: a suite is handed `describe`
 * and `it`, and what fails throws an ordinary Error whose text is a sentence about the contract.
 */
import { errorCodeOf, type ErrorCode } from '../errors/index.ts';

/** What a suite needs of a test runner; vitest and node:test both have it. */
export interface TestRunner {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly it: (title: string, body: () => void | Promise<void>) => unknown;
}

/** Longest rendering of a value in a failure, in characters. */
const SHOWN_CHARACTERS = 400;

/**
 * Fails unless the condition holds.
 *
 * @param sentence - What the contract demands: "a stopped directory keeps no timer".
 */
export function check(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Error(`Contract broken: ${sentence}`);
}

/** Fails unless both values have the same structure: primitives, arrays, bytes and plain objects, in any key order. */
export function equal(actual: unknown, expected: unknown, sentence: string): void {
  if (sameStructure(actual, expected)) return;
  throw new Error(`Contract broken: ${sentence}\n  expected ${shown(expected)}\n  actual   ${shown(actual)}`);
}

/**
 * Fails unless the promise is rejected with an error of ours that carries this code.
 *
 * @param action - Called once; a synchronous throw counts as well.
 * @returns The error, for further checks.
 */
export async function rejectsWithCode(action: () => unknown, code: ErrorCode, sentence: string): Promise<Error> {
  const error = await rejection(action, sentence);
  check(errorCodeOf(error) === code, `${sentence} (expected ${code}, got ${shownError(error)})`);
  return error as Error;
}

/**
 * Fails unless the promise is rejected with exactly this value: an abort's reason is rethrown untouched.
 */
export async function rejectsWith(action: () => unknown, reason: unknown, sentence: string): Promise<void> {
  const error = await rejection(action, sentence);
  check(Object.is(error, reason), `${sentence} (got ${shownError(error)})`);
}

async function rejection(action: () => unknown, sentence: string): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error(`Contract broken: ${sentence} (nothing was thrown)`);
}

function sameStructure(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (left instanceof Uint8Array || right instanceof Uint8Array) return sameBytes(left, right);
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(right, key) &&
      sameStructure((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]),
  );
}

function sameBytes(left: unknown, right: unknown): boolean {
  if (!(left instanceof Uint8Array) || !(right instanceof Uint8Array)) return false;
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function shownError(error: unknown): string {
  const code = errorCodeOf(error);
  if (code !== undefined) return code;
  return error instanceof Error ? `${error.name}: ${error.message}` : shown(error);
}

function shown(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  let text: string;
  try {
    text =
      JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)) ?? String(value);
  } catch {
    text = String(value);
  }
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
