/** What the status of a C-STORE response says of an instance (PS3.4 B.2.3, PS3.7 C; what vendors make of it beside). */
import type { StoreOutcome } from '@interhosp/core/pacs';
import { isWarning, STATUS } from '../association/status.ts';

/** An outcome without the name of its instance. */
export type StoreVerdict = Omit<StoreOutcome, 'sopInstanceUid'>;

/**
 * Codes that we give ourselves where a PACS takes no such context, so that no status ever comes: the ones that PS3.18
 * table I.2-2 has for the same reasons.
 */
export const UNSENT_REASONS = {
  /** It takes the SOP class in no syntax. */
  sopClassNotSupported: STATUS.sopClassNotSupported,
  /** It takes the SOP class, but not in the syntax of the instance. */
  transferSyntaxNotSupported: 0xc122,
} as const;

/** Statuses that no repeat will change: the wrong class, the wrong bytes, or no permission. */
const PERMANENT: ReadonlySet<number> = new Set([
  STATUS.noSuchInstance,
  STATUS.invalidArgument,
  STATUS.sopClassNotSupported,
  STATUS.notAuthorized,
  0x0117,
  0x0118,
  STATUS.unrecognizedOperation,
  STATUS.mistypedArgument,
  UNSENT_REASONS.transferSyntaxNotSupported,
]);

/**
 * Judges a status.
 *
 * Failures that vendors use for passing troubles of their own, 0110 and Cxxx, may be repeated; so may any status that this
 * PACS is known to use when it is busy.
 *
 * @param busyStatuses - By the configuration of this PACS.
 */
export function verdictOf(status: number, busyStatuses: ReadonlySet<number>): StoreVerdict {
  const statusCode = status;
  if (busyStatuses.has(status)) return { status: 'refused', retry: 'later', statusCode };
  if (status === STATUS.success) return { status: 'stored', statusCode };
  if (status === STATUS.duplicateSopInstance) return { status: 'duplicate', statusCode };
  if (isWarning(status)) return { status: 'warned', statusCode };
  const isPermanent = PERMANENT.has(status) || status >>> 8 === 0xa9;
  return { status: 'refused', retry: isPermanent ? 'no' : 'later', statusCode };
}
