/** Verification (C-ECHO; PS3.7 9.1.5, PS3.4 annex A), as SCU. */
import { PacsError } from '@interhosp/core/errors';
import type { Association } from './association.ts';
import { COMMANDS } from './command-set.ts';
import {
  proposedContexts,
  requestAssociation,
  type AssociationOptions,
  type PeerAddress,
} from './request-association.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from './uids.ts';

/** Asks whether a PACS answers, on an association of its own. @throws {PacsError}, and the signal's reason */
export async function echo(
  peer: PeerAddress,
  options: Omit<AssociationOptions, 'contexts' | 'roles'> = {},
): Promise<void> {
  const contexts = proposedContexts([{ abstractSyntax: SOP_CLASSES.verification, transferSyntaxes: PLAIN_SYNTAXES }]);
  const association = await requestAssociation(peer, { ...options, contexts });
  try {
    await echoOn(association, options.signal);
    await association.release(options.signal);
  } finally {
    association.abort();
  }
}

/** Asks on an association that has a context for it. @throws {PacsError}, and the signal's reason */
export async function echoOn(association: Association, signal?: AbortSignal): Promise<void> {
  const context = association.contextFor(SOP_CLASSES.verification);
  if (context === undefined) throw new PacsError('PACS_REFUSED', { details: { reason: 'no-context' } });
  const messageId = association.nextMessageId();
  const command = { field: COMMANDS.echoRequest, messageId, affectedSopClassUid: SOP_CLASSES.verification };
  await association.send({ contextId: context.id, command }, signal);
  const answer = await association.receive({ signal });
  if (answer?.command.field !== COMMANDS.echoResponse || answer.command.respondedTo !== messageId) {
    throw new PacsError('PACS_PROTOCOL', { details: { reason: 'echo-answer' } });
  }
  const { status = 0 } = answer.command;
  if (status !== 0) throw new PacsError('PACS_REFUSED', { details: { status } });
}
