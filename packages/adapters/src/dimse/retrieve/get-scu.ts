/**
 * C-GET as SCU (PS3.4 C.4.3): instances come on the association that asked for them. Each is handed on as it comes from the
 * socket; the PACS is answered, and sends the next, when somebody has read it to its end.
 */
import type { RetrievedInstance } from '@interhosp/core/pacs';
import type { Uid } from '@interhosp/core/dicom';
import type { Association, IncomingMessage } from '../association/association.ts';
import { COMMANDS } from '../association/command-set.ts';
import { getContexts, planPairs, type PrivateKinds } from '../store/context-plan.ts';
import { encodeIdentifier } from '../query/identifier.ts';
import { passOver, readOnce, type Reading } from '../association/incoming-instance.ts';
import { answerStore } from '../store/incoming-store.ts';
import { Operation } from '../association/operation.ts';
import { FIRST_INSTANCE_MS, NEXT_INSTANCE_MS } from '../query/query-limits.ts';
import { requestAssociation, type AssociationOptions, type PeerAddress } from '../association/request-association.ts';
import { RetrieveAccount, type RetrieveRequest, type RetrieveStep } from './retrieve-request.ts';
import type { StatusProfile } from '../association/service-error.ts';
import { isPending, STATUS } from '../association/status.ts';
import { SOP_CLASSES } from '../association/uids.ts';

/** How is retrieved. */
export interface RetrieveOptions
  extends StatusProfile, Pick<AssociationOptions, 'associateTimeoutMs' | 'connectTimeoutMs' | 'inactivityMs'> {
  readonly signal?: AbortSignal | undefined;
  /** Silence before the first instance; default half an hour, since nearline archives fetch tapes. */
  readonly firstInstanceMs?: number | undefined;
  /** Silence between instances; default five minutes. */
  readonly nextInstanceMs?: number | undefined;
  /** Until a PACS has ended what was cancelled; after that the association is aborted. Default five seconds. */
  readonly cancelWithinMs?: number | undefined;
  readonly characterSet?: string | undefined;
}

/** Options of {@link getInstances}. */
export interface GetOptions extends RetrieveOptions, PrivateKinds {
  /** SOP Classes in Study (0008,0062), where instances do not tell theirs. */
  readonly sopClasses?: readonly Uid[] | undefined;
}

/**
 * Retrieves by C-GET, with as many associations, one after another, as the contexts take. Ending the iteration early ends
 * the operation in the PACS.
 *
 * @throws {PacsError} `PACS_INCOMPLETE` when something that was asked for has not come; what the PACS says where nothing
 *   has; what ended an association.
 */
export async function* getInstances(
  peer: PeerAddress,
  request: RetrieveRequest,
  options: GetOptions = {},
): AsyncGenerator<RetrievedInstance, void, undefined> {
  const account = new RetrieveAccount(request);
  const plan = () => planPairs(account.missing, options.sopClasses, options);
  const sopClass = request.patientId === undefined ? SOP_CLASSES.studyRootGet : SOP_CLASSES.patientRootGet;
  // By lists and one by one as well, where one association has all contexts.
  const attempts = plan().length + 2;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const steps = account.steps(attempt);
    if (steps.length === 0) break;
    // Planned anew for what is missing: of what failed in a context that it had, the context comes round again.
    const plans = plan();
    const pairs = plans[attempt % plans.length] ?? [];
    const association = await requestAssociation(peer, { ...options, ...getContexts(sopClass, pairs) });
    const onAbort = (): void => association.abort();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const get = new Get(association, sopClass, account, options);
      for (const step of steps) {
        yield* get.run(step);
        if (!account.isWorthwhile) break;
      }
      await association.release();
    } finally {
      options.signal?.removeEventListener('abort', onAbort);
      association.abort();
    }
  }
  account.mustBeComplete(options);
}

class Get {
  readonly #association: Association;
  readonly #sopClass: Uid;
  readonly #account: RetrieveAccount;
  readonly #options: GetOptions;

  constructor(association: Association, sopClass: Uid, account: RetrieveAccount, options: GetOptions) {
    this.#association = association;
    this.#sopClass = sopClass;
    this.#account = account;
    this.#options = options;
  }

  async *run({ keys }: RetrieveStep): AsyncGenerator<RetrievedInstance, void, undefined> {
    const { characterSet, firstInstanceMs = FIRST_INSTANCE_MS, nextInstanceMs = NEXT_INSTANCE_MS } = this.#options;
    const { cancelWithinMs, signal } = this.#options;
    const operation = await Operation.begin(this.#association, {
      sopClassUid: this.#sopClass,
      field: COMMANDS.getRequest,
      identifier: ({ transferSyntax }) => encodeIdentifier(keys, { transferSyntaxUid: transferSyntax, characterSet }),
      signal,
      cancelWithinMs,
    });
    let patienceMs = firstInstanceMs;
    try {
      for (;;) {
        const message = await operation.next(patienceMs);
        if (message.command.field === COMMANDS.storeRequest) {
          patienceMs = nextInstanceMs;
          yield* this.#instance(message);
          continue;
        }
        // The list of failed instances (0008,0058) tells no more than our own.
        message.dataSet?.discard();
        const { status = STATUS.success } = message.command;
        if (isPending(status)) continue;
        this.#account.ended(status);
        return;
      }
    } finally {
      await operation.cancel();
    }
  }

  async *#instance(message: IncomingMessage): AsyncGenerator<RetrievedInstance, void, undefined> {
    const { command, context, dataSet } = message;
    const { affectedSopInstanceUid: sopInstanceUid } = command;
    if (dataSet === undefined || sopInstanceUid === undefined || !this.#account.isWanted(sopInstanceUid)) {
      const isNone = dataSet === undefined || sopInstanceUid === undefined;
      const status = isNone ? STATUS.mistypedArgument : STATUS.processingFailure;
      return await answerStore(this.#association, message, status);
    }
    const reading = readOnce(dataSet, this.#options.signal);
    let isLeft = true;
    try {
      yield { transferSyntaxUid: context.transferSyntax, sopInstanceUid, dataSet: reading.stream };
      isLeft = false;
    } finally {
      // Rather than take a gigabyte that nobody wants.
      if (isLeft && !dataSet.isComplete) this.#association.abort();
      // The PACS does not see a request to cancel before this is answered.
      else if (isLeft) await this.#answered(message, reading);
    }
    reading.throwIfBroken();
    await passOver(dataSet);
    this.#account.came(sopInstanceUid);
    await this.#answered(message, reading);
  }

  async #answered(message: IncomingMessage, { isWhole }: Reading): Promise<void> {
    if (!this.#association.isOpen) return;
    await answerStore(this.#association, message, isWhole ? STATUS.success : STATUS.processingFailure);
  }
}
