/**
 * Memory stays flat whatever the size: one instance goes out and comes in over DICOMweb between two processes, ours on both
 * sides, and each stays under its ceiling, its start included. VmHWM is Linux's own record of the most a process held.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { buildProgram, type BuiltProgram } from '@interhosp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Order, Report } from './large-endpoint.ts';
import { digestOf, largeInstance } from './large-instance.ts';

/** What each process promises to stay under, in MB of 10^6 bytes. */
const CEILING_MB = 150;
const isLong = process.env['INTERHOSP_DOSE'] === 'long';
/**
 * What a process that must stay small is started with (docs/operating.md). Node reads sockets into new buffers of 64 KiB,
 * which are garbage at once; with the young generation as large as V8 makes it, some 80 MB of them lie about.
 */
const SMALL = ['--max-semi-space-size=1'];
/** Beyond the ceiling in the gate; one and five gigabytes, the second beyond what a length field holds, at night. */
const SIZES = isLong ? [1_000_000_000, 5_000_000_000] : [200_000_000];
const WITHIN_MS = isLong ? 1_500_000 : 120_000;

class Endpoint implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor({ file }: BuiltProgram) {
    this.#child = fork(file, { execArgv: SMALL });
  }

  async tell(order: Order): Promise<Report> {
    const signal = AbortSignal.timeout(WITHIN_MS);
    const answered = once(this.#child, 'message', { signal });
    this.#child.send(order);
    const [report] = (await answered) as [Report];
    if (report.error !== undefined) throw new Error(report.error);
    return report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

// Without /proc there is nothing to read; Linux is where members and the gate run.
describe.runIf(process.platform === 'linux')('an instance over DICOMweb', () => {
  let program: BuiltProgram;
  beforeAll(async () => {
    program = await buildProgram(fileURLToPath(new URL('large-endpoint.ts', import.meta.url)));
  });
  afterAll(async () => {
    await program?.[Symbol.asyncDispose]();
  });

  it.each(SIZES)(
    'of %i bytes is stored and retrieved under the ceiling',
    { timeout: WITHIN_MS },
    async (lengthBytes) => {
      const instance = await largeInstance(lengthBytes);
      const whole = await digestOf(instance.dataSet());
      expect(whole.bytes).toBe(instance.lengthBytes);
      for (const kind of ['store', 'retrieve'] as const) {
        await using server = new Endpoint(program);
        await using client = new Endpoint(program);
        const { url = '' } = await server.tell({ kind: 'serve', lengthBytes });
        const went = await client.tell({ kind, url, lengthBytes });
        const served = await server.tell({ kind: 'usage' });
        console.log(
          `${kind} of ${lengthBytes / 1e6} MB: client ${went.peakRssMb} MB, server ${served.peakRssMb} MB, ` +
            `${Math.round(lengthBytes / 1e6 / (went.seconds ?? 1))} MB/s`,
        );
        expect((kind === 'store' ? served : went).digests).toEqual([whole]);
        if (kind === 'store') expect(went.statuses).toEqual(['stored']);
        for (const { peakRssMb = 0 } of [went, served]) {
          expect(peakRssMb).toBeLessThan(CEILING_MB);
          // A reading that is too good to be true is none.
          expect(peakRssMb).toBeGreaterThan(40);
        }
      }
    },
  );
});
