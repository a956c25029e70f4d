/**
 * One side of a transfer, as a process of its own so that its memory can be measured: our server, whose PACS makes and
 * digests instances instead of keeping them, or our client. It is told what to do, and tells how it went, by messages.
 */
import { readFile } from 'node:fs/promises';
import { dicomwebPacs, dicomwebServer } from '@interhosp/adapters/dicomweb';
import type { Pacs, StorableInstance } from '@interhosp/core/pacs';
import { digestOf, largeInstance } from './large-instance.ts';

/** What a process is told. */
export type Order =
  | { readonly kind: 'serve'; readonly lengthBytes: number }
  | { readonly kind: 'store' | 'retrieve'; readonly url: string; readonly lengthBytes: number }
  | { readonly kind: 'usage' };

/** What it answers. */
export interface Report {
  readonly url?: string;
  /** Of what was stored here or retrieved. */
  readonly digests?: ReadonlyArray<{ readonly sha256: string; readonly bytes: number }>;
  readonly statuses?: readonly string[];
  readonly seconds?: number;
  /** VmHWM, in MB of 10^6 bytes: the most this process ever held. */
  readonly peakRssMb?: number;
  readonly error?: string;
}

const digests: { readonly sha256: string; readonly bytes: number }[] = [];

process.on('message', (order: Order) => {
  obey(order).then(
    (report) => process.send?.(report),
    (error: unknown) => process.send?.({ error: String(error) } satisfies Report),
  );
});
process.once('disconnect', () => process.exit());

async function obey(order: Order): Promise<Report> {
  if (order.kind === 'usage') return { digests, peakRssMb: await peakRssMb() };
  const instance = await largeInstance(order.lengthBytes);
  if (order.kind === 'serve') {
    const server = dicomwebServer({ pacs: streamingPacs(instance) });
    await server.start();
    return { url: server.url };
  }
  const pacs = dicomwebPacs({ baseUrl: order.url });
  const startedMs = performance.now();
  const statuses: string[] = [];
  if (order.kind === 'store') {
    for await (const { status } of pacs.store([instance])) statuses.push(status);
  } else {
    for await (const { dataSet } of pacs.retrieve(instance.studyInstanceUid)) digests.push(await digestOf(dataSet));
  }
  const seconds = (performance.now() - startedMs) / 1000;
  await pacs.stop();
  return { statuses, digests, seconds, peakRssMb: await peakRssMb() };
}

async function peakRssMb(): Promise<number> {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(await readFile('/proc/self/status', 'utf8'))?.[1];
  return Math.round((Number(kilobytes) * 1024) / 1e5) / 10;
}

/** Holds one instance, made anew each time, and takes any. */
function streamingPacs(instance: StorableInstance): Pacs {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid, sopClassUid, transferSyntaxUid } = instance;
  return {
    capabilities: { source: true, destination: true, preservesBytes: true, onDuplicate: 'ignore' },
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    echo: () => Promise.resolve(),
    async *findStudies(query) {
      if (query.studyInstanceUid !== studyInstanceUid) return;
      const patient = { patientId: { id: 'P' } };
      yield { studyInstanceUid, patient, header: { studyInstanceUid, patient, modalities: [] }, instances: 1 };
    },
    async *findInstances() {
      yield { seriesInstanceUid, sopInstanceUid, sopClassUid };
    },
    async *retrieve() {
      yield { sopInstanceUid, transferSyntaxUid, dataSet: instance.dataSet() };
    },
    async *store(instances) {
      for await (const each of instances) {
        digests.push(await digestOf(each.dataSet()));
        yield { sopInstanceUid: each.sopInstanceUid, status: 'stored' };
      }
    },
  };
}
