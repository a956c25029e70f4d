/**
 * Storage commitment (PS3.4 J) after filing: a PACS that can be asked is asked to keep for good what it was just seen to hold.
 * Its promise makes the evidence stronger and replaces no look; what it says that it does not keep is not confirmed. Who gives
 * no answer in its time, or cannot be asked now, is believed as far as it was seen: the receipt is not kept waiting.
 */
import { PacsError, TransferError } from '@interhosp/core/errors';
import type { InstanceReference, StorageCommitment } from '@interhosp/core/pacs';
import type { RecordPayloads } from '@interhosp/core/transfer';
import type { LiveExchange } from '../member/live-exchange.ts';
import { errorFields } from '../observe/logger.ts';
import { crashpoint } from '../world/index.ts';
import type { Arrived, Outcomes, Work } from './filing-store.ts';

/** A filing whose instances were seen in the PACS. */
export interface Seen extends Work {
  readonly arrived: readonly Arrived[];
  /** At which of its confirmations something was stored again, the last time. */
  readonly storedAgain?: number;
}

/**
 * The evidence for what was filed.
 *
 * @throws {TransferError} `TRANSFER_NOT_CONFIRMED` when the PACS says that it does not keep some of it.
 */
export async function evidenceFor(
  x: LiveExchange,
  filed: Outcomes,
  seen: Seen,
): Promise<RecordPayloads['CONFIRMED']['evidence']> {
  const { log } = seen.ports;
  const answer = await askToKeep(x, filed, seen);
  if (answer === undefined) return 'query';
  for (const { reason, sopInstanceUid } of answer.failed) {
    log.write('warn', 'filing.instance.not-kept', { exchangeId: x.id, sopInstanceUid, status: reason });
  }
  if (answer.failed.length > 0) {
    const details = { count: answer.failed.length, exchangeId: x.id, reason: 'not-kept' };
    throw new TransferError('TRANSFER_NOT_CONFIRMED', { details });
  }
  const kept = new Set(answer.committed.map(({ sopInstanceUid }) => sopInstanceUid));
  const unanswered = filed.filter(({ sopInstanceUid }) => !kept.has(sopInstanceUid)).length;
  if (unanswered === 0) return 'commitment';
  log.write('info', 'filing.commitment.unanswered', { count: unanswered, exchangeId: x.id });
  return 'query';
}

/** Undefined where nobody can be asked. */
async function askToKeep(x: LiveExchange, filed: Outcomes, seen: Seen): Promise<StorageCommitment | undefined> {
  const { log, pacs } = seen.ports;
  const { signal, storedAgain = 0, storing } = seen;
  if (pacs.commit === undefined) return undefined;
  // What is filed anew is asked about anew: after a deletion, an old promise says nothing of it.
  const filing = [x.id, x.state.attempt, storing.coercionTimeMs, storedAgain].join(' ');
  try {
    const answer = await pacs.commit(referencesTo(filed, seen), { filing, signal });
    crashpoint('C20', 'receiver');
    return answer;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PacsError)) throw error;
    log.write('warn', 'filing.commitment.failed', { ...errorFields(error), exchangeId: x.id });
    return undefined;
  }
}

function referencesTo(filed: Outcomes, { arrived }: Seen): readonly InstanceReference[] {
  const uids = new Set(filed.map(({ sopInstanceUid }) => sopInstanceUid));
  return arrived.flatMap(({ entry: { sopClassUid, sopInstanceUid } }) =>
    uids.has(sopInstanceUid) ? [{ sopClassUid, sopInstanceUid }] : [],
  );
}
