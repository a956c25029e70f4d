/** Our DICOMweb client as a process of its own, told by messages what to do; see dicomweb.bench.ts. */
import { open, readFile } from 'node:fs/promises';
import { dicomwebPacs } from '@interhosp/adapters/dicomweb';
import type { Uid } from '@interhosp/core/dicom';
import type { InstanceSummary, Pacs, StorableInstance } from '@interhosp/core/pacs';
import type { InstanceIdentity } from '@interhosp/core/study';

/** A file that is stored: what it is, and where its data set begins. */
export interface BenchFile {
  readonly path: string;
  readonly identity: InstanceIdentity;
  readonly headerBytes: number;
  readonly lengthBytes: number;
}

/** What the process is told. */
export type BenchOrder = { readonly baseUrl: string } & (
  | { readonly kind: 'store'; readonly files: readonly BenchFile[] }
  /** The whole study, or, where they are named, its instances one by one. */
  | { readonly kind: 'retrieve'; readonly study: Uid; readonly instances?: readonly InstanceSummary[] }
);

/** How it went. */
export interface BenchResult {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly instances: number;
  readonly bytes: number;
}

const READ_BYTES = 262_144;

process.on('message', (order: BenchOrder) => {
  obey(order).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.once('disconnect', () => process.exit());

async function obey(order: BenchOrder): Promise<BenchResult> {
  const pacs = dicomwebPacs({
    baseUrl: order.baseUrl,
    retrieve: 'study',
  });
  // A member has been at work for days.
  if (order.kind === 'retrieve') await retrieved(pacs, order);
  else await pacs.echo();
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  let instances = 0;
  let bytes = 0;
  if (order.kind === 'store') {
    for await (const { status } of pacs.store(order.files.map((file) => storable(file)))) {
      if (status === 'stored') instances++;
    }
    bytes = order.files.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  } else {
    ({ instances, bytes } = await retrieved(pacs, order));
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await pacs.stop();
  return { seconds, cpuSeconds: (user + system) / 1e6, instances, bytes };
}

async function retrieved(
  pacs: Pacs,
  { study, instances: named }: Extract<BenchOrder, { kind: 'retrieve' }>,
): Promise<{ readonly instances: number; readonly bytes: number }> {
  let instances = 0;
  let bytes = 0;
  for await (const { dataSet } of pacs.retrieve(study, named === undefined ? {} : { instances: named })) {
    for await (const piece of dataSet) bytes += piece.length;
    instances++;
  }
  return { instances, bytes };
}

function storable({ path, identity, headerBytes, lengthBytes }: BenchFile): StorableInstance {
  return { ...identity, lengthBytes, dataSet: () => fromFile(path, headerBytes, lengthBytes) };
}

async function* fromFile(path: string, start: number, lengthBytes: number): AsyncGenerator<Uint8Array> {
  if (lengthBytes <= 4 * READ_BYTES) {
    yield (await readFile(path)).subarray(start);
    return;
  }
  // The same few buffers again and again: a piece was written by the time the one after the next is asked for.
  const ring = Array.from({ length: 4 }, () => Buffer.allocUnsafeSlow(READ_BYTES));
  const file = await open(path);
  try {
    for (let position = start, index = 0; position < start + lengthBytes; index++) {
      const buffer = ring[index % ring.length] as Buffer;
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, position);
      if (bytesRead === 0) throw new Error(`${path} is shorter than it was`);
      yield buffer.subarray(0, bytesRead);
      position += bytesRead;
    }
  } finally {
    await file.close();
  }
}
