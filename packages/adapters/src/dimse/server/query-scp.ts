/** C-FIND as SCP over any `Pacs` (PS3.4 C.4.1.3), and over a list of scheduled procedure steps (PS3.4 K.4.1.3). */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { implicitVrOf, TAGS, TRANSFER_SYNTAXES, type NewElement, type Tag, type Uid } from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import type { Pacs } from '@interhosp/core/pacs';
import type { Association, IncomingMessage } from '../association/association.ts';
import { COMMANDS } from '../association/command-set.ts';
import { decodeIdentifier, encodeIdentifier, readIdentifier, type Identifier } from '../query/identifier.ts';
import type { DimseOddities } from './oddities.ts';
import { isWritable } from '../query/query-keys.ts';
import type { KnownValue, KnownValues } from '../query/query-matching.ts';
import { IdentifierProblem, levelOf, matchesOf, type QueryRoot } from '../query/query-model.ts';
import { QUERY_TAGS } from '../query/query-tags.ts';
import { pause } from './server-pause.ts';
import { answerUnknown, type DimseService } from './service.ts';
import { STATUS } from '../association/status.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from '../association/uids.ts';
import { matchingSteps, type ScheduledStep } from './worklist-scp.ts';

/** What is searched. */
export interface QueryServices {
  readonly pacs: Pacs;
  /** Steps of the worklist, as they are at this moment. */
  readonly worklist?: (() => readonly ScheduledStep[]) | undefined;
  /** Ours, where instances can be retrieved from. */
  readonly retrieveAe: string;
  readonly oddities: () => DimseOddities;
}

/** The models behind FIND SOP classes. */
const ROOTS: ReadonlyMap<Uid, QueryRoot> = new Map([
  [SOP_CLASSES.patientRootFind, 'patient'],
  [SOP_CLASSES.studyRootFind, 'study'],
]);

/** Makes the service; the worklist belongs to it where there is one. */
export function queryService(services: QueryServices): DimseService {
  return {
    name: 'query',
    syntaxesOf: (abstractSyntax) => {
      const isWorklist = abstractSyntax === SOP_CLASSES.worklistFind && services.worklist !== undefined;
      return ROOTS.has(abstractSyntax) || isWorklist ? PLAIN_SYNTAXES : undefined;
    },
    async perform(association, message, signal) {
      if (message.command.field !== COMMANDS.findRequest) return await answerUnknown(association, message);
      await serveFind(association, message, services, signal);
    },
  };
}

/** Answers a C-FIND request. @throws {PacsError} what ended the association. */
async function serveFind(
  association: Association,
  message: IncomingMessage,
  services: QueryServices,
  signal: AbortSignal,
): Promise<void> {
  const { messageId = 0 } = message.command;
  let status: number = STATUS.success;
  try {
    const keys = await readIdentifier(message.dataSet, { transferSyntaxUid: message.context.transferSyntax });
    const { delayMs, finalStatus, ignoresCancel, mostAnswers, repeatsAnswers, silentMs } = services.oddities();
    let answers = 0;
    await pause(silentMs, signal);
    if (finalStatus !== undefined) return await answer(association, message, finalStatus);
    for await (const match of answersTo(keys, message.context.abstractSyntax, services, signal)) {
      // A turn of the loop, or a request to cancel would never be seen.
      await nextTurn();
      await pause(delayMs, signal);
      if (association.isCancelled(messageId) && ignoresCancel !== true) {
        status = STATUS.cancelled;
        break;
      }
      if (++answers > (mostAnswers ?? Number.POSITIVE_INFINITY)) {
        status = STATUS.outOfResources;
        break;
      }
      const pending = match.isComplete ? STATUS.pending : STATUS.pendingWithWarning;
      for (let times = repeatsAnswers === true ? 2 : 1; times > 0; times--) {
        await answer(association, message, pending, encoded(match.elements, keys, message));
      }
    }
  } catch (error) {
    if (signal.aborted || !association.isOpen) throw error;
    status = failureStatus(error);
  }
  await answer(association, message, status);
}

/** What a failure of the PACS or a bad request is to the one who asks. */
export function failureStatus(error: unknown): number {
  if (error instanceof IdentifierProblem) return STATUS.dataSetDoesNotMatchSopClass;
  const code = errorCodeOf(error);
  if (code === 'PACS_PROTOCOL' || code?.startsWith('DICOM_') === true) return STATUS.dataSetDoesNotMatchSopClass;
  const isRefusedNow = code === 'PACS_BUSY' || code === 'PACS_TOO_MANY' || code === 'PACS_UNREACHABLE';
  return isRefusedNow ? STATUS.outOfResources : STATUS.cannotUnderstand;
}

interface Match {
  readonly elements: readonly NewElement[];
  /** Whether every attribute that was asked for is one we know. */
  readonly isComplete: boolean;
}

async function* answersTo(
  keys: Identifier,
  sopClass: Uid,
  { oddities, pacs, retrieveAe, worklist }: QueryServices,
  signal: AbortSignal,
): AsyncGenerator<Match, void, undefined> {
  const root = ROOTS.get(sopClass);
  if (root === undefined) {
    for (const elements of matchingSteps(worklist?.() ?? [], keys, oddities())) yield { elements, isComplete: true };
    return;
  }
  const level = levelOf(keys, root);
  const ignoresKeys = oddities().ignoresKeys === true;
  const isMatch = ignoresKeys ? () => true : undefined;
  for await (const values of matchesOf(pacs, level, ignoresKeys ? NO_KEYS : keys, { signal }, isMatch)) {
    const own = new Map(values)
      .set(QUERY_TAGS.QueryRetrieveLevel, { vr: 'CS', text: level })
      .set(QUERY_TAGS.RetrieveAETitle, { vr: 'AE', text: retrieveAe })
      .set(QUERY_TAGS.InstanceAvailability, { vr: 'CS', text: 'ONLINE' });
    yield { elements: asked(own, keys), isComplete: keys.tags.every((tag) => own.has(tag) || isMeta(tag)) };
  }
}

const NO_KEYS = decodeIdentifier(new Uint8Array(0), { transferSyntaxUid: TRANSFER_SYNTAXES.ExplicitVRLittleEndian });

/** What comes in every answer, asked for or not (PS3.4 C.4.1.1.3.2). */
const ALWAYS: readonly Tag[] = [QUERY_TAGS.QueryRetrieveLevel, QUERY_TAGS.RetrieveAETitle];

/** The attributes that were asked for, empty where they are not known. */
function asked(values: KnownValues, keys: Identifier): readonly NewElement[] {
  const tags = new Set([...ALWAYS, ...keys.tags.filter((tag) => !isMeta(tag))]);
  return [...tags].map((tag) => {
    const value = values.get(tag);
    // What somebody stored against its VR is answered as it is.
    if (value !== undefined) return isWritable({ tag, value }) ? { tag, value } : { tag, value: verbatim(value) };
    const vr = keys.vr(tag) ?? implicitVrOf(tag);
    return { tag, value: { vr, bytes: new Uint8Array(0) } };
  });
}

function verbatim({ text, vr }: KnownValue): { readonly vr: KnownValue['vr']; readonly bytes: Uint8Array } {
  return { vr, bytes: new TextEncoder().encode(text) };
}

/** Group lengths, the character set and its like belong to the identifier, not to what it is about. */
function isMeta(tag: Tag): boolean {
  return (tag & 0xffff) === 0 || tag === TAGS.SpecificCharacterSet || tag === TAGS.TimezoneOffsetFromUTC;
}

/** In the character set of the request where that can hold the answer (PS3.4 C.4.1.1.3.1). */
function encoded(elements: readonly NewElement[], keys: Identifier, { context }: IncomingMessage): Uint8Array {
  return encodeIdentifier(elements, {
    transferSyntaxUid: context.transferSyntax,
    characterSet: keys.raw(TAGS.SpecificCharacterSet),
  });
}

async function answer(
  association: Association,
  { command, context }: IncomingMessage,
  status: number,
  dataSet?: Uint8Array,
): Promise<void> {
  const { affectedSopClassUid, messageId } = command;
  await association.send({
    contextId: context.id,
    command: {
      field: COMMANDS.findResponse,
      status,
      ...(messageId !== undefined && { respondedTo: messageId }),
      ...(affectedSopClassUid !== undefined && { affectedSopClassUid }),
    },
    ...(dataSet !== undefined && { dataSet }),
  });
}
