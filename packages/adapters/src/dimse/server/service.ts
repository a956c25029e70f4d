/** Services that we perform, behind one listener: who asks for what, and which of them answers (PS3.4, PS3.7 8). */
import type { Uid } from '@interhosp/core/dicom';
import { errorCodeOf, PacsError } from '@interhosp/core/errors';
import { silentLog, type Log } from '@interhosp/core/world';
import { answerContexts, type Caller, type SyntaxChoice, type Verdict } from '../association/accept-association.ts';
import type { AeTitle } from '../association/ae-title.ts';
import { CONTEXT_RESULTS, type AssociateRequest, type RoleSelection } from '../association/associate.ts';
import type { Association, IncomingMessage } from '../association/association.ts';
import { createCallers, type AllowedCaller, type Callers } from '../association/callers.ts';
import { isResponse, type Command } from '../association/command-set.ts';
import { listen, type Listener, type ListenerOptions } from '../association/listener.ts';
import { STATUS } from '../association/status.ts';

/** A service class as its performer. */
export interface DimseService {
  /** As in `AllowedCaller.services`: `storage`. */
  readonly name: string;
  /** How the transfer syntax is chosen for an abstract syntax; undefined when it is not of this service. */
  syntaxesOf(abstractSyntax: Uid): SyntaxChoice | undefined;
  /** Whether the one who calls may be the SCP of its classes, and we the SCU (PS3.7 D.3.3.4). Default no. */
  readonly takesReversedRole?: boolean;
  /**
   * Performs a request on a context of its abstract syntaxes, and answers it. A command that it does not know is passed to
   * {@link answerUnknown}. What it throws is logged by its code; the association goes on if it is still open.
   */
  perform(association: Association, message: IncomingMessage, signal: AbortSignal): Promise<void>;
}

/** How services are opened. */
export interface OpenServicesOptions extends Omit<ListenerOptions, 'decide' | 'serve'> {
  /** Who may call; nobody else gets an association. */
  readonly callers: Callers;
  /** An abstract syntax belongs to the first that takes it. */
  readonly services: readonly DimseService[];
}

/** How services are opened to a list of callers. */
export interface OpenServerOptions extends Omit<OpenServicesOptions, 'callers'> {
  /** The titles under which we are called. */
  readonly aeTitles: readonly AeTitle[];
  readonly callers: readonly AllowedCaller[];
}

/** Begins to listen. @throws {RangeError} for a caller's address that is none; {Error} of node:net */
export async function openDimseServer({ aeTitles, callers, ...rest }: OpenServerOptions): Promise<Listener> {
  return await openServices({ ...rest, callers: createCallers(aeTitles, callers) });
}

/** Begins to listen. @throws {Error} of node:net */
export async function openServices({ callers, services, ...rest }: OpenServicesOptions): Promise<Listener> {
  const log = (rest.log ?? silentLog).forComponent('interhosp:dimse');
  return await listen({
    ...rest,
    decide: (request, caller) => decide(services, callers, request, caller),
    serve: (association, signal) => serveAssociation(association, services, { log, signal }),
  });
}

/** What becomes of a request: a rejection, or an answer to each context and role. */
export function decide(
  services: readonly DimseService[],
  callers: Callers,
  request: AssociateRequest,
  caller: Caller,
): Verdict {
  const reject = callers.problem(request, caller);
  if (reject !== undefined) return { reject };
  const contexts = answerContexts(request.contexts, (abstractSyntax) => {
    const service = serviceFor(services, abstractSyntax);
    return service === undefined || !callers.mayUse(request, caller, service.name)
      ? undefined
      : service.syntaxesOf(abstractSyntax);
  });
  const accepted = new Set(
    request.contexts
      .filter(({ id }) => contexts.some((each) => each.id === id && each.result === CONTEXT_RESULTS.acceptance))
      .map(({ abstractSyntax }) => abstractSyntax),
  );
  const roles = request.user.roles
    .filter(({ sopClassUid }) => accepted.has(sopClassUid))
    .map(({ scp, scu, sopClassUid }): RoleSelection => {
      const isReversible = serviceFor(services, sopClassUid)?.takesReversedRole === true;
      return { sopClassUid, scu, scp: scp && isReversible };
    });
  return { contexts, roles };
}

/** Options of {@link serveAssociation}. */
export interface ServeOptions {
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Serves an association until its peer releases it. @throws {PacsError} what ended it otherwise */
export async function serveAssociation(
  association: Association,
  services: readonly DimseService[],
  { log, signal }: ServeOptions,
): Promise<void> {
  signal.throwIfAborted();
  // Once for all its messages.
  const onAbort = (): void => association.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await serveMessages(association, services, { log, signal });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function serveMessages(
  association: Association,
  services: readonly DimseService[],
  { log, signal }: ServeOptions,
): Promise<void> {
  for (;;) {
    const message = await association.receive();
    if (message === undefined) return await association.release();
    try {
      const service = serviceFor(services, message.context.abstractSyntax);
      if (service === undefined) await answerUnknown(association, message);
      else await service.perform(association, message, signal);
    } catch (error) {
      if (signal.aborted || association.isClosed) throw error;
      const isOurs = error instanceof PacsError;
      log.write('warn', 'dimse.service.failed', {
        code: errorCodeOf(error) ?? 'unexpected',
        ...(isOurs && error.details),
      });
    }
  }
}

/** Answers a request that nobody performs as an unrecognized operation (PS3.7 C.5.23); a stray answer is passed over. */
export async function answerUnknown(
  association: Association,
  { command, context }: Pick<IncomingMessage, 'command' | 'context'>,
): Promise<void> {
  if (isResponse(command.field)) return;
  await answer(association, { command, context }, { status: STATUS.unrecognizedOperation });
}

/** Answers a request: the command's own response, with the identifiers it came with. */
export async function answer(
  association: Association,
  { command, context }: Pick<IncomingMessage, 'command' | 'context'>,
  fields: Omit<Command, 'field' | 'respondedTo'> & { readonly status: number },
): Promise<void> {
  const { messageId } = command;
  const response: Command = {
    ...fields,
    field: (command.field | 0x8000) & 0xffff,
    ...(messageId !== undefined && { respondedTo: messageId }),
  };
  await association.send({ contextId: context.id, command: response });
}

function serviceFor(services: readonly DimseService[], abstractSyntax: Uid): DimseService | undefined {
  return services.find((service) => service.syntaxesOf(abstractSyntax) !== undefined);
}
