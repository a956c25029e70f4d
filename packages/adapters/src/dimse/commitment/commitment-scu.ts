/**
 * Storage commitment as its invoker (PS3.4 J): asks a PACS to keep instances for good, and waits for its report, which comes
 * on the same association, on another that the PACS opens, or after we were restarted. A question is durable before it is
 * asked; the same question again, as after a restart, is not asked twice but waits for the same report.
 */
import { createHash, randomBytes } from 'node:crypto';
import { parseUid, type Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type { InstanceReference, StorageCommitment } from '@interhosp/core/pacs';
import type { Clock } from '@interhosp/core/world';
import { z } from 'zod';
import type { Association, IncomingMessage } from '../association/association.ts';
import {
  COMMITMENT_TYPES,
  encodeCommitmentRequest,
  FAILURE_REASONS,
  readCommitmentReport,
  type CommitmentReport,
} from './commitment-message.ts';
import { referenceSchema, referencesSchema, uidSchema } from './commitment-schema.ts';
import { COMMANDS } from '../association/command-set.ts';
import {
  COMMITMENT_FOR_MS,
  MAX_COMMITMENT_REFERENCES,
  MAX_COMMITMENT_REFERENCES_IN_ALL,
  MAX_COMMITMENTS,
  REPORT_HERE_MS,
  REPORT_WITHIN_MS,
} from '../limits.ts';
import {
  proposedContexts,
  requestAssociation,
  type AssociationOptions,
  type PeerAddress,
} from '../association/request-association.ts';
import { answer } from '../server/service.ts';
import { STATUS } from '../association/status.ts';
import { TransactionFiles } from './transaction-files.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES, STORAGE_COMMITMENT_INSTANCE } from '../association/uids.ts';

/** How an invoker is opened. */
export interface CommitmentScuOptions {
  readonly peer: PeerAddress;
  /** Its own alone; made when it is not there. */
  readonly folder: string;
  readonly clock: Clock;
  /** AE titles under which the PACS reports; default the one it is called by. */
  readonly reportedBy?: readonly string[];
  /** How long the association is held open for a report on it; default {@link REPORT_HERE_MS}. */
  readonly reportHereMs?: number;
  /** How long a report is waited for in all; default {@link REPORT_WITHIN_MS}. */
  readonly reportWithinMs?: number;
  readonly association?: Pick<AssociationOptions, 'connectTimeoutMs' | 'associateTimeoutMs' | 'inactivityMs'>;
}

/** One question. */
export interface CommitOptions {
  /**
   * What the question belongs to. Asked again within the same it is not put to the PACS twice; within another it is asked
   * anew, as a promise says nothing of what was stored after it.
   */
  readonly filing?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An invoker. */
export interface CommitmentScu {
  /** Transactions whose report somebody waits for. */
  readonly waiting: number;
  /**
   * Asks a PACS to keep instances, at most {@link MAX_COMMITMENT_REFERENCES} at once.
   *
   * @returns Undefined when no report came in time; asking for the same again waits on for the same report.
   * @throws {PacsError} `PACS_REFUSED` when the PACS does not do this; `PACS_BUSY` when too many wait; as
   *   {@link requestAssociation}; the signal's reason.
   */
  commit(references: readonly InstanceReference[], options?: CommitOptions): Promise<StorageCommitment | undefined>;
  /** Takes an N-EVENT-REPORT from another association, and answers it. */
  take(association: Association, message: IncomingMessage): Promise<void>;
  /** Ends what waits, as if its time were over. Calling it twice is fine. */
  stop(): void;
}

const transactionSchema = z.object({
  /** By which the same question is known again. */
  question: z.string(),
  transactionUid: uidSchema,
  requestedMs: z.number(),
  references: referencesSchema,
  /** Whether the PACS agreed to report. */
  isAsked: z.boolean(),
  /** The report, when nobody waited for it. */
  report: z
    .object({
      committed: z.array(referenceSchema),
      failed: z.array(referenceSchema.extend({ reason: z.number() })),
    })
    .optional(),
});

type Transaction = z.output<typeof transactionSchema>;

/** Beyond the time for a report, so that the association ends by a release. */
const PATIENCE_MS = 5_000;

/** Opens an invoker, with the questions that an earlier run asked. @throws {Error} of node:fs */
export async function openCommitmentScu(options: CommitmentScuOptions): Promise<CommitmentScu> {
  const files = await TransactionFiles.open(options.folder, transactionSchema);
  const beforeMs = options.clock.now() - COMMITMENT_FOR_MS;
  const young: Transaction[] = [];
  for (const transaction of await files.all()) {
    if (transaction.requestedMs >= beforeMs) young.push(transaction);
    else await files.remove(transaction.question);
  }
  return new Invoker(
    options,
    files,
    young.toSorted((one, other) => one.requestedMs - other.requestedMs),
  );
}

class Invoker implements CommitmentScu {
  readonly #options: CommitmentScuOptions;
  readonly #files: TransactionFiles<Transaction>;
  /** By question, the oldest first. */
  readonly #transactions: Map<string, Transaction>;
  /** Those who wait for a report, by transaction. */
  readonly #waiting = new Map<Uid, Set<(commitment: StorageCommitment | undefined) => void>>();
  #isStopped = false;

  constructor(options: CommitmentScuOptions, files: TransactionFiles<Transaction>, known: readonly Transaction[]) {
    this.#options = options;
    this.#files = files;
    this.#transactions = new Map(known.map((transaction) => [transaction.question, transaction]));
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  async commit(
    references: readonly InstanceReference[],
    { filing = '', signal }: CommitOptions = {},
  ): Promise<StorageCommitment | undefined> {
    signal?.throwIfAborted();
    if (references.length === 0) return { committed: [], failed: [] };
    if (references.length > MAX_COMMITMENT_REFERENCES) throw new RangeError('too many references for one transaction');
    const question = questionOf(references, filing);
    const transaction = this.#transactions.get(question) ?? this.#begin(question, references);
    if (transaction.report !== undefined) {
      await this.#forget(question);
      return transaction.report;
    }
    const report = this.#wait(transaction.transactionUid, signal);
    try {
      if (!transaction.isAsked) await this.#ask(transaction, signal);
    } catch (error) {
      report.end();
      // Whether it was asked is not known: it is asked anew the next time, under another UID.
      await this.#forget(question);
      throw error;
    }
    const commitment = await report.promise;
    signal?.throwIfAborted();
    if (commitment !== undefined) await this.#forget(question);
    return commitment;
  }

  async take(association: Association, message: IncomingMessage): Promise<void> {
    const status = await this.#taken(association, message).catch((error: unknown) => {
      if (association.isClosed) throw error;
      return STATUS.processingFailure;
    });
    const { eventTypeId } = message.command;
    await answer(association, message, {
      affectedSopClassUid: SOP_CLASSES.storageCommitment,
      affectedSopInstanceUid: STORAGE_COMMITMENT_INSTANCE,
      status,
      ...(eventTypeId !== undefined && { eventTypeId }),
    });
  }

  stop(): void {
    this.#isStopped = true;
    for (const waiting of this.#waiting.values()) for (const tell of waiting) tell(undefined);
  }

  #begin(question: string, references: readonly InstanceReference[]): Transaction {
    this.#makeRoom(references.length);
    const transaction: Transaction = {
      question,
      transactionUid: newUid(),
      requestedMs: this.#options.clock.now(),
      references: [...references],
      isAsked: false,
    };
    this.#transactions.set(question, transaction);
    return transaction;
  }

  /**
   * Forgets what is too old and, while there is no room, the oldest that nobody waits for: a PACS that agrees and never
   * reports must not keep us from asking.
   */
  #makeRoom(references: number): void {
    const beforeMs = this.#options.clock.now() - COMMITMENT_FOR_MS;
    for (const { question, requestedMs, transactionUid } of this.#transactions.values()) {
      const isToGo = requestedMs < beforeMs || (this.#isFull(references) && !this.#waiting.has(transactionUid));
      if (!isToGo) continue;
      // A file that stays comes back at the next start, and goes then.
      void this.#forget(question).catch(() => {});
    }
    if (!this.#isFull(references)) return;
    throw new PacsError('PACS_BUSY', { details: { reason: 'commitments', count: this.#transactions.size } });
  }

  #isFull(references: number): boolean {
    const held = [...this.#transactions.values()].reduce((sum, each) => sum + each.references.length, references);
    return this.#transactions.size >= MAX_COMMITMENTS || held > MAX_COMMITMENT_REFERENCES_IN_ALL;
  }

  /** Sends the request, and holds the association open for a while: some PACS report on it, and nowhere else. */
  async #ask(transaction: Transaction, signal: AbortSignal | undefined): Promise<void> {
    await this.#keep(transaction);
    const { association: timing, peer, reportHereMs = REPORT_HERE_MS } = this.#options;
    const abstractSyntax = SOP_CLASSES.storageCommitment;
    const contexts = proposedContexts([{ abstractSyntax, transferSyntaxes: PLAIN_SYNTAXES }]);
    const association = await requestAssociation(peer, { ...timing, contexts, signal });
    try {
      await requestOn(association, transaction, signal);
      await this.#keep({ ...transaction, isAsked: true });
      await this.#hearHere(association, transaction.transactionUid, reportHereMs, signal);
      await association.release();
    } finally {
      association.abort();
    }
  }

  /** Takes reports on the association that the question was asked on; that nothing comes there is no error. */
  async #hearHere(
    association: Association,
    transactionUid: Uid,
    reportHereMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    // It may have come on another association by now.
    const waiting = this.#waiting.get(transactionUid);
    if (waiting === undefined) return;
    let isOver = false;
    let isTaking = false;
    const end = (): void => {
      isOver = true;
      // What is being taken here is answered first.
      if (!isTaking) void association.release();
    };
    const timer = setTimeout(end, reportHereMs);
    // A report that comes on another association ends the waiting here.
    waiting.add(end);
    try {
      while (!isOver) {
        const message = await association.receive({ signal, patienceMs: reportHereMs + PATIENCE_MS });
        if (message === undefined) return;
        if (message.command.field !== COMMANDS.eventReportRequest) continue;
        isTaking = true;
        await this.take(association, message);
        isTaking = false;
      }
    } catch {
      // Released by then, or ended by a PACS that does not report here.
      signal?.throwIfAborted();
    } finally {
      clearTimeout(timer);
      this.#endWait(transactionUid, end);
    }
  }

  #wait(
    transactionUid: Uid,
    signal: AbortSignal | undefined,
  ): { promise: Promise<StorageCommitment | undefined>; end(): void } {
    const { promise, resolve } = Promise.withResolvers<StorageCommitment | undefined>();
    const waiting = this.#waiting.get(transactionUid) ?? new Set();
    this.#waiting.set(transactionUid, waiting);
    const timer = setTimeout(() => tell(undefined), this.#options.reportWithinMs ?? REPORT_WITHIN_MS);
    const onAbort = (): void => tell(undefined);
    const tell = (commitment: StorageCommitment | undefined): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#endWait(transactionUid, tell);
      resolve(commitment);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    waiting.add(tell);
    if (this.#isStopped) tell(undefined);
    return { promise, end: () => tell(undefined) };
  }

  #endWait(transactionUid: Uid, tell: (commitment: StorageCommitment | undefined) => void): void {
    const waiting = this.#waiting.get(transactionUid);
    waiting?.delete(tell);
    if (waiting?.size === 0) this.#waiting.delete(transactionUid);
  }

  async #taken(association: Association, { command, context, dataSet }: IncomingMessage): Promise<number> {
    const { calledAe, callingAe, role } = association.agreement;
    const reporter = role === 'acceptor' ? callingAe : calledAe;
    const { peer, reportedBy = [peer.calledAe] } = this.#options;
    if (!reportedBy.includes(reporter)) return STATUS.notAuthorized;
    const { allCommitted, someFailed } = COMMITMENT_TYPES;
    if (command.eventTypeId !== allCommitted && command.eventTypeId !== someFailed) return STATUS.noSuchEventType;
    const report = await readCommitmentReport(dataSet, context.transferSyntax);
    const transaction = [...this.#transactions.values()].find((each) => each.transactionUid === report.transactionUid);
    if (transaction === undefined) return STATUS.invalidArgument;
    const commitment = commitmentOf(transaction.references, report);
    // Kept before it is answered: nobody may be waiting any more.
    await this.#keep({
      ...transaction,
      isAsked: true,
      report: { committed: [...commitment.committed], failed: [...commitment.failed] },
    });
    for (const tell of this.#waiting.get(report.transactionUid) ?? []) tell(commitment);
    return STATUS.success;
  }

  async #keep(transaction: Transaction): Promise<void> {
    this.#transactions.set(transaction.question, transaction);
    await this.#files.put(transaction.question, transaction);
  }

  async #forget(question: string): Promise<void> {
    this.#transactions.delete(question);
    await this.#files.remove(question);
  }
}

async function requestOn(
  association: Association,
  transaction: Transaction,
  signal: AbortSignal | undefined,
): Promise<void> {
  const context = association.contextFor(SOP_CLASSES.storageCommitment);
  if (context === undefined) throw new PacsError('PACS_REFUSED', { details: { reason: 'no-context' } });
  const messageId = association.nextMessageId();
  await association.send(
    {
      contextId: context.id,
      command: {
        field: COMMANDS.actionRequest,
        messageId,
        requestedSopClassUid: SOP_CLASSES.storageCommitment,
        requestedSopInstanceUid: STORAGE_COMMITMENT_INSTANCE,
        actionTypeId: COMMITMENT_TYPES.request,
      },
      dataSet: encodeCommitmentRequest(transaction, context.transferSyntax),
    },
    signal,
  );
  const answered = await association.receive({ signal });
  const isAnswer = answered?.command.field === COMMANDS.actionResponse && answered.command.respondedTo === messageId;
  if (!isAnswer) throw new PacsError('PACS_PROTOCOL', { details: { reason: 'action-answer' } });
  const { status = 0 } = answered.command;
  if (status === STATUS.resourceLimitation) throw new PacsError('PACS_BUSY', { details: { status } });
  if (status !== 0) throw new PacsError('PACS_REFUSED', { details: { status } });
}

/** Of what was asked for, what the report promises; what it does not mention, or mentions in both lists, is not kept. */
function commitmentOf(references: readonly InstanceReference[], report: CommitmentReport): StorageCommitment {
  const promised = new Map(report.committed.map((each) => [each.sopInstanceUid, each.sopClassUid]));
  const refused = new Map(report.failed.map((each) => [each.sopInstanceUid, each.reason]));
  const committed: InstanceReference[] = [];
  const failed: (InstanceReference & { reason: number })[] = [];
  for (const { sopClassUid, sopInstanceUid } of references) {
    const reason = refused.get(sopInstanceUid);
    if (reason === undefined && promised.get(sopInstanceUid) === sopClassUid) {
      committed.push({ sopClassUid, sopInstanceUid });
    } else {
      failed.push({ sopClassUid, sopInstanceUid, reason: reason ?? FAILURE_REASONS.processingFailure });
    }
  }
  return { committed, failed };
}

/** What tells one question from another: what it belongs to, and the instances in whatever order. */
function questionOf(references: readonly InstanceReference[], filing: string): string {
  const hash = createHash('sha256').update(`${filing}\n`);
  const lines = references.map(({ sopClassUid, sopInstanceUid }) => `${sopInstanceUid} ${sopClassUid}\n`);
  for (const line of lines.toSorted()) hash.update(line);
  return hash.digest('hex');
}

/** A UID out of 128 random bits (PS3.5 B.2). */
function newUid(): Uid {
  return parseUid(`2.25.${BigInt(`0x${randomBytes(16).toString('hex')}`)}`);
}
