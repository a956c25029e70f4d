/**
 * Memory stays flat whatever the size: one instance goes out and comes in over DICOMweb and over DIMSE between two processes,
 * ours on both sides, and each stays under its ceiling, its start included. VmHWM is Linux's own record of the most a
 * process held.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseUid } from '@interhosp/core/dicom';
import { buildProgram, type BuiltProgram } from '@interhosp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import { encodeAssociateRequest } from '../src/dimse/association/associate.ts';
import { ourselves, proposedContexts } from '../src/dimse/association/request-association.ts';
import { PLAIN_SYNTAXES } from '../src/dimse/association/uids.ts';
import type { Order, Report, Way } from './large-endpoint.ts';
import { digestOf, largeInstance } from './large-instance.ts';
import { ABORT, sendAndClose } from './raw-peer.ts';

const SERVER_AE = parseAeTitle('SERVER');
const CT = parseUid('1.2.840.10008.5.1.4.1.1.2');

/** What each process promises to stay under, in MB of 10^6 bytes. */
const CEILING_MB = 150;
/**
 * Our server in front of any PACS, which reads what it received from a file again: the pieces are the PACS's then, and V8 lets
 * 64 MB of such lie about before it collects them.
 */
const SERVER_CEILING_MB = 180;
const isLong = process.env['INTERHOSP_DOSE'] === 'long';
/**
 * What a process that must stay small is started with (docs/operating.md). Node reads sockets into new buffers of 64 KiB,
 * which are garbage at once; with the young generation as large as V8 makes it, some 80 MB of them lie about.
 */
const SMALL = ['--max-semi-space-size=1'];
/** Beyond the ceiling in the gate; one and five gigabytes, the second beyond what a length field holds, at night. */
const SIZES = isLong ? [1_000_000_000, 5_000_000_000] : [200_000_000];
const WAYS = ['dicomweb', 'dimse', 'dimse-inbox'] as const satisfies readonly Way[];
const CASES = WAYS.flatMap((way) => SIZES.map((lengthBytes) => [way, lengthBytes] as const));
const WITHIN_MS = isLong ? 1_500_000 : 120_000;
const WITHIN = { timeout: WITHIN_MS };

class Endpoint implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor({ file }: BuiltProgram) {
    this.#child = fork(file, { execArgv: SMALL });
  }

  /** What it holds now, in MB of 10^6 bytes. */
  async rssMb(): Promise<number> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8');
    return (Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / 1e6;
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
describe.runIf(process.platform === 'linux')('the memory of a process', () => {
  let program: BuiltProgram;
  beforeAll(async () => {
    program = await buildProgram(fileURLToPath(new URL('large-endpoint.ts', import.meta.url)));
  });
  afterAll(async () => {
    await program?.[Symbol.asyncDispose]();
  });

  it('does not grow with associations that are aborted again and again', WITHIN, async () => {
    await using server = new Endpoint(program);
    const { address } = await server.tell({ kind: 'serve', way: 'dimse-inbox', lengthBytes: 1_000 });
    const contexts = proposedContexts([{ abstractSyntax: CT, transferSyntaxes: PLAIN_SYNTAXES }]);
    const callingAe = parseAeTitle('LARGE');
    const request = encodeAssociateRequest({ calledAe: SERVER_AE, callingAe, contexts, user: ourselves([]) });
    const bytes = Buffer.concat([request, ABORT]);
    const run = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += 20) {
        await Promise.all(Array.from({ length: 20 }, async () => await sendAndClose(Number(address), bytes)));
      }
    };
    // Until its code is compiled and its heaps have breathed.
    await run(isLong ? 20_000 : 1_000);
    const before = await server.rssMb();
    const cycles = isLong ? 100_000 : 1_000;
    await run(cycles);
    const growthMb = (await server.rssMb()) - before;
    // Nothing was stored; its folder goes all the same.
    await server.tell({ kind: 'usage' }).catch(() => {});
    console.log(
      `${cycles} associations requested and aborted: ${growthMb.toFixed(1)} MB more than ${before.toFixed(0)}`,
    );
    // Objects that a connection leaves behind would be kilobytes each.
    expect(growthMb).toBeLessThan(isLong ? 10 : 64);
  });

  it.each(CASES)(
    'over %s, of %i bytes, is stored and retrieved under the ceiling',
    WITHIN,
    async (way, lengthBytes) => {
      const instance = await largeInstance(lengthBytes);
      const whole = await digestOf(instance.dataSet());
      expect(whole.bytes).toBe(instance.lengthBytes);
      // What is pushed to an inbox is stored, and retrieved by the member itself.
      for (const kind of way === 'dimse-inbox' ? (['store'] as const) : (['store', 'retrieve'] as const)) {
        await using server = new Endpoint(program);
        await using client = new Endpoint(program);
        const { address = '' } = await server.tell({ kind: 'serve', way, lengthBytes });
        const went = await client.tell({ kind, way, address, lengthBytes });
        const served = await server.tell({ kind: 'usage' });
        console.log(
          `${way}, ${kind} of ${lengthBytes / 1e6} MB: client ${went.peakRssMb} MB, server ${served.peakRssMb} MB, ` +
            `${Math.round(lengthBytes / 1e6 / (went.seconds ?? 1))} MB/s`,
        );
        expect((kind === 'store' ? served : went).digests).toEqual([whole]);
        if (kind === 'store') expect(went.statuses).toEqual(['stored']);
        const isReadAgain = way === 'dimse' && kind === 'store';
        const peaks = [
          [went, CEILING_MB],
          [served, isReadAgain ? SERVER_CEILING_MB : CEILING_MB],
        ] as const;
        for (const [{ peakRssMb = 0 }, ceilingMb] of peaks) {
          expect(peakRssMb).toBeLessThan(ceilingMb);
          // A reading that is too good to be true is none.
          expect(peakRssMb).toBeGreaterThan(40);
        }
      }
    },
  );
});
