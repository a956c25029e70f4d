/** What a final status of a query or a retrieval means (PS3.4 C.4.1.1.4, C.4.2.1.5, C.4.3.1.4; PS3.7 annex C). */
import { isInterhospError, PacsError } from '@interhosp/core/errors';
import { STATUS } from './status.ts';

/** What is known of the PACS that answered. */
export interface StatusProfile {
  /** Statuses with which this PACS says that it is busy: a locked database, a full queue. */
  readonly busyStatuses?: readonly number[];
}

/**
 * The error for a status that is neither success nor pending.
 *
 * Cxxx and 0110 may mean anything: vendors use them for what is over in a minute and for what never is. They are repeated.
 */
export function serviceError(status: number, { busyStatuses = [] }: StatusProfile = {}): PacsError {
  const details = { status };
  if (busyStatuses.includes(status) || isOutOfResources(status)) return new PacsError('PACS_BUSY', { details });
  if (status === STATUS.moveDestinationUnknown) return new PacsError('PACS_DESTINATION_UNKNOWN', { details });
  // Cancelled, and not by us: there was more.
  if (status === STATUS.cancelled) return new PacsError('PACS_INCOMPLETE', { details });
  const isVague = status >>> 12 === 0xc || status === STATUS.processingFailure;
  return new PacsError('PACS_REFUSED', { details, ...(isVague && { retry: 'later' }) });
}

/**
 * Whether an error may say that a search has too many answers. A7xx is "Refused: Out of Resources": PACS say so when they are
 * short of something for a moment, and when there are more matches than they are set to answer, for which PS3.4 table C.4-1
 * has no status of its own; some end the search as if it had been cancelled, which nobody did.
 */
export function mayBeTooMany(error: unknown, { busyStatuses = [] }: StatusProfile): boolean {
  if (!isInterhospError(error)) return false;
  const { status } = error.details;
  if (error.code === 'PACS_INCOMPLETE' && status === STATUS.cancelled) return true;
  if (error.code !== 'PACS_BUSY') return false;
  return status !== undefined && isOutOfResources(status) && !busyStatuses.includes(status);
}

function isOutOfResources(status: number): boolean {
  return status >>> 8 === STATUS.outOfResources >>> 8 || status === STATUS.resourceLimitation;
}
