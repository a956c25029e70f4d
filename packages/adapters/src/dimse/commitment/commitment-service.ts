/** Storage commitment behind a listener: requests for our own performer, and reports for those of ours who asked a PACS. */
import { COMMANDS } from '../association/command-set.ts';
import type { CommitmentScp } from './commitment-scp.ts';
import type { CommitmentScu } from './commitment-scu.ts';
import { answerUnknown, type DimseService } from '../server/service.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from '../association/uids.ts';

/** Either may be absent. */
export interface CommitmentServiceOptions {
  readonly scp?: CommitmentScp;
  /** Whose questions a caller's reports answer. */
  readonly scu?: CommitmentScu;
}

/** Makes a service. */
export function commitmentService({ scp, scu }: CommitmentServiceOptions): DimseService {
  return {
    name: 'storage-commitment',
    syntaxesOf: (abstractSyntax) => (abstractSyntax === SOP_CLASSES.storageCommitment ? PLAIN_SYNTAXES : undefined),
    takesReversedRole: scu !== undefined,
    async perform(association, message, signal) {
      const { field } = message.command;
      if (field === COMMANDS.actionRequest && scp !== undefined) return await scp.perform(association, message, signal);
      if (field === COMMANDS.eventReportRequest && scu !== undefined) return await scu.take(association, message);
      await answerUnknown(association, message);
    },
  };
}
