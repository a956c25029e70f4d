/**
 * Where the instances of C-MOVE arrive (PS3.4 C.4.2): on associations that the PACS makes to us, beside everything that is
 * pushed to us. Each is matched to the move that asked for it: by Move Originator and message ID, which some PACS leave out
 * or fill with their own; then by SOP Instance UID; then by Study UID. What nobody asked for is somebody else's, and so is
 * what anybody but the PACS pushes of the same study: who is told that it was stored may keep no copy, and a move is no store.
 */
import type { Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type { IncomingInstance, InstanceTaker } from '../store/incoming-store.ts';
import { studyOfDataSet } from './peek-study.ts';
import { STATUS } from '../association/status.ts';

/** What a move waits for. */
export interface ExpectedMove {
  /** The title with which it was asked for. */
  readonly ae: string;
  /** The title of the PACS that was asked. */
  readonly pacsAe: string;
  readonly studyInstanceUid: Uid;
  /** What was listed. */
  readonly sopInstanceUids: ReadonlySet<Uid>;
  /** Whether instances that were not listed come too. */
  readonly isWholeStudy: boolean;
}

/** An instance that has come; the association it came on waits until it is answered. */
export interface Arrival {
  readonly instance: IncomingInstance;
  readonly answer: (status: number) => void;
}

/** A move that is under way. */
export interface ExpectedArrivals {
  /** For the request; no other move under way has it. */
  readonly messageId: number;
  /** Instances that came and wait for somebody to take them, in order. */
  shift(): Arrival | undefined;
  /** Called at each arrival. */
  onArrival: (() => void) | undefined;
  /** Nothing more is wanted: what waits and what still comes is refused. Calling it twice is fine. */
  close(): void;
}

/** Message IDs of moves that were ended, whose stragglers are refused. */
const MAX_ENDED = 256;

/** One for each of our AE titles' listeners. */
export class MoveDesk {
  readonly #moves = new Set<Move>();
  /** Originators of what is over, oldest first. */
  readonly #ended = new Set<string>();
  #lastMessageId = 0;

  /** Moves under way. */
  get size(): number {
    return this.#moves.size;
  }

  /** Opens a move. */
  open(expected: ExpectedMove): ExpectedArrivals {
    const move = new Move(expected, this.#freeMessageId(), (ended) => {
      this.#moves.delete(ended);
      this.#remember(originatorKey(ended.expected.ae, ended.messageId));
    });
    this.#ended.delete(originatorKey(expected.ae, move.messageId));
    this.#moves.add(move);
    return move;
  }

  /** A taker that gives the moves under way what is theirs, and the rest to another; without one it is refused. */
  before(next?: InstanceTaker): InstanceTaker {
    return async (instance, signal) => {
      // Also when another move asked for the same since: that one brings it once more.
      if (this.#isStraggler(instance)) return STATUS.processingFailure;
      const move = await this.#moveOf(instance, next !== undefined);
      if (move !== undefined) return await move.take(instance, signal);
      return next === undefined ? STATUS.notAuthorized : await next(instance, signal);
    };
  }

  /** @param hasOthers - Whether somebody stores what is of no move; without, a PACS may call under whatever title it likes. */
  async #moveOf(instance: IncomingInstance, hasOthers: boolean): Promise<Move | undefined> {
    const { callingAe, dataSet, moveOriginator: originator, sopInstanceUid, transferSyntaxUid } = instance;
    const byOriginator = [...this.#moves].find(
      ({ expected, messageId }) => originator?.messageId === messageId && originator.ae === expected.ae,
    );
    if (byOriginator !== undefined) {
      byOriginator.isNamed = true;
      return byOriginator;
    }
    // A PACS that has named a move names it each time: what else it sends of the study, it sends on by a rule of its own.
    const moves = [...this.#moves].filter(
      ({ expected, isNamed }) => !hasOthers || (callingAe === expected.pacsAe && !isNamed),
    );
    const byUid = moves.find(({ expected }) => expected.sopInstanceUids.has(sopInstanceUid));
    if (byUid !== undefined) return byUid;
    const wholes = moves.filter(({ expected }) => expected.isWholeStudy);
    if (wholes.length === 0) return undefined;
    const study = await studyOfDataSet(dataSet, transferSyntaxUid);
    return wholes.find((move) => move.expected.studyInstanceUid === study && this.#moves.has(move));
  }

  #isStraggler({ moveOriginator: originator }: IncomingInstance): boolean {
    return originator !== undefined && this.#ended.has(originatorKey(originator.ae, originator.messageId));
  }

  #remember(key: string): void {
    this.#ended.add(key);
    const [oldest] = this.#ended;
    if (this.#ended.size > MAX_ENDED && oldest !== undefined) this.#ended.delete(oldest);
  }

  #freeMessageId(): number {
    const used = new Set([...this.#moves].map(({ messageId }) => messageId));
    for (let tries = 0; tries < 0xffff; tries++) {
      this.#lastMessageId = (this.#lastMessageId % 0xffff) + 1;
      if (!used.has(this.#lastMessageId)) return this.#lastMessageId;
    }
    throw new PacsError('PACS_BUSY', { details: { reason: 'moves', limit: 0xffff } });
  }
}

class Move implements ExpectedArrivals {
  readonly expected: ExpectedMove;
  readonly messageId: number;
  onArrival: (() => void) | undefined;
  /** Whether an instance has come that names it. */
  isNamed = false;
  readonly #onClose: (move: Move) => void;
  readonly #waiting: Arrival[] = [];
  #isClosed = false;

  constructor(expected: ExpectedMove, messageId: number, onClose: (move: Move) => void) {
    this.expected = expected;
    this.messageId = messageId;
    this.#onClose = onClose;
  }

  /** Lays an instance out, and waits for its answer. */
  async take(instance: IncomingInstance, signal: AbortSignal): Promise<number> {
    if (this.#isClosed) return STATUS.processingFailure;
    const { promise, resolve } = Promise.withResolvers<number>();
    const arrival: Arrival = { instance, answer: resolve };
    this.#waiting.push(arrival);
    this.onArrival?.();
    // Its association may end while it waits: whoever takes it then sees that from its data set.
    const onAbort = (): void => resolve(STATUS.processingFailure);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  shift(): Arrival | undefined {
    return this.#waiting.shift();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { answer } of this.#waiting.splice(0)) answer(STATUS.processingFailure);
    this.#onClose(this);
  }
}

function originatorKey(ae: string, messageId: number): string {
  return `${messageId} ${ae}`;
}
