/** C-MOVE and C-GET as SCP over any `Pacs` (PS3.4 C.4.2.3, C.4.3.3). */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TAGS, type NewElement, type Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type { Pacs } from '@interhosp/core/pacs';
import type { Association, IncomingMessage } from '../association/association.ts';
import { COMMANDS, type Command } from '../association/command-set.ts';
import { encodeIdentifier, readIdentifier, type Identifier } from '../query/identifier.ts';
import type { DimseOddities } from './oddities.ts';
import { instancesOf, levelOf, type QueryRoot } from '../query/query-model.ts';
import { failureStatus } from './query-scp.ts';
import { QUERY_TAGS } from '../query/query-tags.ts';
import type { PeerAddress } from '../association/request-association.ts';
import { pause } from './server-pause.ts';
import { answerUnknown, type DimseService } from './service.ts';
import { STATUS } from '../association/status.ts';
import {
  MoveTarget,
  performSubOperation,
  sameAssociation,
  type MoveOriginator,
  type SubOperation,
  type SubOutcome,
  type SubTarget,
} from './sub-operations.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from '../association/uids.ts';

/** What is retrieved from, and where to. */
export interface RetrieveServices {
  readonly pacs: Pacs;
  /** Where an AE title is; undefined for one that is not configured. */
  destination(ae: string): PeerAddress | undefined;
  readonly oddities: () => DimseOddities;
}

/** The models behind MOVE and GET SOP classes. */
const ROOTS: ReadonlyMap<Uid, QueryRoot> = new Map([
  [SOP_CLASSES.patientRootMove, 'patient'],
  [SOP_CLASSES.patientRootGet, 'patient'],
  [SOP_CLASSES.studyRootMove, 'study'],
  [SOP_CLASSES.studyRootGet, 'study'],
]);

/** Most instances of one request. */
const MAX_SUB_OPERATIONS = 100_000;

/** Makes the service. */
export function retrieveService(services: RetrieveServices): DimseService {
  return {
    name: 'retrieve',
    syntaxesOf: (abstractSyntax) => (ROOTS.has(abstractSyntax) ? PLAIN_SYNTAXES : undefined),
    async perform(association, message, signal) {
      const { field } = message.command;
      const isOurs = field === COMMANDS.moveRequest || field === COMMANDS.getRequest;
      if (!isOurs) return await answerUnknown(association, message);
      await serveRetrieve(association, message, services, signal);
    },
  };
}

/** Answers a C-MOVE or C-GET request. @throws {PacsError} what ended the association. */
async function serveRetrieve(
  association: Association,
  message: IncomingMessage,
  services: RetrieveServices,
  signal: AbortSignal,
): Promise<void> {
  const oddities = services.oddities();
  const run = new Run(association, message, { ...services, oddities });
  try {
    const root = ROOTS.get(message.context.abstractSyntax) ?? 'study';
    const keys = await readIdentifier(message.dataSet, { transferSyntaxUid: message.context.transferSyntax });
    await pause(oddities.silentMs, signal);
    await run.perform(keys, root, signal);
  } catch (error) {
    if (signal.aborted || !association.isOpen) throw error;
    await run.answer(failureStatus(error));
  }
}

/** As it is odd when the request comes. */
type RunServices = Omit<RetrieveServices, 'oddities'> & { readonly oddities: DimseOddities };

class Run {
  readonly #association: Association;
  readonly #message: IncomingMessage;
  readonly #services: RunServices;
  readonly #counts: Record<SubOutcome, number> = { completed: 0, failed: 0, warning: 0 };
  readonly #failed: Uid[] = [];
  #queue: SubOperation[] = [];
  #total = 0;
  #isAnswered = false;

  constructor(association: Association, message: IncomingMessage, services: RunServices) {
    this.#association = association;
    this.#message = message;
    this.#services = services;
  }

  async perform(keys: Identifier, root: QueryRoot, signal: AbortSignal): Promise<void> {
    const { finalStatus } = this.#services.oddities;
    if (finalStatus !== undefined) return await this.answer(finalStatus);
    const targets = this.#targets();
    if (targets === undefined) return await this.answer(STATUS.moveDestinationUnknown);
    await this.#gather(keys, root, signal);
    const originator = this.#originator();
    // A target is given the instances to plan its contexts for, which are known by now.
    const places = targets();
    try {
      await Promise.all(places.map((place) => this.#work(place, originator, signal)));
      await Promise.all(places.map((place) => place.end()));
    } finally {
      for (const place of places) place.abort();
    }
    await this.#finish();
  }

  async #gather(keys: Identifier, root: QueryRoot, signal: AbortSignal): Promise<void> {
    const { knowsNoLists, omitEvery, sendsWholeStudies } = this.#services.oddities;
    const level = levelOf(keys, root);
    if (knowsNoLists === true && keys.raw(TAGS.SOPInstanceUID)?.includes('\\') === true) return;
    const options = { signal, isWholeStudy: sendsWholeStudies === true };
    let index = 0;
    for await (const found of instancesOf(this.#services.pacs, level, keys, options)) {
      if (omitEvery !== undefined && ++index % omitEvery === 0) continue;
      if (this.#queue.push(found) > MAX_SUB_OPERATIONS) throw new PacsError('PACS_TOO_MANY');
    }
    this.#total = this.#queue.length;
  }

  /** Where the instances go; undefined when nobody knows where that is. */
  #targets(): (() => readonly SubTarget[]) | undefined {
    const { command } = this.#message;
    if (command.field === COMMANDS.getRequest) return () => [sameAssociation(this.#association)];
    const peer = this.#services.destination(command.moveDestination ?? '');
    if (peer === undefined) return undefined;
    const { moveAssociations = 1 } = this.#services.oddities;
    const instances = () => this.#queue.map(({ instance }) => instance);
    return () => Array.from({ length: moveAssociations }, () => new MoveTarget(peer, instances()));
  }

  #originator(): MoveOriginator | undefined {
    const { command } = this.#message;
    const { originator } = this.#services.oddities;
    if (command.field === COMMANDS.getRequest || originator === 'none') return undefined;
    const { calledAe, callingAe } = this.#association.agreement;
    return {
      moveOriginatorAe: originator === 'itself' ? calledAe : callingAe,
      moveOriginatorMessageId: originator === 'itself' ? 0 : (command.messageId ?? 0),
    };
  }

  async #work(target: SubTarget, originator: MoveOriginator | undefined, signal: AbortSignal): Promise<void> {
    const { breaksAfter, delayMs, endsEarly, ignoresCancel } = this.#services.oddities;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      await nextTurn();
      await pause(delayMs, signal);
      const isWanted = this.#association.isOpen || this.#isAnswered;
      if (!isWanted || (this.#isCancelled && ignoresCancel !== true)) {
        this.#queue = [];
        return;
      }
      const outcome = await this.#perform(next, target, originator, signal);
      this.#counts[outcome]++;
      if (outcome === 'failed') this.#failed.push(next.instance.sopInstanceUid);
      if (breaksAfter !== undefined && this.#total - this.#queue.length >= breaksAfter) {
        this.#association.abort();
        throw new PacsError('PACS_ABORTED', { details: { reason: 'oddity' } });
      }
      if (endsEarly === true) await this.#finish();
      else await this.#pending();
    }
  }

  async #perform(
    operation: SubOperation,
    target: SubTarget,
    originator: MoveOriginator | undefined,
    signal: AbortSignal,
  ): Promise<SubOutcome> {
    try {
      return await performSubOperation(this.#services.pacs, operation, target, { originator, signal });
    } catch (error) {
      // Of a move, the next instance may be taken again; of a C-GET, the association is gone.
      if (signal.aborted || !this.#association.isOpen) throw error;
      return 'failed';
    }
  }

  get #isCancelled(): boolean {
    const { messageId } = this.#message.command;
    return messageId !== undefined && this.#association.isCancelled(messageId);
  }

  async #pending(): Promise<void> {
    const { omitsPending } = this.#services.oddities;
    if (omitsPending === true || this.#isAnswered || !this.#association.isOpen) return;
    await this.#send(STATUS.pending, { remaining: this.#total - this.#done, ...this.#told() });
  }

  async #finish(): Promise<void> {
    if (this.#isAnswered || this.#services.oddities.neverEnds === true) return;
    if (this.#isCancelled && this.#done < this.#total) {
      return await this.answer(STATUS.cancelled, { remaining: this.#total - this.#done, ...this.#told() });
    }
    await this.answer(this.#finalStatus(), this.#told());
  }

  #finalStatus(): number {
    const { failed } = this.#counts;
    if (failed === 0) return STATUS.success;
    return failed === this.#total ? STATUS.outOfResourcesSubOperations : STATUS.subOperationsWithFailures;
  }

  /** Gives the last answer. */
  async answer(status: number, counts: Partial<Command> = {}): Promise<void> {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    const list: NewElement = {
      tag: QUERY_TAGS.FailedSOPInstanceUIDList,
      value: { vr: 'UI', text: this.#failed.slice(0, MAX_LISTED_FAILURES).join('\\') },
    };
    const { transferSyntax } = this.#message.context;
    const dataSet = this.#failed.length === 0 ? undefined : encodeFailures(list, transferSyntax);
    await this.#send(status, counts, dataSet);
  }

  async #send(status: number, counts: Partial<Command>, dataSet?: Uint8Array): Promise<void> {
    const { affectedSopClassUid, field, messageId } = this.#message.command;
    await this.#association.send({
      contextId: this.#message.context.id,
      command: {
        field: field | 0x8000,
        status,
        ...(messageId !== undefined && { respondedTo: messageId }),
        ...(affectedSopClassUid !== undefined && { affectedSopClassUid }),
        ...counts,
      },
      ...(dataSet !== undefined && { dataSet }),
    });
  }

  get #done(): number {
    const { completed, failed, warning } = this.#counts;
    return completed + failed + warning;
  }

  #told(): Partial<Command> {
    if (this.#services.oddities.miscounts === true) return { completed: 0, failed: 7, warnings: 0xffff };
    const { completed, failed, warning } = this.#counts;
    return { completed, failed, warnings: warning };
  }
}

/** As many UIDs as a value of explicit VR has room for. */
const MAX_LISTED_FAILURES = 900;

function encodeFailures(list: NewElement, transferSyntaxUid: Uid): Uint8Array {
  return encodeIdentifier([list], { transferSyntaxUid });
}
