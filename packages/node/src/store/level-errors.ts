/** What LevelDB throws, as errors of ours; its codes are few, and a full disk shows only in the text. */
import { StorageError } from '@interhosp/core/errors';

/** Runs work on a LevelDB; what it throws becomes an error of ours. @throws {StorageError} */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageError(error);
  }
}

/** Whether opening again cannot help. Damage shows in many ways, so what is named here is what else there is. */
export function isBeyondRepair(error: unknown): boolean {
  return !hasCode(error, 'LEVEL_LOCKED') && !causes(error).some(({ message }) => PASSING.test(message));
}

const PASSING =
  /No space left|Permission denied|Too many open files|Input\/output error|Read-only file system|Cannot allocate/;

/** LevelDB's errors by their codes; a full disk shows only in the text. */
function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  if (hasCode(error, 'LEVEL_LOCKED'))
    return new StorageError('STORAGE_LOCKED', { cause: error, details: { kind: 'store' } });
  if (hasCode(error, 'LEVEL_CORRUPTION'))
    return new StorageError('STORAGE_INDEX_DAMAGED', { cause: error, details: { kind: 'store' } });
  const isFull = causes(error).some(({ message }) => message.includes('No space left'));
  return new StorageError(isFull ? 'STORAGE_FULL' : 'STORAGE_FAILED', { cause: error, details: { kind: 'store' } });
}

function hasCode(error: unknown, code: string): boolean {
  return causes(error).some((cause) => 'code' in cause && cause.code === code);
}

function causes(error: unknown): Error[] {
  const list: Error[] = [];
  for (let cause = error; cause instanceof Error && list.length < MAX_CAUSES; cause = cause.cause) list.push(cause);
  return list;
}

const MAX_CAUSES = 8;
