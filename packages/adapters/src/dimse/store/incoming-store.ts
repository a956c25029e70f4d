/**
 * A C-STORE request as its performer sees it (PS3.7 9.1.1): the same for what a client sends us, for the sub-operations of
 * a C-GET on the association that asked, and for those of a C-MOVE on another.
 */
import type { Uid } from '@interhosp/core/dicom';
import type { Association, IncomingMessage } from '../association/association.ts';
import { COMMANDS } from '../association/command-set.ts';
import type { DataSetInbox } from '../association/inbox.ts';
import { STATUS } from '../association/status.ts';

/** An instance that comes in. What is left of `dataSet` is thrown away before the answer. */
export interface IncomingInstance {
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
  readonly transferSyntaxUid: Uid;
  readonly dataSet: DataSetInbox;
  readonly callingAe: string;
  /** Of a sub-operation: who asked for the move, and with which message. */
  readonly moveOriginator?: { readonly ae: string; readonly messageId: number };
}

/** Takes an instance; answers with a status (status.ts) once the bytes are where they must be. */
export type InstanceTaker = (instance: IncomingInstance, signal: AbortSignal) => Promise<number>;

/**
 * Has a C-STORE request performed and answers it.
 *
 * A request without identifiers or data set is answered and not performed. What the taker throws is answered as a
 * processing failure and thrown on: the association may be used further.
 *
 * @throws {PacsError} what ended the association.
 */
export async function performStore(
  association: Association,
  message: IncomingMessage,
  take: InstanceTaker,
  signal: AbortSignal,
): Promise<void> {
  let status: number = STATUS.processingFailure;
  try {
    status = await statusOf(association, message, take, signal);
  } finally {
    if (!signal.aborted && !association.isClosed) await answerStore(association, message, status);
  }
}

async function statusOf(
  association: Association,
  { command, context, dataSet }: IncomingMessage,
  take: InstanceTaker,
  signal: AbortSignal,
): Promise<number> {
  const { affectedSopClassUid: sopClassUid, affectedSopInstanceUid: sopInstanceUid } = command;
  if (dataSet === undefined || sopInstanceUid === undefined || sopClassUid === undefined)
    return STATUS.mistypedArgument;
  if (sopClassUid !== context.abstractSyntax) return STATUS.sopClassNotSupported;
  const { moveOriginatorAe: ae, moveOriginatorMessageId: messageId } = command;
  const instance: IncomingInstance = {
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid: context.transferSyntax,
    dataSet,
    callingAe: association.agreement.callingAe,
    ...(ae !== undefined && messageId !== undefined && { moveOriginator: { ae, messageId } }),
  };
  return await take(instance, signal);
}

/** Answers a C-STORE request (PS3.7 9.3.1.2). */
export async function answerStore(
  association: Association,
  { command, context }: IncomingMessage,
  status: number,
): Promise<void> {
  const { affectedSopClassUid, affectedSopInstanceUid, messageId } = command;
  await association.send({
    contextId: context.id,
    command: {
      field: COMMANDS.storeResponse,
      status,
      ...(messageId !== undefined && { respondedTo: messageId }),
      ...(affectedSopClassUid !== undefined && { affectedSopClassUid }),
      ...(affectedSopInstanceUid !== undefined && { affectedSopInstanceUid }),
    },
  });
}
