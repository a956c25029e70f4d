/**
 * A small DIMSE server in front of any `Pacs`: verification, storage, query and retrieve by C-MOVE and C-GET, and a worklist
 * where one is given. It makes an embedded PACS of memory or a folder, and stands in for a real one in tests.
 *
 * It listens on loopback unless somebody says otherwise: what it serves are patients' images, and an AE title proves nothing.
 */
import type { Uid } from '@interhosp/core/dicom';
import type { Pacs } from '@interhosp/core/pacs';
import type { Log } from '@interhosp/core/world';
import { answerContexts, type Caller, type Verdict } from './accept-association.ts';
import { parseAeTitle } from './ae-title.ts';
import type { Association, IncomingMessage } from './association.ts';
import { REJECTIONS, type AssociateRequest } from './associate.ts';
import { COMMANDS, isResponse } from './command-set.ts';
import { performStore, type InstanceTaker } from './incoming-store.ts';
import { listen, type Listener } from './listener.ts';
import type { DimseOddities } from './oddities.ts';
import { serveFind } from './query-scp.ts';
import type { PeerAddress } from './request-association.ts';
import { serveRetrieve } from './retrieve-scp.ts';
import { STATUS } from './status.ts';
import { storeToPacs } from './store-to-pacs.ts';
import type { TlsIdentity } from './tls.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from './uids.ts';
import type { ScheduledStep } from './worklist-scp.ts';

/** How a server is made; all but the PACS have defaults. */
export interface DimseServerOptions {
  /** Started and stopped by its owner, not by the server. */
  readonly pacs: Pacs;
  /** Default `INTERHOSP`. */
  readonly aeTitle?: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a port that is free. */
  readonly port?: number;
  readonly tls?: TlsIdentity;
  /** Where C-MOVE sends, by AE title; read at each request. */
  readonly destinations?: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
  /** Calling AE titles that are let in; default all, on loopback. */
  readonly callers?: readonly string[];
  /** Steps of the worklist; without it there is none. */
  readonly worklist?: () => readonly ScheduledStep[];
  readonly log?: Log;
  readonly oddities?: DimseOddities;
}

/** A server and where it listens. */
export interface DimseServer {
  /** Known once it is started. */
  readonly port: number;
  readonly aeTitle: string;
  /** What is odd about it; set it at any time. */
  oddities: DimseOddities;
  /** Begins to listen. Calling it twice is fine. @throws {Error} of node:net when the port is taken. */
  start(): Promise<void>;
  /** Aborts every association. Calling it twice is fine. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Makes a server. @throws {RangeError} for an AE title that is none. */
export function dimseServer(options: DimseServerOptions): DimseServer {
  return new Server(options);
}

/** Services with identifiers: what the context is for. */
const QUERY_CLASSES: ReadonlySet<string> = new Set([
  SOP_CLASSES.patientRootFind,
  SOP_CLASSES.patientRootMove,
  SOP_CLASSES.patientRootGet,
  SOP_CLASSES.studyRootFind,
  SOP_CLASSES.studyRootMove,
  SOP_CLASSES.studyRootGet,
]);
/** Storage SOP classes of the standard, and those that vendors made under their own roots (PS3.4 B.5). */
const STORAGE =
  /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.|^1\.2\.840\.10008\.5\.1\.4\.(?:34\.7|38|39|43|44|45)\.|^(?!1\.2\.840\.10008\.)/;

class Server implements DimseServer {
  readonly aeTitle: string;
  oddities: DimseOddities;
  readonly #options: DimseServerOptions;
  readonly #take: InstanceTaker;
  #listener: Promise<Listener> | undefined;
  #port = 0;

  constructor(options: DimseServerOptions) {
    this.#options = options;
    this.aeTitle = parseAeTitle(options.aeTitle ?? 'INTERHOSP');
    this.oddities = options.oddities ?? {};
    this.#take = storeToPacs(options.pacs);
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const { host, log, port = 0, tls } = this.#options;
    this.#listener ??= listen({
      port,
      ...(host !== undefined && { host }),
      ...(log !== undefined && { log }),
      ...(tls !== undefined && { tls }),
      decide: (request, caller) => this.#decide(request, caller),
      serve: (association, signal) => this.#serve(association, signal),
    });
    try {
      this.#port = (await this.#listener).port;
    } catch (error) {
      this.#listener = undefined;
      throw error;
    }
  }

  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await (await listener)?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #decide(request: AssociateRequest, _caller: Caller): Verdict {
    const { callers } = this.#options;
    if (request.calledAe !== this.aeTitle) return { reject: REJECTIONS.calledAe };
    if (callers?.includes(request.callingAe) === false) return { reject: REJECTIONS.callingAe };
    const contexts = answerContexts(request.contexts, (abstractSyntax) => this.#syntaxesOf(abstractSyntax));
    // Of what is fetched by C-GET the requestor is SCP, where it says so.
    const roles = request.user.roles.filter(({ sopClassUid }) => STORAGE.test(sopClassUid));
    return { contexts, roles };
  }

  #syntaxesOf(abstractSyntax: Uid): readonly Uid[] | 'any' | undefined {
    const { pacs, worklist } = this.#options;
    if (this.oddities.refusedClasses?.includes(abstractSyntax) === true) return undefined;
    if (abstractSyntax === SOP_CLASSES.verification) return PLAIN_SYNTAXES;
    if (QUERY_CLASSES.has(abstractSyntax)) return pacs.capabilities.source ? PLAIN_SYNTAXES : undefined;
    if (abstractSyntax === SOP_CLASSES.worklistFind) return worklist === undefined ? undefined : PLAIN_SYNTAXES;
    return STORAGE.test(abstractSyntax) ? 'any' : undefined;
  }

  async #serve(association: Association, signal: AbortSignal): Promise<void> {
    for (;;) {
      const message = await association.receive({ signal });
      if (message === undefined) return await association.release();
      await this.#perform(association, message, signal);
    }
  }

  async #perform(association: Association, message: IncomingMessage, signal: AbortSignal): Promise<void> {
    const { oddities } = this;
    const { pacs, worklist } = this.#options;
    switch (message.command.field) {
      case COMMANDS.echoRequest:
        return await answer(association, message, STATUS.success);
      case COMMANDS.storeRequest:
        return await performStore(association, message, this.#take, signal);
      case COMMANDS.findRequest:
        return await serveFind(association, message, { pacs, worklist, oddities, retrieveAe: this.aeTitle }, signal);
      case COMMANDS.getRequest:
      case COMMANDS.moveRequest:
        return await serveRetrieve(
          association,
          message,
          { pacs, oddities, destination: (ae) => this.#destination(ae) },
          signal,
        );
      default:
        message.dataSet?.discard();
        if (!isResponse(message.command.field)) await answer(association, message, STATUS.unrecognizedOperation);
    }
  }

  #destination(ae: string): PeerAddress | undefined {
    const { destinations = {} } = this.#options;
    const place = Object.hasOwn(destinations, ae) ? destinations[ae] : undefined;
    if (place === undefined) return undefined;
    return { ...place, calledAe: parseAeTitle(ae), callingAe: parseAeTitle(this.aeTitle) };
  }
}

async function answer(association: Association, { command, context }: IncomingMessage, status: number): Promise<void> {
  const { affectedSopClassUid, field, messageId } = command;
  await association.send({
    contextId: context.id,
    command: {
      field: field | 0x8000,
      status,
      ...(messageId !== undefined && { respondedTo: messageId }),
      ...(affectedSopClassUid !== undefined && { affectedSopClassUid }),
    },
  });
}
