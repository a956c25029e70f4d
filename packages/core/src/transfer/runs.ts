/** Runs of blocks: how many blocks are named in few numbers, since blocks go and become durable in order. */
import { TransferError } from '../errors/interhosp-error.ts';

/** Blocks `first` to `first + count - 1`. */
export interface Run {
  readonly first: number;
  readonly count: number;
}

/** The runs of those indexes below `length` for which `test` holds. */
export function runsWhere(length: number, test: (index: number) => boolean): readonly Run[] {
  const runs: Run[] = [];
  for (let index = 0; index < length; index++) {
    if (!test(index)) continue;
    const first = index;
    while (index < length && test(index)) index++;
    runs.push({ first, count: index - first });
  }
  return runs;
}

/** The runs of some indexes, in any order; doubles count once. */
export function runsOf(indexes: Iterable<number>): readonly Run[] {
  const runs: { first: number; count: number }[] = [];
  for (const index of [...indexes].toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last === undefined || index > last.first + last.count) runs.push({ first: index, count: 1 });
    else if (index === last.first + last.count) last.count++;
  }
  return runs;
}

/** Calls back for each index of the runs. */
export function forEachIndex(runs: readonly Run[], visit: (index: number) => void): void {
  for (const { first, count } of runs) {
    for (let index = first; index < first + count; index++) visit(index);
  }
}

/**
 * Checks that runs are in order, apart from one another, not empty, and end at or before `limit`.
 *
 * @throws {TransferError} `TRANSFER_PROTOCOL`
 */
export function checkRuns(runs: readonly Run[], limit: number): void {
  let end = -1;
  for (const { first, count } of runs) {
    if (count < 1 || first <= end || first + count > limit) {
      throw new TransferError('TRANSFER_PROTOCOL', { details: { field: 'runs' } });
    }
    end = first + count;
  }
}
