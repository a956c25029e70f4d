/** Takes instances (C-STORE as SCP) for any `Pacs`: each is read whole first, since a PACS must know its length. */
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { errorCodeOf } from '@interhosp/core/errors';
import type { Pacs, StorableInstance, StoreOutcome } from '@interhosp/core/pacs';
import { openNameless, writeFully } from '../../disk/open-file.ts';
import type { DataSetInbox } from '../association/inbox.ts';
import type { IncomingInstance, InstanceTaker } from './incoming-store.ts';
import { HeaderWatch } from '../pushed/object-header.ts';
import { PieceList } from '../association/piece-list.ts';
import { PieceMemory } from '../association/piece-memory.ts';
import { STATUS } from '../association/status.ts';

/** Bytes kept in memory; what is longer goes into a file without a name, which is gone however this process ends. */
const MEMORY_BYTES = 4_194_304;
const PIECE_BYTES = 262_144;

/** A taker that stores into a PACS, and answers what became of it. */
export function storeToPacs(pacs: Pacs): InstanceTaker {
  return async (instance, signal) => {
    const watch = new HeaderWatch(instance.transferSyntaxUid);
    await using kept = new Kept();
    await kept.read(instance.dataSet, watch);
    let storable: StorableInstance;
    try {
      const identity = await watch.end();
      if (!isSame(identity, instance)) return STATUS.dataSetDoesNotMatchSopClass;
      storable = { ...identity, lengthBytes: kept.lengthBytes, dataSet: () => kept.dataSet() };
    } catch (error) {
      if (errorCodeOf(error)?.startsWith('DICOM_') === true) return STATUS.cannotUnderstand;
      throw error;
    }
    for await (const outcome of pacs.store([storable], { signal })) return statusOf(outcome);
    return STATUS.processingFailure;
  };
}

function isSame(
  identity: Pick<StorableInstance, 'sopClassUid' | 'sopInstanceUid'>,
  { sopClassUid, sopInstanceUid }: IncomingInstance,
): boolean {
  return identity.sopInstanceUid === sopInstanceUid && identity.sopClassUid === sopClassUid;
}

function statusOf({ status, statusCode }: StoreOutcome): number {
  if (status === 'stored') return STATUS.success;
  if (status === 'warned') return statusCode ?? STATUS.coercionOfElements;
  if (status === 'duplicate') return STATUS.duplicateSopInstance;
  return statusCode ?? STATUS.processingFailure;
}

/** A data set that was read whole. */
class Kept {
  lengthBytes = 0;
  readonly #memory = new PieceList();
  #file: FileHandle | undefined;

  async read(dataSet: DataSetInbox, watch: HeaderWatch): Promise<void> {
    const memory = new PieceMemory();
    for (let pieces = await dataSet.batch(); pieces.length > 0; pieces = await dataSet.batch()) {
      memory.arrived(pieces);
      for (const piece of pieces) {
        watch.push(piece);
        this.lengthBytes += piece.length;
        this.#memory.push(piece);
      }
      if (this.#file === undefined && this.lengthBytes > MEMORY_BYTES) this.#file = await openNameless(tmpdir());
      if (this.#file === undefined) continue;
      await writeFully(this.#file, this.#memory.take());
      memory.free();
    }
  }

  async *dataSet(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#memory.pieces;
    const file = this.#file;
    for (let position = 0; file !== undefined && position < this.lengthBytes;) {
      const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, this.lengthBytes - position));
      const { bytesRead } = await file.read(piece, 0, piece.length, position);
      if (bytesRead === 0) throw new Error('a kept data set is shorter than it was');
      position += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#memory.take();
    await this.#file?.close();
  }
}
