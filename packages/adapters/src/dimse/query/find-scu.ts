/**
 * C-FIND as SCU (PS3.4 C.4.1, K.4.1): sends keys and yields what matches, as it comes. What the answers mean to the port is
 * in find-studies.ts and worklist-scu.ts.
 */
import type { NewElement, Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type { Association } from '../association/association.ts';
import { COMMANDS } from '../association/command-set.ts';
import { encodeIdentifier, readIdentifier, type Identifier } from './identifier.ts';
import { Operation } from '../association/operation.ts';
import { MAX_ANSWERS } from './query-limits.ts';
import { serviceError, type StatusProfile } from '../association/service-error.ts';
import { isPending, STATUS } from '../association/status.ts';

/** How a PACS is asked. */
export interface QueryOptions extends StatusProfile {
  readonly signal?: AbortSignal | undefined;
  /** Silence of the PACS; default that of the association. */
  readonly patienceMs?: number | undefined;
  /** Most answers; default {@link MAX_ANSWERS}. */
  readonly limit?: number | undefined;
  /** Until a PACS has ended what was cancelled; after that the association is aborted. Default five seconds. */
  readonly cancelWithinMs?: number | undefined;
  /** See identifier.ts. */
  readonly characterSet?: string | undefined;
  readonly undeclaredCharacterSet?: string | undefined;
}

/** What is asked. */
export interface FindOptions extends QueryOptions {
  /** A FIND SOP class, for which the association has a context. */
  readonly sopClass: Uid;
  readonly keys: readonly NewElement[];
}

/**
 * Asks, and yields each answer. Nobody has checked them against the keys: PACS ignore those they do not know. Ending the
 * iteration early cancels the query.
 *
 * @throws {PacsError} `PACS_TOO_MANY` beyond the limit; `PACS_BUSY`, `PACS_REFUSED`, `PACS_INCOMPLETE` by status;
 *   `PACS_PROTOCOL`; what ended the association.
 */
export async function* find(
  association: Association,
  options: FindOptions,
): AsyncGenerator<Identifier, void, undefined> {
  const {
    cancelWithinMs,
    characterSet,
    keys,
    limit = MAX_ANSWERS,
    patienceMs,
    signal,
    sopClass,
    undeclaredCharacterSet,
  } = options;
  const operation = await Operation.begin(association, {
    sopClassUid: sopClass,
    field: COMMANDS.findRequest,
    identifier: ({ transferSyntax }) => encodeIdentifier(keys, { transferSyntaxUid: transferSyntax, characterSet }),
    signal,
    cancelWithinMs,
  });
  let count = 0;
  try {
    for (;;) {
      const { command, context, dataSet } = await operation.next(patienceMs);
      const { status = STATUS.success } = command;
      if (status === STATUS.success) return;
      if (!isPending(status)) throw serviceError(status, options);
      if (++count > limit) throw new PacsError('PACS_TOO_MANY', { details: { limit } });
      yield await readIdentifier(dataSet, { transferSyntaxUid: context.transferSyntax, undeclaredCharacterSet });
    }
  } finally {
    await operation.cancel();
  }
}
