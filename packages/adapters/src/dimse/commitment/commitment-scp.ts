/**
 * Storage commitment as its performer (PS3.4 J): a request is durable before it is agreed to, and is answered by a report that
 * reaches the one who asked: on an association of our own where we know its address, else on the one it asked on. A report
 * that cannot be delivered is tried again, also after a restart, for a week.
 */
import { errorCodeOf, PacsError } from '@interhosp/core/errors';
import type { InstanceReference } from '@interhosp/core/pacs';
import { silentLog, type Clock, type Log } from '@interhosp/core/world';
import { z } from 'zod';
import type { Association, IncomingMessage } from '../association/association.ts';
import {
  COMMITMENT_TYPES,
  encodeCommitmentReport,
  FAILURE_REASONS,
  readCommitmentRequest,
  type CommitmentFailure,
  type CommitmentReport,
} from './commitment-message.ts';
import { referencesSchema, uidSchema } from './commitment-schema.ts';
import { COMMANDS } from '../association/command-set.ts';
import {
  MAX_COMMITMENT_REFERENCES,
  MAX_COMMITMENT_REFERENCES_IN_ALL,
  MAX_COMMITMENTS,
  REPORT_FOR_MS,
  REPORT_PAUSES_MS,
} from '../limits.ts';
import { proposedContexts, requestAssociation, type PeerAddress } from '../association/request-association.ts';
import { answer } from '../server/service.ts';
import { STATUS } from '../association/status.ts';
import { TransactionFiles } from './transaction-files.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES, STORAGE_COMMITMENT_INSTANCE } from '../association/uids.ts';

/** How a performer is opened. */
export interface CommitmentScpOptions {
  /** Its own alone; made when it is not there. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log?: Log;
  /**
   * Which of these are kept for good, as a failure reason for each that is not (0112, …), in the order asked. Throws where it
   * cannot be told now: the report is then made later.
   */
  verify(references: readonly InstanceReference[], signal: AbortSignal): Promise<readonly (number | undefined)[]>;
  /** Where reports for an AE title go; undefined to report on its own association. */
  reportTo(aeTitle: string): PeerAddress | undefined;
}

/** A performer. */
export interface CommitmentScp {
  /** Reports that are still to be delivered. */
  readonly pending: number;
  /** Takes an N-ACTION request and answers it. @throws {PacsError} what ended the association */
  perform(association: Association, message: IncomingMessage, signal: AbortSignal): Promise<void>;
  /** Ends deliveries; what is pending is delivered by the next run. Calling it twice is fine. */
  stop(): Promise<void>;
}

const transactionSchema = z.object({
  transactionUid: uidSchema,
  aeTitle: z.string().max(16),
  requestedMs: z.number(),
  references: referencesSchema,
});

type Transaction = z.output<typeof transactionSchema>;

/** Opens a performer, and goes on delivering what an earlier run left. @throws {Error} of node:fs */
export async function openCommitmentScp(options: CommitmentScpOptions): Promise<CommitmentScp> {
  const files = await TransactionFiles.open(options.folder, transactionSchema);
  const scp = new Performer(options, files);
  for (const transaction of await files.all()) scp.restore(transaction);
  return scp;
}

class Performer implements CommitmentScp {
  readonly #options: CommitmentScpOptions;
  readonly #files: TransactionFiles<Transaction>;
  readonly #log: Log;
  readonly #pending = new Map<string, Transaction>();
  /** Requests that are being made durable. */
  readonly #arriving = new Set<Transaction>();
  /** Deliveries that run, by AE title. */
  readonly #delivering = new Map<string, Promise<void>>();
  /** Pauses between two tries, by AE title. */
  readonly #pauses = new Map<string, AbortController>();
  readonly #stopped = new AbortController();

  constructor(options: CommitmentScpOptions, files: TransactionFiles<Transaction>) {
    this.#options = options;
    this.#files = files;
    this.#log = (options.log ?? silentLog).forComponent('interhosp:dimse');
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Takes up what an earlier run left. */
  restore(transaction: Transaction): void {
    this.#pending.set(keyOf(transaction), transaction);
    this.#deliver(transaction.aeTitle);
  }

  async perform(association: Association, message: IncomingMessage, signal: AbortSignal): Promise<void> {
    const { callingAe: aeTitle } = association.agreement;
    const status = await this.#take(message, aeTitle).catch((error: unknown) => {
      if (association.isClosed) throw error;
      return errorCodeOf(error) === 'PACS_PROTOCOL' ? STATUS.invalidArgument : STATUS.processingFailure;
    });
    await answer(association, message, {
      affectedSopClassUid: SOP_CLASSES.storageCommitment,
      affectedSopInstanceUid: STORAGE_COMMITMENT_INSTANCE,
      status,
      ...(message.command.actionTypeId !== undefined && { actionTypeId: message.command.actionTypeId }),
    });
    if (status !== STATUS.success) return;
    if (this.#options.reportTo(aeTitle) !== undefined) this.#deliver(aeTitle);
    else await this.#reportAll(aeTitle, association, signal);
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new PacsError('PACS_ABORTED', { details: { reason: 'stopped' } }));
    await Promise.all(this.#delivering.values());
  }

  /** The status of a request, which is durable when it is a success. */
  async #take({ command, context, dataSet }: IncomingMessage, aeTitle: string): Promise<number> {
    const { actionTypeId, requestedSopClassUid, requestedSopInstanceUid } = command;
    if (requestedSopClassUid !== SOP_CLASSES.storageCommitment) return STATUS.sopClassNotSupported;
    if (requestedSopInstanceUid !== STORAGE_COMMITMENT_INSTANCE) return STATUS.noSuchInstance;
    if (actionTypeId !== COMMITMENT_TYPES.request) return STATUS.noSuchActionType;
    const { references, transactionUid } = await readCommitmentRequest(dataSet, context.transferSyntax);
    await this.#forgetOld();
    if (!this.#hasRoom(references.length)) return STATUS.resourceLimitation;
    const requestedMs = this.#options.clock.now();
    const transaction: Transaction = { transactionUid, aeTitle, requestedMs, references: [...references] };
    this.#arriving.add(transaction);
    try {
      await this.#files.put(keyOf(transaction), transaction);
    } finally {
      this.#arriving.delete(transaction);
    }
    this.#pending.set(keyOf(transaction), transaction);
    return STATUS.success;
  }

  #hasRoom(references: number): boolean {
    const held = [...this.#pending.values(), ...this.#arriving];
    const inAll = held.reduce((sum, each) => sum + each.references.length, references);
    if (held.length >= MAX_COMMITMENTS || references > MAX_COMMITMENT_REFERENCES) return false;
    return inAll <= MAX_COMMITMENT_REFERENCES_IN_ALL;
  }

  /** Delivers what is pending for an AE title, one association after another, until nothing is or it has been a week. */
  #deliver(aeTitle: string): void {
    // Who waits to try again tries now: there is news.
    this.#pauses.get(aeTitle)?.abort();
    if (this.#delivering.has(aeTitle) || this.#stopped.signal.aborted) return;
    const delivering = this.#deliverAll(aeTitle)
      .catch((error: unknown) => this.#failed(error))
      .finally(() => this.#delivering.delete(aeTitle));
    this.#delivering.set(aeTitle, delivering);
  }

  async #deliverAll(aeTitle: string): Promise<void> {
    const { signal } = this.#stopped;
    for (let attempt = 0; this.#pendingFor(aeTitle).length > 0; attempt++) {
      const peer = this.#options.reportTo(aeTitle);
      // Delivered when it asks the next time.
      if (peer === undefined) return;
      try {
        await this.#reportTo(peer, aeTitle, signal);
        attempt = -1;
      } catch (error) {
        if (signal.aborted) return;
        this.#failed(error, attempt);
        await this.#forgetOld();
        await this.#pause(aeTitle, REPORT_PAUSES_MS[Math.min(attempt, REPORT_PAUSES_MS.length - 1)] ?? 0);
      }
    }
  }

  async #pause(aeTitle: string, pauseMs: number): Promise<void> {
    const pause = new AbortController();
    this.#pauses.set(aeTitle, pause);
    const signal = AbortSignal.any([this.#stopped.signal, pause.signal]);
    await this.#options.clock.sleep(pauseMs, { signal }).catch(() => {});
    this.#pauses.delete(aeTitle);
    this.#stopped.signal.throwIfAborted();
  }

  async #reportTo(peer: PeerAddress, aeTitle: string, signal: AbortSignal): Promise<void> {
    const abstractSyntax = SOP_CLASSES.storageCommitment;
    const association = await requestAssociation(peer, {
      contexts: proposedContexts([{ abstractSyntax, transferSyntaxes: PLAIN_SYNTAXES }]),
      // We stay the SCP, although it is we who call (J.3.3.1.3).
      roles: [{ sopClassUid: abstractSyntax, scu: false, scp: true }],
      signal,
    });
    try {
      await this.#reportAll(aeTitle, association, signal);
      await association.release();
    } finally {
      association.abort();
    }
  }

  /** One that is not taken does not keep the others from being reported. @throws what became of the first such */
  async #reportAll(aeTitle: string, association: Association, signal: AbortSignal): Promise<void> {
    let refusal: PacsError | undefined;
    for (const transaction of this.#pendingFor(aeTitle)) {
      const { references, transactionUid } = transaction;
      const reasons = await this.#options.verify(references, signal);
      try {
        await sendReport(association, reportOf(transactionUid, references, reasons), signal);
      } catch (error) {
        if (!(error instanceof PacsError) || error.code !== 'PACS_REFUSED') throw error;
        refusal ??= error;
        continue;
      }
      this.#pending.delete(keyOf(transaction));
      await this.#files.remove(keyOf(transaction));
    }
    if (refusal !== undefined) throw refusal;
  }

  #pendingFor(aeTitle: string): readonly Transaction[] {
    return [...this.#pending.values()].filter((transaction) => transaction.aeTitle === aeTitle);
  }

  async #forgetOld(): Promise<void> {
    const beforeMs = this.#options.clock.now() - REPORT_FOR_MS;
    for (const transaction of this.#pending.values()) {
      if (transaction.requestedMs >= beforeMs) continue;
      this.#log.write('error', 'dimse.commitment.undeliverable', { instances: transaction.references.length });
      this.#pending.delete(keyOf(transaction));
      await this.#files.remove(keyOf(transaction));
    }
  }

  #failed(error: unknown, attempt = 0): void {
    if (this.#stopped.signal.aborted) return;
    this.#log.write('warn', 'dimse.commitment.failed', { code: errorCodeOf(error) ?? 'unexpected', attempt });
  }
}

/** Sends a report and waits until it was taken. @throws {PacsError} when it was not */
async function sendReport(association: Association, report: CommitmentReport, signal: AbortSignal): Promise<void> {
  const context = association.contextFor(SOP_CLASSES.storageCommitment);
  if (context === undefined) throw new PacsError('PACS_REFUSED', { details: { reason: 'no-context' } });
  const { allCommitted, someFailed } = COMMITMENT_TYPES;
  const messageId = association.nextMessageId();
  await association.send(
    {
      contextId: context.id,
      command: {
        field: COMMANDS.eventReportRequest,
        messageId,
        affectedSopClassUid: SOP_CLASSES.storageCommitment,
        affectedSopInstanceUid: STORAGE_COMMITMENT_INSTANCE,
        eventTypeId: report.failed.length === 0 ? allCommitted : someFailed,
      },
      dataSet: encodeCommitmentReport(report, context.transferSyntax),
    },
    signal,
  );
  const answered = await association.receive({ signal });
  const isAnswer =
    answered?.command.field === COMMANDS.eventReportResponse && answered.command.respondedTo === messageId;
  if (!isAnswer) throw new PacsError('PACS_PROTOCOL', { details: { reason: 'report-answer' } });
  const { status = 0 } = answered.command;
  if (status !== 0) throw new PacsError('PACS_REFUSED', { details: { status } });
}

function reportOf(
  transactionUid: Transaction['transactionUid'],
  references: readonly InstanceReference[],
  reasons: readonly (number | undefined)[],
): CommitmentReport {
  const committed: InstanceReference[] = [];
  const failed: CommitmentFailure[] = [];
  for (const [index, reference] of references.entries()) {
    // Nothing said is nothing promised.
    const reason = index < reasons.length ? reasons[index] : FAILURE_REASONS.processingFailure;
    if (reason === undefined) committed.push(reference);
    else failed.push({ ...reference, reason });
  }
  return { transactionUid, committed, failed };
}

/** Two may use one transaction UID. */
function keyOf({ aeTitle, transactionUid }: Pick<Transaction, 'aeTitle' | 'transactionUid'>): string {
  return `${aeTitle} ${transactionUid}`;
}
