// The order of test files: those that run real processes, and wait for them, begin first. Otherwise one worker is left with
// the longest of them when the others are done.

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What matches none comes after. */
const FIRST = [/\/test\/journey\//, /-real\.conformance\.test\.ts$/, /\/test\//];

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = FIRST.findIndex((pattern) => pattern.test(moduleId));
  return rank === -1 ? FIRST.length : rank;
}
