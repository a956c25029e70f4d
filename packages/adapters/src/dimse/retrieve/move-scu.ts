/**
 * C-MOVE as SCU (PS3.4 C.4.2): asks on one association, and takes what the PACS sends to our AE on others, in any number at
 * the same time (move-desk.ts). The last answer and the last instance come in any order; PACS say that they are done before
 * they are, and some never do.
 */
import type { Uid } from '@interhosp/core/dicom';
import type { RetrievedInstance } from '@interhosp/core/pacs';
import { PacsError } from '@interhosp/core/errors';
import type { AeTitle } from '../association/ae-title.ts';
import type { Association } from '../association/association.ts';
import { COMMANDS } from '../association/command-set.ts';
import type { RetrieveOptions } from './get-scu.ts';
import { encodeIdentifier } from '../query/identifier.ts';
import { passOver, readOnce } from '../association/incoming-instance.ts';
import type { Arrival, ExpectedArrivals, MoveDesk } from './move-desk.ts';
import { Operation } from '../association/operation.ts';
import { FIRST_INSTANCE_MS, LATE_ANSWER_MS, LATE_INSTANCE_MS, NEXT_INSTANCE_MS } from '../query/query-limits.ts';
import { proposedContexts, requestAssociation, type PeerAddress } from '../association/request-association.ts';
import { RetrieveAccount, type RetrieveRequest, type RetrieveStep } from './retrieve-request.ts';
import { isPending, isWarning, STATUS } from '../association/status.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from '../association/uids.ts';

/** Options of {@link moveInstances}. */
export interface MoveOptions extends RetrieveOptions {
  /** Where the instances arrive. */
  readonly desk: MoveDesk;
  /** Our AE title as the PACS knows it; default the one with which we call. */
  readonly destinationAe?: AeTitle | undefined;
  /** How long instances may be on their way after the PACS said that all were sent; default five seconds. */
  readonly lateInstanceMs?: number | undefined;
  /** How long the PACS may take to say that it is done when all has come; default ten seconds. */
  readonly lateAnswerMs?: number | undefined;
}

/** The study whole, then what was missing by lists, then one by one. */
const ATTEMPTS = 3;

/**
 * Retrieves by C-MOVE. Ending the iteration early ends the operation in the PACS.
 *
 * @throws {PacsError} `PACS_DESTINATION_UNKNOWN` when the PACS does not know our AE title; otherwise as `getInstances`.
 */
export async function* moveInstances(
  peer: PeerAddress,
  request: RetrieveRequest,
  options: MoveOptions,
): AsyncGenerator<RetrievedInstance, void, undefined> {
  const account = new RetrieveAccount(request);
  const sopClass = request.patientId === undefined ? SOP_CLASSES.studyRootMove : SOP_CLASSES.patientRootMove;
  const contexts = proposedContexts([{ abstractSyntax: sopClass, transferSyntaxes: PLAIN_SYNTAXES }]);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const steps = account.steps(attempt);
    if (steps.length === 0) break;
    const association = await requestAssociation(peer, { ...options, contexts });
    try {
      for (const step of steps) {
        yield* new MoveStep(association, { account, options, peer, request, sopClass, step }).run();
        if (!account.isWorthwhile || !association.isOpen) break;
      }
      if (association.isOpen) await association.release(options.signal);
    } finally {
      association.abort();
    }
  }
  account.mustBeComplete(options);
}

interface StepOptions {
  readonly account: RetrieveAccount;
  readonly options: MoveOptions;
  readonly peer: PeerAddress;
  readonly request: RetrieveRequest;
  readonly sopClass: Uid;
  readonly step: RetrieveStep;
}

/** One request, and what comes of it. */
class MoveStep {
  readonly #association: Association;
  readonly #step: StepOptions;
  /** What was asked for and has not come. */
  readonly #left: Set<Uid>;
  #patienceMs: number;
  /** Answers of the PACS since somebody last looked; they are signs of life. */
  #signs = 0;
  #hasBegun = false;
  #final: number | undefined;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(association: Association, step: StepOptions) {
    this.#association = association;
    this.#step = step;
    this.#left = new Set(step.step.instances.map(({ sopInstanceUid }) => sopInstanceUid));
    this.#patienceMs = step.options.firstInstanceMs ?? FIRST_INSTANCE_MS;
  }

  async *run(): AsyncGenerator<RetrievedInstance, void, undefined> {
    const { account, options, peer, request, step } = this.#step;
    const arrivals = options.desk.open({
      ae: peer.callingAe,
      pacsAe: peer.calledAe,
      studyInstanceUid: request.studyInstanceUid,
      sopInstanceUids: new Set(this.#left),
      isWholeStudy: request.isWholeStudy && step.instances.length === request.instances.length,
    });
    arrivals.onArrival = () => this.#wake?.();
    let operation: Operation | undefined;
    let listening: Promise<void> | undefined;
    const onAbort = (): void => this.#wake?.();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      operation = await this.#begin(arrivals.messageId);
      listening = this.#listen(operation);
      for (let arrival = await this.#next(arrivals); arrival !== undefined; arrival = await this.#next(arrivals)) {
        yield* this.#instance(arrival);
      }
      if (this.#final !== undefined) account.ended(this.#final);
    } finally {
      options.signal?.removeEventListener('abort', onAbort);
      arrivals.close();
      // The answers are read by `listen`, which sees the last one or the end of the association.
      await operation?.cancelWhile(() => listening ?? Promise.resolve());
      await listening;
    }
  }

  async #begin(messageId: number): Promise<Operation> {
    const { options, peer, sopClass, step } = this.#step;
    const { cancelWithinMs, characterSet, destinationAe = peer.callingAe, signal } = options;
    return await Operation.begin(this.#association, {
      sopClassUid: sopClass,
      field: COMMANDS.moveRequest,
      messageId,
      moveDestination: destinationAe,
      identifier: ({ transferSyntax }) =>
        encodeIdentifier(step.keys, { transferSyntaxUid: transferSyntax, characterSet }),
      signal,
      cancelWithinMs,
    });
  }

  /** Reads answers until the last one. How long that may take is seen by who waits for instances. */
  async #listen(operation: Operation): Promise<void> {
    try {
      while (!operation.isOver) {
        const { command, dataSet } = await operation.next(NO_END_MS);
        dataSet?.discard();
        const { status = STATUS.success } = command;
        if (isPending(status)) this.#signs++;
        else this.#final = status;
        this.#wake?.();
      }
    } catch (error) {
      this.#failure = { error };
      this.#wake?.();
    }
  }

  /** The next instance; undefined when none will come. @throws {PacsError} when the PACS is gone, or silent for too long */
  async #next(arrivals: ExpectedArrivals): Promise<Arrival | undefined> {
    const { options } = this.#step;
    const { lateAnswerMs = LATE_ANSWER_MS, lateInstanceMs = LATE_INSTANCE_MS, signal } = options;
    for (;;) {
      signal?.throwIfAborted();
      const arrival = arrivals.shift();
      if (arrival !== undefined) return arrival;
      const isComplete = this.#left.size === 0;
      const isOver = this.#final !== undefined || this.#failure !== undefined;
      if (isOver && (isComplete || this.#isRefused)) return undefined;
      const patienceMs = isOver ? lateInstanceMs : isComplete ? lateAnswerMs : this.#patienceMs;
      if (await this.#somethingHappens(patienceMs)) continue;
      signal?.throwIfAborted();
      if (this.#failure !== undefined) throw this.#failure.error;
      if (isOver || isComplete) return undefined;
      throw new PacsError('PACS_UNREACHABLE', { details: { reason: 'silent', durationMs: patienceMs } });
    }
  }

  /** Whether the PACS ended in failure before anything came. */
  get #isRefused(): boolean {
    return this.#final !== undefined && this.#final !== STATUS.success && !isWarning(this.#final) && !this.#hasBegun;
  }

  /** Waits for an instance, an answer or an end; false when nothing has come in time. */
  async #somethingHappens(patienceMs: number): Promise<boolean> {
    if (this.#signs > 0) {
      this.#signs = 0;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#wake = () => resolve(true);
    const timer = setTimeout(() => resolve(false), Math.min(patienceMs, NO_END_MS));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#wake = undefined;
    }
  }

  async *#instance({ answer, instance }: Arrival): AsyncGenerator<RetrievedInstance, void, undefined> {
    const { account, options } = this.#step;
    const { dataSet, sopInstanceUid, transferSyntaxUid } = instance;
    this.#hasBegun = true;
    this.#patienceMs = options.nextInstanceMs ?? NEXT_INSTANCE_MS;
    if (!account.isWanted(sopInstanceUid)) return answer(STATUS.processingFailure);
    const reading = readOnce(dataSet, options.signal);
    let status: number = STATUS.processingFailure;
    try {
      yield { transferSyntaxUid, sopInstanceUid, dataSet: reading.stream };
      reading.throwIfBroken();
      await passOver(dataSet);
      account.came(sopInstanceUid);
      this.#left.delete(sopInstanceUid);
      if (reading.isWhole) status = STATUS.success;
    } finally {
      answer(status);
    }
  }
}

/** As long as timers go. */
const NO_END_MS = 0x7fffffff;
