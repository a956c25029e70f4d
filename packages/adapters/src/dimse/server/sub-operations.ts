/**
 * C-STORE sub-operations as an SCP of C-MOVE and C-GET performs them (PS3.4 C.4.2.2, C.4.3.2): each instance in the syntax it
 * is held in, or not at all; nothing is ever transcoded on its way out.
 */
import type { Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type { InstanceSummary, Pacs } from '@interhosp/core/pacs';
import type { Association, Context } from '../association/association.ts';
import { COMMANDS, PRIORITIES } from '../association/command-set.ts';
import { planPairs, type ContextPair } from '../store/context-plan.ts';
import { proposedContexts, requestAssociation, type PeerAddress } from '../association/request-association.ts';
import { isWarning, STATUS } from '../association/status.ts';

/** An instance to be sent. */
export interface SubOperation {
  readonly studyInstanceUid: Uid;
  readonly instance: InstanceSummary;
}

/** What became of one. */
export type SubOutcome = 'completed' | 'failed' | 'warning';

/** Who asked for a move. */
export interface MoveOriginator {
  readonly moveOriginatorAe: string;
  readonly moveOriginatorMessageId: number;
}

/** Somewhere that instances are sent. */
export interface SubTarget {
  /** The association and context for a class and syntax; undefined where there is none. @throws {PacsError} */
  contextFor(
    pair: ContextPair,
    signal: AbortSignal,
  ): Promise<{ readonly association: Association; readonly context: Context } | undefined>;
  /** Ends what was opened for it, in order. */
  end(): Promise<void>;
  /** Ends what was opened for it, at once. */
  abort(): void;
}

/** Sends one instance. @throws {PacsError} when the target is gone; the signal's reason */
export async function performSubOperation(
  pacs: Pacs,
  { instance, studyInstanceUid }: SubOperation,
  target: SubTarget,
  options: { readonly originator?: MoveOriginator | undefined; readonly signal: AbortSignal },
): Promise<SubOutcome> {
  const { originator, signal } = options;
  const { sopClassUid, sopInstanceUid } = instance;
  // Without its class there is no context for it.
  if (sopClassUid === undefined) return 'failed';
  for await (const { dataSet, transferSyntaxUid } of pacs.retrieve(studyInstanceUid, {
    signal,
    instances: [instance],
  })) {
    const place = await target.contextFor({ sopClassUid, transferSyntaxUid }, signal);
    if (place === undefined) return 'failed';
    const { association, context } = place;
    const messageId = association.nextMessageId();
    const command = {
      field: COMMANDS.storeRequest,
      messageId,
      affectedSopClassUid: sopClassUid,
      affectedSopInstanceUid: sopInstanceUid,
      priority: PRIORITIES.medium,
      ...originator,
    };
    await association.send({ contextId: context.id, command, dataSet }, signal);
    const answer = await association.receive({ signal });
    if (answer?.command.field !== COMMANDS.storeResponse || answer.command.respondedTo !== messageId) {
      throw new PacsError('PACS_PROTOCOL', { details: { reason: 'store-answer' } });
    }
    const { status = STATUS.success } = answer.command;
    if (status === STATUS.success) return 'completed';
    return isWarning(status) ? 'warning' : 'failed';
  }
  return 'failed';
}

/** The association that a C-GET came on. */
export function sameAssociation(association: Association): SubTarget {
  return {
    contextFor({ sopClassUid, transferSyntaxUid }) {
      const context = association.contextFor(sopClassUid, [transferSyntaxUid]);
      return Promise.resolve(context === undefined ? undefined : { association, context });
    },
    end: () => Promise.resolve(),
    abort: () => {},
  };
}

/** Associations to the destination of a C-MOVE, one at a time: another one when a context was not proposed yet. */
export class MoveTarget implements SubTarget {
  readonly #peer: PeerAddress;
  readonly #plan: readonly ContextPair[];
  #association: Association | undefined;
  #proposed = new Set<string>();

  constructor(peer: PeerAddress, instances: readonly InstanceSummary[]) {
    this.#peer = peer;
    this.#plan = planPairs(instances)[0] ?? [];
  }

  async contextFor(pair: ContextPair, signal: AbortSignal) {
    const { sopClassUid, transferSyntaxUid } = pair;
    if (this.#association?.isOpen !== true || !this.#proposed.has(nameOf(pair))) {
      await this.end();
      const pairs = [pair, ...this.#plan.filter((each) => nameOf(each) !== nameOf(pair))].slice(0, MAX_PAIRS);
      const contexts = pairs.map((each) => ({
        abstractSyntax: each.sopClassUid,
        transferSyntaxes: [each.transferSyntaxUid],
      }));
      this.#association = await requestAssociation(this.#peer, { contexts: proposedContexts(contexts), signal });
      this.#proposed = new Set(pairs.map(nameOf));
    }
    const association = this.#association;
    const context = association.contextFor(sopClassUid, [transferSyntaxUid]);
    return context === undefined ? undefined : { association, context };
  }

  async end(): Promise<void> {
    await this.#association?.release();
    this.#association = undefined;
  }

  abort(): void {
    this.#association?.abort();
  }
}

const MAX_PAIRS = 127;

function nameOf({ sopClassUid, transferSyntaxUid }: ContextPair): string {
  return `${sopClassUid} ${transferSyntaxUid}`;
}
