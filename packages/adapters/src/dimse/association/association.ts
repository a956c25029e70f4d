/**
 * An established association (PS3.8 7, 9.2 from Sta6 on): whole DIMSE messages in and out, for either role. What it was
 * negotiated to is in `contexts`; requesting and accepting are request-association.ts and accept-association.ts.
 *
 * One message at a time goes each way: nothing here needs an asynchronous operations window.
 */
import type { Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import { encodePdu } from './associate.ts';
import {
  COMMANDS,
  decodeCommand,
  encodeCommand,
  isResponse,
  type Command,
  type ReceivedCommand,
} from './command-set.ts';
import { DataSetInbox, type InboxOwner } from './inbox.ts';
import { passOver } from './incoming-instance.ts';
import {
  COMMAND_MS,
  INBOX_HIGH_WATER_BYTES,
  INBOX_LOW_WATER_BYTES,
  MAX_COMMAND_BYTES,
  RELEASE_WITHIN_MS,
} from '../limits.ts';
import { PDU, type Fragment, type PduType } from './pdu-reader.ts';
import { PdvWriter } from './pdv-writer.ts';
import { PieceList } from './piece-list.ts';
import { ABORT_REASONS, ProtocolError } from './protocol-error.ts';
import type { Wire, WireHandler } from './wire.ts';

/** A context both sides agreed on. */
export interface Context {
  readonly id: number;
  readonly abstractSyntax: Uid;
  readonly transferSyntax: Uid;
}

/** What the two sides agreed on. */
export interface Agreement {
  readonly role: 'acceptor' | 'requestor';
  readonly callingAe: string;
  readonly calledAe: string;
  readonly contexts: readonly Context[];
  /** SOP classes for which the requestor is SCP; of those the acceptor is SCU. */
  readonly reversed: ReadonlySet<Uid>;
  /** Longest P-DATA-TF the peer takes. */
  readonly maxSentPduBytes: number;
  readonly peerImplementation?: string;
}

/** A message as it came. Its data set is to be read to its end, or discarded, before the next message is received. */
export interface IncomingMessage {
  readonly context: Context;
  readonly command: ReceivedCommand;
  readonly dataSet: DataSetInbox | undefined;
}

/** A message to be sent. */
export interface OutgoingMessage {
  readonly contextId: number;
  readonly command: Command;
  /** Whole, or in pieces; absent for none. */
  readonly dataSet?: Uint8Array | AsyncIterable<Uint8Array>;
}

/** Options of {@link Association.receive}. */
export interface ReceiveOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long the peer may be silent; default the association's. */
  readonly patienceMs?: number;
}

/** A message that waits costs so much beside its data set. */
const MESSAGE_BYTES = 512;

/** Cancelled message IDs that are remembered, the newest ones; a peer that cancels what it never asked for fills nothing. */
const MAX_CANCELLED = 64;

type State =
  | 'established'
  /** The peer wants to end; nothing is left to do but to agree (Sta8). */
  | 'release-asked'
  /** We want to end, and wait for the peer to agree (Sta7). */
  | 'releasing'
  | 'closed';

/** See the file's head. */
export class Association implements InboxOwner, WireHandler {
  readonly agreement: Agreement;
  readonly #wire: Wire;
  readonly #contexts: ReadonlyMap<number, Context>;
  #state: State = 'established';
  #error: Error | undefined;
  readonly #messages: IncomingMessage[] = [];
  /** The data set that comes in now. */
  #incoming: { readonly contextId: number; readonly inbox: DataSetInbox } | undefined;
  readonly #command = new PieceList();
  #commandContextId = 0;
  #commandTimer: NodeJS.Timeout | undefined;
  #last: IncomingMessage | undefined;
  #heldBytes = 0;
  #isPaused = false;
  #wake: (() => void) | undefined;
  #released: PromiseWithResolvers<void> | undefined;
  /** Both sides asked for release at once (PS3.8 7.2.2.1, Sta9 to Sta12). */
  #hasCollided = false;
  readonly #cancelled = new Set<number>();
  #messageId = 0;

  /** @param wire - What it tells goes to this association from now on. */
  constructor(agreement: Agreement, wire: Wire) {
    wire.handler = this;
    this.agreement = agreement;
    this.#wire = wire;
    this.#contexts = new Map(agreement.contexts.map((context) => [context.id, context]));
  }

  get isOpen(): boolean {
    return this.#state === 'established';
  }

  /** Whether nothing more can be sent, not even answers that are still owed. */
  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** A message ID that was not used yet on this association. */
  nextMessageId(): number {
    this.#messageId = (this.#messageId % 0xffff) + 1;
    return this.#messageId;
  }

  /** The accepted context for a kind of service or object, in one of the syntaxes if any are named. */
  contextFor(abstractSyntax: Uid, transferSyntaxes?: readonly Uid[]): Context | undefined {
    const fitting = this.agreement.contexts.filter((context) => context.abstractSyntax === abstractSyntax);
    if (transferSyntaxes === undefined) return fitting[0];
    for (const syntax of transferSyntaxes) {
      const context = fitting.find(({ transferSyntax }) => transferSyntax === syntax);
      if (context !== undefined) return context;
    }
    return undefined;
  }

  /**
   * Sends a message. When its data set fails or the signal aborts, the association is aborted: half a message cannot be
   * taken back. An answer waits for the end of the data set it answers, of which what nobody read is thrown away: a peer
   * that is still sending need not listen (PS3.7 9.1.1.2, an indication is a whole message).
   *
   * @throws {PacsError} what ended the association; otherwise what the data set threw, untouched.
   */
  async send({ command, contextId, dataSet }: OutgoingMessage, signal?: AbortSignal): Promise<void> {
    this.#throwIfClosed();
    signal?.throwIfAborted();
    const onAbort = (): void => this.abort();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      if (isResponse(command.field)) await this.#passOverLast();
      await this.#sendMessage({ command, contextId, dataSet }, signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #passOverLast(): Promise<void> {
    const dataSet = this.#last?.dataSet;
    if (dataSet !== undefined && !dataSet.isComplete) await passOver(dataSet);
  }

  async #sendMessage(
    {
      command,
      contextId,
      dataSet,
    }: { command: Command; contextId: number; dataSet: OutgoingMessage['dataSet'] | undefined },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { maxSentPduBytes: maxPduBytes } = this.agreement;
    const out: Uint8Array[] = [];
    const head = new PdvWriter({ contextId, isCommand: true, maxPduBytes });
    head.push(encodeCommand(command, dataSet !== undefined), out);
    head.end(out);
    if (dataSet === undefined) return await this.#write(out);
    const body = new PdvWriter({ contextId, isCommand: false, maxPduBytes });
    if (dataSet instanceof Uint8Array) {
      body.push(dataSet, out);
      body.end(out);
      return await this.#write(out);
    }
    await this.#sendPieces(out, body, dataSet, signal);
  }

  async #sendPieces(
    out: Uint8Array[],
    body: PdvWriter,
    dataSet: AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    let pending = out;
    // Command and first data go out together.
    const commandPieces = out.length;
    try {
      for await (const piece of dataSet) {
        signal?.throwIfAborted();
        body.push(piece, pending);
        if (pending.length === 0 || (pending === out && out.length === commandPieces)) continue;
        await this.#write(pending);
        pending = [];
      }
    } catch (error) {
      this.abort();
      throw error;
    }
    body.end(pending);
    await this.#write(pending);
  }

  async #write(pieces: readonly Uint8Array[]): Promise<void> {
    this.#throwIfClosed();
    await this.#wire.write(pieces);
  }

  /**
   * Waits for the next message; undefined when the peer wants to end the association, which is then to be answered with
   * {@link release}. What was left of the previous data set is thrown away.
   *
   * @throws {PacsError} what ended the association; the signal's reason, after which the association is aborted.
   */
  async receive({ patienceMs, signal }: ReceiveOptions = {}): Promise<IncomingMessage | undefined> {
    this.#last?.dataSet?.discard();
    this.#last = undefined;
    const message = await this.#next(signal, patienceMs);
    if (message === undefined) return undefined;
    this.#last = message;
    this.held(-MESSAGE_BYTES);
    return message;
  }

  async #next(signal: AbortSignal | undefined, patienceMs: number | undefined): Promise<IncomingMessage | undefined> {
    signal?.throwIfAborted();
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#state === 'release-asked') return undefined;
      this.#throwIfClosed();
      await this.#arrival(signal, patienceMs);
    }
  }

  async #arrival(signal: AbortSignal | undefined, patienceMs: number | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const onAbort = (): void => {
      this.abort();
      resolve();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await this.#wire.waitFor(promise, patienceMs);
      signal?.throwIfAborted();
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#wake = undefined;
    }
  }

  /** Whether the peer asked to cancel an operation (C-CANCEL, PS3.7 9.3.2.3). */
  isCancelled(messageId: number): boolean {
    return this.#cancelled.has(messageId);
  }

  /**
   * Ends the association in order, from either side; what still comes in is thrown away. A peer that does not agree in time is
   * not waited for, nor any peer once the signal aborts: then it ends at once. Calling it twice is fine.
   */
  async release(signal?: AbortSignal): Promise<void> {
    if (this.#state === 'release-asked') {
      this.#wire.say(RELEASE_REPLY);
      this.#end();
      return;
    }
    if (this.#state === 'closed') return;
    if (this.#state === 'established') {
      this.#state = 'releasing';
      this.#wire.say(RELEASE_REQUEST);
    }
    this.#discardAll();
    this.#released ??= Promise.withResolvers<void>();
    const giveUp = (): void => this.abort();
    const timer = setTimeout(giveUp, RELEASE_WITHIN_MS);
    signal?.addEventListener('abort', giveUp, { once: true });
    if (signal?.aborted === true) giveUp();
    // A peer that closes instead of answering has released as well.
    await this.#wire.waitFor(this.#released.promise);
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }

  /** Ends the association at once (A-ABORT by the service user). Calling it twice is fine. */
  abort(): void {
    if (this.#state === 'closed') return;
    this.#wire.say(abortPdu(0, ABORT_REASONS.notSpecified));
    this.#wire.close(new PacsError('PACS_ABORTED', { details: { reason: 'aborted-here' } }));
  }

  // What the wire reads.

  begin(type: PduType): void {
    const isExpected =
      type === PDU.data || type === PDU.releaseRequest || type === PDU.releaseReply || type === PDU.abort;
    if (!isExpected || (type === PDU.releaseReply && this.#state !== 'releasing')) throw unexpected('pdu-unexpected');
    // After its request for release the peer has nothing more to say but to agree to ours (Sta8 to Sta12).
    const isOver = this.#state === 'release-asked' || (this.#hasCollided && type !== PDU.releaseReply);
    if (isOver && type !== PDU.abort) throw unexpected('pdu-after-release');
  }

  pdu(type: PduType, body: Uint8Array): void {
    if (type === PDU.abort) {
      const [, , source = 0, status = 0] = body;
      const reason = source === 0 ? 'aborted-by-user' : 'aborted-by-provider';
      this.#wire.close(new PacsError('PACS_ABORTED', { details: { reason, status } }));
    } else if (type === PDU.releaseRequest) {
      this.#releaseAsked();
    } else {
      this.#end();
    }
  }

  #releaseAsked(): void {
    if (this.#state === 'releasing') {
      // Both at once (PS3.8 7.2.2.1): the requestor agrees first, the acceptor when it was agreed to.
      this.#hasCollided = true;
      if (this.agreement.role === 'requestor') this.#wire.say(RELEASE_REPLY);
      return;
    }
    if (this.#incoming !== undefined || this.#command.lengthBytes > 0) throw unexpected('release-in-message');
    this.#state = 'release-asked';
    this.#wake?.();
  }

  fragment(fragment: Fragment): void {
    if (this.#state === 'releasing') return;
    if (fragment.isCommand) this.#commandFragment(fragment);
    else this.#dataFragment(fragment);
  }

  #commandFragment({ bytes, contextId, isLast }: Fragment): void {
    if (this.#incoming !== undefined) throw unexpected('command-in-data-set');
    if (this.#command.lengthBytes > 0 && contextId !== this.#commandContextId) throw unexpected('context-changed');
    this.#commandContextId = contextId;
    this.#command.push(bytes);
    if (this.#command.lengthBytes > MAX_COMMAND_BYTES) throw new ProtocolError('command-length');
    if (!isLast) return this.#awaitCommand();
    clearTimeout(this.#commandTimer);
    this.#commandTimer = undefined;
    const command = decodeCommand(Buffer.concat(this.#command.take()));
    this.#arrived(contextId, command);
  }

  /** In all, not on silence: a command set that drips in byte by byte would hold its place for ever. */
  #awaitCommand(): void {
    this.#commandTimer ??= setTimeout(() => this.broken(new ProtocolError('command-slow')), COMMAND_MS);
  }

  #arrived(contextId: number, command: ReceivedCommand): void {
    const context = this.#contexts.get(contextId);
    if (context === undefined) throw unexpected('context-unknown');
    if (command.field === COMMANDS.cancelRequest) return this.#cancel(command.respondedTo);
    // A new request: what was cancelled was another one that had its ID (PS3.7 E.1).
    if (command.messageId !== undefined) this.#cancelled.delete(command.messageId);
    const dataSet = command.hasDataSet ? new DataSetInbox(this) : undefined;
    if (dataSet !== undefined) this.#incoming = { contextId, inbox: dataSet };
    this.#messages.push({ context, command, dataSet });
    this.held(MESSAGE_BYTES);
    this.#wake?.();
  }

  #cancel(messageId: number | undefined): void {
    if (messageId === undefined) return;
    this.#cancelled.add(messageId);
    const [oldest] = this.#cancelled;
    if (oldest !== undefined && this.#cancelled.size > MAX_CANCELLED) this.#cancelled.delete(oldest);
  }

  #dataFragment({ bytes, contextId, isLast }: Fragment): void {
    const incoming = this.#incoming;
    if (incoming === undefined) throw unexpected('data-set-unannounced');
    if (incoming.contextId !== contextId) throw unexpected('context-changed');
    incoming.inbox.push(bytes);
    if (!isLast) return;
    this.#incoming = undefined;
    incoming.inbox.end();
  }

  broken(error: unknown): void {
    const reason = error instanceof ProtocolError ? error.abortReason : ABORT_REASONS.notSpecified;
    this.#wire.say(abortPdu(2, reason));
    this.#wire.close(protocolFailure(error));
  }

  closed(error: Error): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#error = error;
    clearTimeout(this.#commandTimer);
    this.#incoming?.inbox.fail(error);
    this.#released?.resolve();
    this.#wake?.();
  }

  // What the inboxes say.

  held(bytes: number): void {
    this.#heldBytes += bytes;
    const isTooMuch = this.#heldBytes >= (this.#isPaused ? INBOX_LOW_WATER_BYTES : INBOX_HIGH_WATER_BYTES);
    if (isTooMuch === this.#isPaused) return;
    this.#isPaused = isTooMuch;
    if (isTooMuch) this.#wire.pause();
    else this.#wire.resume();
  }

  awaits(isWaiting: boolean): void {
    this.#wire.awaits(isWaiting);
  }

  #discardAll(): void {
    this.#last?.dataSet?.discard();
    this.#incoming?.inbox.discard();
    for (const { dataSet } of this.#messages.splice(0)) {
      dataSet?.discard();
      this.held(-MESSAGE_BYTES);
    }
  }

  #end(): void {
    if (this.#hasCollided && this.agreement.role === 'acceptor') this.#wire.say(RELEASE_REPLY);
    this.#wire.close(new PacsError('PACS_ABORTED', { details: { reason: 'released' } }));
  }

  #throwIfClosed(): void {
    if (this.#state === 'established') return;
    // Answers that are still owed go out before the release is agreed to (Sta8, AR-7).
    if (this.#state === 'release-asked') return;
    throw this.#error ?? new PacsError('PACS_ABORTED', { details: { reason: 'released' } });
  }
}

const RELEASE_REQUEST = encodePdu(PDU.releaseRequest, new Uint8Array(4));
const RELEASE_REPLY = encodePdu(PDU.releaseReply, new Uint8Array(4));

/** An A-ABORT (PS3.8 9.3.8). @param source - 0 the service user, 2 the service provider. */
export function abortPdu(source: 0 | 2, reason: number): Uint8Array {
  return encodePdu(PDU.abort, Uint8Array.of(0, 0, source, source === 0 ? 0 : reason));
}

/** What a broken rule of the protocol is to callers. */
export function protocolFailure(error: unknown): PacsError {
  const reason = error instanceof ProtocolError ? error.rule : 'unexpected-error';
  return new PacsError('PACS_PROTOCOL', { cause: error, details: { reason } });
}

function unexpected(rule: string): ProtocolError {
  return new ProtocolError(rule, ABORT_REASONS.unexpectedPdu);
}
