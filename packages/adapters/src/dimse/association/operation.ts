/**
 * One operation that is answered many times: C-FIND, C-MOVE, C-GET (PS3.7 9.1.2 to 9.1.4), as invoker. Whoever stops before
 * the last answer cancels it (C-CANCEL, PS3.7 9.3.2.3), and the association can be used for the next one.
 */
import { PacsError } from '@interhosp/core/errors';
import type { Uid } from '@interhosp/core/dicom';
import type { Association, Context, IncomingMessage } from './association.ts';
import { COMMANDS, isResponse, PRIORITIES, type Command } from './command-set.ts';
import { answerStore } from '../store/incoming-store.ts';
import { CANCEL_WITHIN_MS } from '../query/query-limits.ts';
import { isPending, STATUS } from './status.ts';

/** What is asked for. */
export interface OperationRequest {
  readonly sopClassUid: Uid;
  /** `COMMANDS.findRequest` and its like. */
  readonly field: number;
  /** Default the next one of the association. */
  readonly messageId?: number;
  readonly moveDestination?: string;
  /** The identifier, as the syntax of the context wants it. */
  identifier(context: Context): Uint8Array;
  readonly signal?: AbortSignal | undefined;
  /** Until a PACS has ended what was cancelled; default {@link CANCEL_WITHIN_MS}. */
  readonly cancelWithinMs?: number | undefined;
}

/** See the file's head. */
export class Operation {
  readonly context: Context;
  readonly messageId: number;
  readonly #association: Association;
  readonly #field: number;
  readonly #signal: AbortSignal | undefined;
  readonly #cancelWithinMs: number;
  #isOver = false;

  private constructor(association: Association, context: Context, messageId: number, request: OperationRequest) {
    this.#association = association;
    this.context = context;
    this.messageId = messageId;
    this.#field = request.field;
    this.#signal = request.signal;
    this.#cancelWithinMs = request.cancelWithinMs ?? CANCEL_WITHIN_MS;
  }

  /** Sends the request. @throws {PacsError} `PACS_REFUSED` without a context for it; what ended the association. */
  static async begin(association: Association, request: OperationRequest): Promise<Operation> {
    const { field, messageId = association.nextMessageId(), moveDestination, signal, sopClassUid } = request;
    const context = association.contextFor(sopClassUid);
    if (context === undefined) throw new PacsError('PACS_REFUSED', { details: { reason: 'no-context', sopClassUid } });
    const command: Command = {
      field,
      messageId,
      affectedSopClassUid: sopClassUid,
      priority: PRIORITIES.medium,
      ...(moveDestination !== undefined && { moveDestination }),
    };
    await association.send({ contextId: context.id, command, dataSet: request.identifier(context) }, signal);
    return new Operation(association, context, messageId, request);
  }

  /** Whether the last answer has come, or none can come any more. */
  get isOver(): boolean {
    return this.#isOver || !this.#association.isOpen;
  }

  /**
   * The next answer; with C-GET also a C-STORE request. After the last answer there is no next one.
   *
   * @throws {PacsError} `PACS_PROTOCOL` for an answer to something else; what ended the association.
   */
  async next(patienceMs?: number): Promise<IncomingMessage> {
    const message = await this.#association.receive({
      signal: this.#signal,
      ...(patienceMs !== undefined && { patienceMs }),
    });
    if (message === undefined) {
      await this.#association.release();
      throw new PacsError('PACS_ABORTED', { details: { reason: 'released-early' } });
    }
    const { command } = message;
    if (command.field === COMMANDS.storeRequest && this.#field === COMMANDS.getRequest) return message;
    if (!isResponse(command.field) || command.field !== (this.#field | 0x8000)) throw protocol('answer-field');
    // Some PACS leave it out; there is but one operation at a time.
    if ((command.respondedTo ?? this.messageId) !== this.messageId) throw protocol('answer-message');
    if (command.status === undefined) throw protocol('answer-status');
    if (!isPending(command.status)) this.#isOver = true;
    return message;
  }

  /** Ends the operation where it stands: cancels it, and waits until the PACS has ended it too. Never throws. */
  async cancel(): Promise<void> {
    await this.cancelWhile(() => this.#readToTheEnd());
  }

  /** As {@link cancel}, with somebody else who reads the answers. */
  async cancelWhile(readAnswers: () => Promise<void>): Promise<void> {
    if (this.isOver) return;
    const timer = setTimeout(() => this.#association.abort(), this.#cancelWithinMs);
    try {
      await this.#sendCancel();
      await readAnswers();
    } catch {
      // Aborted by then.
    } finally {
      clearTimeout(timer);
      if (!this.#isOver) this.#association.abort();
    }
  }

  async #readToTheEnd(): Promise<void> {
    while (!this.isOver) {
      const message = await this.#association.receive();
      if (message === undefined) return;
      if (message.command.field === COMMANDS.storeRequest) await this.#refuse(message);
      else if (!isPending(message.command.status ?? 0)) this.#isOver = true;
    }
  }

  /** An instance that was under way when the operation was cancelled. */
  async #refuse(message: IncomingMessage): Promise<void> {
    await answerStore(this.#association, message, STATUS.processingFailure);
  }

  async #sendCancel(): Promise<void> {
    const command: Command = { field: COMMANDS.cancelRequest, respondedTo: this.messageId };
    await this.#association.send({ contextId: this.context.id, command });
  }
}

function protocol(reason: string): PacsError {
  return new PacsError('PACS_PROTOCOL', { details: { reason } });
}
