/** Verification as its performer (PS3.4 annex A). */
import { COMMANDS } from '../association/command-set.ts';
import { answer, answerUnknown, type DimseService } from './service.ts';
import { STATUS } from '../association/status.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from '../association/uids.ts';

/** Answers every C-ECHO with success. */
export const verificationService: DimseService = {
  name: 'verification',
  syntaxesOf: (abstractSyntax) => (abstractSyntax === SOP_CLASSES.verification ? PLAIN_SYNTAXES : undefined),
  async perform(association, message) {
    if (message.command.field !== COMMANDS.echoRequest) return await answerUnknown(association, message);
    await answer(association, message, { affectedSopClassUid: SOP_CLASSES.verification, status: STATUS.success });
  },
};
