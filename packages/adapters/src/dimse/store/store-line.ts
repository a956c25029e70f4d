/** One association over which instances are stored, one after the other (C-STORE as SCU, PS3.7 9.1.1). */
import { PacsError } from '@interhosp/core/errors';
import type { StorableInstance } from '@interhosp/core/pacs';
import type { Association, IncomingMessage } from '../association/association.ts';
import type { CheckedDataSet } from './checked-data-set.ts';
import { COMMANDS, PRIORITIES } from '../association/command-set.ts';
import { requestAssociation, type AssociationOptions, type PeerAddress } from '../association/request-association.ts';
import { kindKey, planStoreContexts, type InstanceKind } from './store-contexts.ts';
import { UNSENT_REASONS, verdictOf, type StoreVerdict } from './store-status.ts';

/** How a line is opened and used. */
export interface LineOptions extends Omit<AssociationOptions, 'contexts' | 'roles' | 'signal'> {
  readonly busyStatuses: ReadonlySet<number>;
  /** Ends the association. */
  readonly signal: AbortSignal;
}

/** See the file's head. */
export class StoreLine {
  readonly #association: Association;
  readonly #proposed: ReadonlySet<string>;
  readonly #options: LineOptions;

  private constructor(association: Association, proposed: ReadonlySet<string>, options: LineOptions) {
    this.#association = association;
    this.#proposed = proposed;
    this.#options = options;
  }

  /** Requests an association for some kinds of instances, the first ones first. @throws {PacsError} */
  static async open(
    peer: PeerAddress,
    kinds: Iterable<InstanceKind>,
    { requestSignal, ...options }: LineOptions & { readonly requestSignal: AbortSignal },
  ): Promise<StoreLine> {
    const { contexts, kinds: proposed } = planStoreContexts(kinds);
    const association = await requestAssociation(peer, { ...options, contexts, signal: requestSignal });
    return new StoreLine(association, proposed, options);
  }

  /** Whether the association is there for another message. */
  get isOpen(): boolean {
    return this.#association.isOpen;
  }

  /** Whether a kind was proposed, accepted or not. */
  covers(kind: InstanceKind): boolean {
    return this.#proposed.has(kindKey(kind));
  }

  /** Why an instance cannot be sent, though its context was proposed; undefined when it can. */
  refusal({ sopClassUid, transferSyntaxUid }: InstanceKind): StoreVerdict | undefined {
    if (this.#association.contextFor(sopClassUid, [transferSyntaxUid]) !== undefined) return undefined;
    const isClassTaken = this.#association.contextFor(sopClassUid) !== undefined;
    const { sopClassNotSupported, transferSyntaxNotSupported } = UNSENT_REASONS;
    const statusCode = isClassTaken ? transferSyntaxNotSupported : sopClassNotSupported;
    return { status: 'refused', retry: 'no', statusCode };
  }

  /**
   * Sends an instance and waits for the answer.
   *
   * @throws {PacsError} what ended the association, so that nobody knows; what the data set threw, after which the
   *   association is aborted and the PACS has no whole instance.
   */
  async store(instance: StorableInstance, dataSet: CheckedDataSet): Promise<StoreVerdict> {
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance;
    const context = this.#association.contextFor(sopClassUid, [transferSyntaxUid]);
    if (context === undefined) throw new RangeError('no context for this instance');
    const messageId = this.#association.nextMessageId();
    const command = {
      field: COMMANDS.storeRequest,
      messageId,
      affectedSopClassUid: sopClassUid,
      affectedSopInstanceUid: sopInstanceUid,
      priority: PRIORITIES.medium,
    };
    const { busyStatuses, signal } = this.#options;
    await this.#association.send({ contextId: context.id, command, dataSet }, signal);
    const answer = await this.#association.receive({ signal });
    const status = statusIn(answer, messageId);
    if (status !== undefined) return verdictOf(status, busyStatuses);
    this.abort();
    const reason = answer === undefined ? 'released-in-store' : 'store-answer';
    throw new PacsError('PACS_PROTOCOL', { details: { reason, sopInstanceUid } });
  }

  /** Ends the association in order. Calling it twice is fine. */
  async close(): Promise<void> {
    await this.#association.release(this.#options.signal);
  }

  /** Ends the association at once. Calling it twice is fine. */
  abort(): void {
    this.#association.abort();
  }
}

/** Undefined for what is no answer to our request. */
function statusIn(answer: IncomingMessage | undefined, messageId: number): number | undefined {
  const isAnswer = answer?.command.field === COMMANDS.storeResponse && answer.command.respondedTo === messageId;
  return isAnswer ? answer.command.status : undefined;
}
