/**
 * The contract of the `Pacs` port as a test suite, for our adapters and for those of integrators.
 *
 * The suite makes a PACS through `create()` for each test, puts instances into it through `seed()`, and asks it what the
 * contract promises. It depends on no test runner: hand it `describe` and `it` of vitest or of node:test.
 *
 * Besides what an adapter does right, it looks at what goes wrong: aborted calls, sources that break off, data sets that
 * are no data sets, identifiers that try to be something else.
 */
import type { Uid } from '../dicom/uid.ts';
import type { OrderStatus, Pacs, PacsCapabilities, StorableInstance } from '../pacs/index.ts';
import type { TestRunner } from './expect.ts';
import { commitmentTests } from './pacs-commitment.ts';
import { lifeTests } from './pacs-life.ts';
import { noticeTests } from './pacs-notices.ts';
import { retrieveTests } from './pacs-retrieve.ts';
import { searchTests } from './pacs-search.ts';
import { hostileStoreTests } from './pacs-store-hostile.ts';
import { storeTests } from './pacs-store.ts';
import { syntaxTests } from './pacs-syntaxes.ts';

/** One PACS of one test. */
export interface PacsHarness {
  /** Not yet started. */
  readonly pacs: Pacs;
  /** Puts instances into the PACS behind the adapter's back, or through its own store where there is no other way. */
  readonly seed: (instances: readonly StorableInstance[]) => Promise<void>;
  /**
   * Puts instances where the adapter is told of them, as a modality that sends to us; for adapters that have `changes`, and
   * those that have `withPushed`, whose PACS is not to have them by that.
   */
  readonly push?: (instances: readonly StorableInstance[]) => Promise<void>;
  /**
   * Puts an order into the hospital's own system, for adapters that have `orderStatus`; `unknown` takes it away. Its
   * accession number and patient are those of the sample studies.
   */
  readonly setOrder?: (order: SampleOrder, status: OrderStatus) => Promise<void>;
  /** Removes whatever the test left; called after `pacs.stop()`. */
  readonly dispose: () => Promise<void>;
  /** What is still open or on disk after `pacs.stop()`: sockets, timers, part files. Anything listed fails a test. */
  readonly leftovers?: () => Promise<readonly string[]>;
}

/** An order of a sample study. */
export interface SampleOrder {
  readonly accessionNumber: string;
  readonly patientId: string;
  readonly studyInstanceUid: Uid;
}

/** What the suite is told about an adapter. */
export interface PacsConformanceOptions {
  /** Title of the suite. */
  readonly name: string;
  /** What the adapter claims; it must claim the same itself. */
  readonly capabilities: PacsCapabilities;
  /** Makes an empty PACS. */
  readonly create: () => Promise<PacsHarness>;
  /** Makes an adapter whose PACS is down. Without it the tests of a PACS that is down are left out. */
  readonly createUnreachable?: () => Promise<Pacs>;
  /**
   * Bytes this process holds at the moment, garbage not counted: collect it, then add `arrayBuffers` and `heapUsed` of
   * `process.memoryUsage()`. Without it the tests of flat memory are left out, as for an adapter that keeps its objects
   * in this process.
   */
  readonly heldBytes?: () => number;
  /** Size of the big instance in the tests of flat memory; default 64 MiB. */
  readonly bigInstanceBytes?: number;
  /**
   * Transfer syntaxes in which the PACS takes Secondary Capture images; default every one. In others nothing may be called
   * stored, and `acceptedSyntaxes`, where there is one, must know that beforehand.
   */
  readonly syntaxes?: readonly Uid[];
  /**
   * Transfer syntaxes whose objects a PACS that preserves bytes writes anew all the same, as one that deflates again what
   * came deflated. They come back in their syntax, and their bytes are not compared. Default none.
   */
  readonly rewrittenSyntaxes?: readonly Uid[];
  /** Studies in the test of long answers; choose more than two pages of the adapter. Default 25. */
  readonly manyStudies?: number;
}

/** What the parts of the suite share. */
export interface PacsSuite {
  readonly runner: TestRunner;
  readonly options: PacsConformanceOptions;
  /** Registers a test that gets a started PACS, which is stopped and disposed of afterwards. */
  readonly test: (title: string, body: (harness: PacsHarness) => Promise<void>) => void;
}

/**
 * Registers the suite with the test runner.
 *
 * @example
 * pacsConformance({ describe, it }, { name: 'my PACS', capabilities, create: async () => ({ pacs, seed, dispose }) });
 */
export function pacsConformance(runner: TestRunner, options: PacsConformanceOptions): void {
  const suite: PacsSuite = {
    runner,
    options,
    test: (title, body) => void runner.it(title, () => withHarness(options, body)),
  };
  runner.describe(`the contract of a PACS: ${options.name}`, () => {
    lifeTests(suite);
    if (options.capabilities.source) searchTests(suite);
    if (options.capabilities.source) retrieveTests(suite);
    if (options.capabilities.destination) storeTests(suite);
    if (options.capabilities.destination) hostileStoreTests(suite);
    if (options.capabilities.destination) syntaxTests(suite);
    if (options.capabilities.destination) commitmentTests(suite);
    if (options.capabilities.source) noticeTests(suite);
  });
}

async function withHarness(
  options: PacsConformanceOptions,
  body: (harness: PacsHarness) => Promise<void>,
): Promise<void> {
  const harness = await options.create();
  try {
    await harness.pacs.start();
    await body(harness);
  } finally {
    try {
      await harness.pacs.stop();
    } finally {
      await harness.dispose();
    }
  }
}
