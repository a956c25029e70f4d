/** Which errors speak of a PACS as a whole, and which of what it was asked about. */
import { errorCodeOf } from '@interhosp/core/errors';

/** With these it is the PACS that fails, and nothing is gained by asking about the next study. */
const PACS_FAILS: ReadonlySet<string | undefined> = new Set(['PACS_BUSY', 'PACS_UNAUTHORIZED', 'PACS_UNREACHABLE']);

/** Whether the PACS itself fails. */
export function isOfThePacs(error: unknown): boolean {
  return PACS_FAILS.has(errorCodeOf(error));
}
