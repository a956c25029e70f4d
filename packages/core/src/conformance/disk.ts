/**
 * The contract of the `Disk` port as a test suite. Journal and spool keep studies on it across crashes, so the suite asks
 * what they rely on: exact positions, names that change as a whole, and errors of their own code. A disk whose failures
 * can be brought about is asked for those as well.
 */
import { diskFaultTests } from './disk-faults.ts';
import { diskFileTests } from './disk-files.ts';
import type { DiskHarness, DiskTest, FailingDiskHarness } from './disk-harness.ts';
import { diskNameTests } from './disk-names.ts';
import type { TestRunner } from './expect.ts';

export type { DiskHarness, FailingDiskHarness } from './disk-harness.ts';

/** What the suite is told about a disk. */
export interface DiskConformanceOptions {
  /** Title of the suite. */
  readonly name: string;
  /** Makes a disk with an empty folder. */
  readonly create: () => Promise<DiskHarness>;
  /** Makes one that can be made to fail. Without it the tests of failures are left out. */
  readonly createFailing?: () => Promise<FailingDiskHarness>;
}

/** Registers the suite. */
export function diskConformance(runner: TestRunner, options: DiskConformanceOptions): void {
  const { name, create, createFailing } = options;
  runner.describe(`the contract of a disk: ${name}`, () => {
    const test = testsWith(runner, create);
    diskFileTests(test);
    diskNameTests(test);
    if (createFailing !== undefined) diskFaultTests(testsWith(runner, createFailing));
  });
}

function testsWith<H extends DiskHarness>(runner: TestRunner, create: () => Promise<H>): DiskTest<H> {
  return (title, body) =>
    void runner.it(title, async () => {
      const harness = await create();
      try {
        await body(harness);
      } finally {
        await harness.dispose();
      }
    });
}
