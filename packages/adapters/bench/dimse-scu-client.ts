/** Our C-STORE SCU as a process of its own, which coerces as it sends, as a member does; see bench/dimse-scu.ts. */
import { open, type FileHandle } from 'node:fs/promises';
import { coerceInstance, type CoercionInput } from '@interhosp/core/coercion';
import { bytesSource, spliceStream, type ByteSource, type SplicePlan } from '@interhosp/core/dicom';
import type { StorableInstance } from '@interhosp/core/pacs';
import { parseMemberId, type InstanceIdentity } from '@interhosp/core/study';
import { dimsePacs, parseAeTitle } from '@interhosp/adapters/dimse';

/** An instance that is stored: what it is, and where its data set lies in the pack. */
export interface ScuInstance {
  readonly identity: InstanceIdentity;
  readonly offset: number;
  readonly lengthBytes: number;
}

/** What the process is told. */
export interface ScuOrder {
  readonly port: number;
  /** All data sets in one file, as the spool of a member has them. */
  readonly pack: string;
  readonly instances: readonly ScuInstance[];
  readonly associations: number;
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** How it went. */
export interface ScuResult {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly instances: number;
  readonly bytes: number;
}

/** As in a spool. */
const BLOCK_BYTES = 1_048_576;
/** Several of these are read at once. */
const SMALL_BYTES = 131_072;
const RING_BUFFERS = 3;
const WARMING_INSTANCES = 2_000;
/** More than can be on their way. */
const SETTLED_BUFFERS = 8;
const buffers: Buffer[] = [];

const COERCION: CoercionInput = {
  patient: {
    patientId: { id: '4711', issuer: 'HOSPITAL-B' },
    name: { alphabetic: { family: 'Vérité', given: 'Anne-Hélène', middle: '', prefix: '', suffix: '' } },
    birthDate: '1961-04-23',
    sex: 'F',
  },
  sender: parseMemberId('be-a'),
  receiver: parseMemberId('be-b'),
  time: { epochMs: Date.UTC(2026, 0, 31, 9, 15), utcOffsetMinutes: 60 },
};

process.on('message', (order: ScuOrder) => {
  obey(order).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.once('disconnect', () => process.exit());

async function obey({ associations, instances, pack, port, tls }: ScuOrder): Promise<ScuResult> {
  const pacs = dimsePacs({
    associations,
    peer: {
      host: '127.0.0.1',
      port,
      calledAe: parseAeTitle('STORESCP'),
      callingAe: parseAeTitle('INTERHOSP'),
      ...(tls !== undefined && { tls }),
    },
  });
  await using handle = await open(pack);
  // A member has run for weeks: the first instances, which compile what they meet, are sent once before the clock starts.
  for await (const _ of pacs.store(coerced(handle, instances.length > 1 ? instances.slice(0, WARMING_INSTANCES) : [])))
    continue;
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  let stored = 0;
  for await (const { status } of pacs.store(coerced(handle, instances))) {
    if (status === 'stored') stored++;
    else console.error(status);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await pacs.stop();
  const bytes = instances.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  return { seconds, cpuSeconds: (user + system) / 1e6, instances: stored, bytes };
}

async function* coerced(handle: FileHandle, instances: readonly ScuInstance[]): AsyncGenerator<StorableInstance> {
  const blocks = blockReader(handle);
  for (const instance of instances) {
    const { identity, lengthBytes, offset } = instance;
    const reader = lengthBytes <= SMALL_BYTES ? bytesSource(await blocks(offset, lengthBytes)) : undefined;
    const kept = reader === undefined && lengthBytes <= BLOCK_BYTES ? takeBuffer() : undefined;
    const source =
      kept === undefined
        ? (reader ?? sourceIn(handle, instance))
        : bytesSource(await read(handle, offset, lengthBytes, () => kept));
    // What was received was walked to its end then.
    const { plan } = await coerceInstance(source, identity.transferSyntaxUid, COERCION, { checkToEnd: false });
    yield {
      ...identity,
      lengthBytes: plan.lengthBytes,
      async *dataSet() {
        if (lengthBytes > BLOCK_BYTES) return yield* spliced(plan, handle, instance);
        yield* spliceStream(plan, source);
        if (kept !== undefined) buffers.push(kept);
      },
    };
  }
}

/** One that was used long ago: what was sent last may still be on its way. */
function takeBuffer(): Buffer {
  const isSettled = buffers.length > SETTLED_BUFFERS;
  return (isSettled ? buffers.shift() : undefined) ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
}

/** Reads a block of the pack at a time, in which many small instances lie. */
function blockReader(handle: FileHandle): (position: number, length: number) => Promise<Buffer> {
  let block: Buffer = Buffer.alloc(0);
  let start = 0;
  return async (position, length) => {
    if (position < start || position + length > start + block.length) {
      block = await read(handle, position, BLOCK_BYTES);
      start = position;
    }
    return block.subarray(position - start, position - start + length);
  };
}

function sourceIn(
  handle: FileHandle,
  { lengthBytes, offset }: ScuInstance,
  bufferFor?: (length: number) => Buffer,
): ByteSource {
  return {
    lengthBytes,
    read: (from, length) => read(handle, offset + from, Math.min(length, lengthBytes - from), bufferFor),
  };
}

async function read(
  handle: FileHandle,
  position: number,
  length: number,
  bufferFor = (bytes: number): Buffer => Buffer.allocUnsafeSlow(bytes),
): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(bufferFor(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/**
 * Reads into the same few buffers again and again: each megabyte in memory of its own would be as much work for the
 * collector of garbage as all the rest. A piece has been written by the time the one after the next is asked for, and all of
 * them when the PACS has answered, which is before the next instance of this association.
 */
async function* spliced(plan: SplicePlan, handle: FileHandle, instance: ScuInstance): AsyncGenerator<Uint8Array> {
  const ring = rings.pop() ?? Array.from({ length: RING_BUFFERS }, () => Buffer.allocUnsafeSlow(BLOCK_BYTES));
  let reads = 0;
  try {
    // The pieces of the header are looked at before the first of them goes out: each has memory of its own.
    const bufferFor = (length: number): Buffer =>
      (length < SMALL_BYTES ? undefined : ring[reads++ % RING_BUFFERS]) ?? Buffer.allocUnsafe(length);
    yield* spliceStream(plan, sourceIn(handle, instance, bufferFor));
  } finally {
    rings.unshift(ring);
  }
}

/** More than there are associations, so that the one that was used last is not the next. */
const rings = Array.from({ length: 6 }, () =>
  Array.from({ length: RING_BUFFERS }, () => Buffer.allocUnsafeSlow(BLOCK_BYTES)),
);
