/**
 * A small DIMSE server in front of any `Pacs`: verification, storage, query and retrieve by C-MOVE and C-GET; a worklist where
 * one is given, and storage commitment where the PACS may promise it. It makes an embedded PACS of memory or a folder, and stands in for a real one in tests.
 *
 * It listens on loopback unless it is told who may call: what it serves are patients' images, and an AE title proves nothing.
 */
import type { Uid } from '@interhosp/core/dicom';
import { ConfigError } from '@interhosp/core/errors';
import type { Pacs } from '@interhosp/core/pacs';
import { silentLog, type Clock, type Log } from '@interhosp/core/world';
import { parseAeTitle, type AeTitle } from '../association/ae-title.ts';
import { REJECTIONS } from '../association/associate.ts';
import { createCallers, type AllowedCaller, type Callers } from '../association/callers.ts';
import { openCommitmentScp, type CommitmentScp } from '../commitment/commitment-scp.ts';
import { commitmentService } from '../commitment/commitment-service.ts';
import { verifyIn } from '../commitment/commitment-verify.ts';
import type { Listener } from '../association/listener.ts';
import type { DimseOddities } from './oddities.ts';
import { processClock } from '../pacs-options.ts';
import { queryService } from './query-scp.ts';
import type { PeerAddress } from '../association/request-association.ts';
import { retrieveService } from './retrieve-scp.ts';
import { openServices, type DimseService } from './service.ts';
import { STATUS } from '../association/status.ts';
import { storageService } from '../store/storage-service.ts';
import { storeToPacs } from '../store/store-to-pacs.ts';
import type { TlsIdentity } from '../association/tls.ts';
import { verificationService } from './verification-service.ts';
import type { ScheduledStep } from './worklist-scp.ts';

/** How the server promises to keep instances (storage commitment, PS3.4 J). */
export interface CommitmentOptions {
  /** The server's own alone; made when it is not there. Holds requests until they are reported on, also over a restart. */
  readonly folder: string;
  readonly clock?: Clock;
}

/** How a server is made; all but the PACS have defaults. */
export interface DimseServerOptions {
  /** Started and stopped by its owner, not by the server. */
  readonly pacs: Pacs;
  /** Default `INTERHOSP`. */
  readonly aeTitle?: string;
  /** Default 127.0.0.1. Another than a loopback address needs `callers`. */
  readonly host?: string;
  /** Default 0: a port that is free. */
  readonly port?: number;
  readonly tls?: TlsIdentity;
  /** Who may call; without it everybody on this machine. */
  readonly callers?: readonly AllowedCaller[];
  /** Where C-MOVE sends, and reports of commitment go, by AE title. */
  readonly destinations?: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
  /** SOP classes and transfer syntaxes of vendors that are taken too. */
  readonly privateClasses?: readonly Uid[];
  readonly privateSyntaxes?: readonly Uid[];
  /** Steps of the worklist; without it there is none. */
  readonly worklist?: () => readonly ScheduledStep[];
  /**
   * Only for a PACS that keeps for good what it lists: each instance that it lists when it is asked is promised. Reports go to
   * {@link destinations}, or, to an AE title that is not among them, on the association that asked. Without it nothing is
   * promised.
   */
  readonly commitment?: CommitmentOptions;
  readonly log?: Log;
  readonly oddities?: DimseOddities;
}

/** A server and where it listens. */
export interface DimseServer {
  /** Known once it is started. */
  readonly port: number;
  readonly aeTitle: AeTitle;
  /** What is odd about it; set it at any time. */
  oddities: DimseOddities;
  /** Begins to listen. Calling it twice is fine. @throws {Error} of node:net when the port is taken; of node:fs. */
  start(): Promise<void>;
  /** Aborts every association; reports that are still due are delivered after the next start. Calling it twice is fine. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a server.
 *
 * @throws {ConfigError} `CONFIG_INVALID` for an address beyond this machine without callers, and for commitment to what cannot
 *   be searched; {RangeError} for an AE title that is none.
 */
export function dimseServer(options: DimseServerOptions): DimseServer {
  return new Server(options);
}

interface Running {
  readonly listener: Listener;
  readonly commitment: CommitmentScp | undefined;
}

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/;

class Server implements DimseServer {
  readonly aeTitle: AeTitle;
  oddities: DimseOddities;
  readonly #options: DimseServerOptions;
  readonly #callers: Callers;
  readonly #services: readonly DimseService[];
  #running: Promise<Running> | undefined;
  #port = 0;

  constructor(options: DimseServerOptions) {
    const { callers, host = '127.0.0.1' } = options;
    if (callers === undefined && !LOOPBACK.test(host)) {
      throw new ConfigError('CONFIG_INVALID', { details: { field: 'callers' } });
    }
    if (options.commitment !== undefined && !options.pacs.capabilities.source) {
      throw new ConfigError('CONFIG_INVALID', { details: { field: 'commitment' } });
    }
    this.#options = options;
    this.aeTitle = parseAeTitle(options.aeTitle ?? 'INTERHOSP');
    this.oddities = options.oddities ?? {};
    this.#callers = callers === undefined ? everybody(this.aeTitle) : createCallers([this.aeTitle], callers);
    this.#services = this.#withOddities(this.#servicesOf(options));
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    this.#running ??= this.#open();
    try {
      this.#port = (await this.#running).listener.port;
    } catch (error) {
      this.#running = undefined;
      throw error;
    }
  }

  async stop(): Promise<void> {
    const running = await this.#running;
    this.#running = undefined;
    await running?.commitment?.stop();
    await running?.listener.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #open(): Promise<Running> {
    const { host, log, port = 0, tls } = this.#options;
    const commitment = await this.#openCommitment();
    const services = [
      ...this.#services,
      ...(commitment === undefined ? [] : this.#withOddities([commitmentService({ scp: commitment })])),
    ];
    try {
      const listener = await openServices({
        port,
        services,
        callers: this.#callers,
        ...(host !== undefined && { host }),
        ...(log !== undefined && { log }),
        ...(tls !== undefined && { tls }),
      });
      return { commitment, listener };
    } catch (error) {
      await commitment?.stop();
      throw error;
    }
  }

  async #openCommitment(): Promise<CommitmentScp | undefined> {
    const { commitment, log = silentLog, pacs } = this.#options;
    if (commitment === undefined) return undefined;
    const { clock = processClock, folder } = commitment;
    const verify = verifyIn(pacs);
    return await openCommitmentScp({ clock, folder, log, verify, reportTo: (ae) => this.#destination(ae) });
  }

  #servicesOf({ pacs, privateClasses, privateSyntaxes, worklist }: DimseServerOptions): readonly DimseService[] {
    const oddities = (): DimseOddities => this.oddities;
    const { destination, source } = pacs.capabilities;
    const storage: DimseService = {
      ...storageService({ take: destination ? storeToPacs(pacs) : refuse, privateClasses, privateSyntaxes }),
      // Of what is fetched by C-GET, the one who calls is SCP.
      takesReversedRole: true,
    };
    return [
      verificationService,
      storage,
      ...(source
        ? [
            queryService({ pacs, worklist, oddities, retrieveAe: this.aeTitle }),
            retrieveService({ pacs, oddities, destination: (ae) => this.#destination(ae) }),
          ]
        : []),
    ];
  }

  #withOddities(services: readonly DimseService[]): readonly DimseService[] {
    return services.map((service) => ({
      ...service,
      syntaxesOf: (abstractSyntax) =>
        this.oddities.refusedClasses?.includes(abstractSyntax) === true
          ? undefined
          : service.syntaxesOf(abstractSyntax),
    }));
  }

  #destination(ae: string): PeerAddress | undefined {
    const { destinations = {} } = this.#options;
    const place = Object.hasOwn(destinations, ae) ? destinations[ae] : undefined;
    return place === undefined ? undefined : { ...place, calledAe: parseAeTitle(ae), callingAe: this.aeTitle };
  }
}

/** Whoever calls us by our title. */
function everybody(aeTitle: AeTitle): Callers {
  return {
    problem: ({ calledAe }) => (calledAe === aeTitle ? undefined : REJECTIONS.calledAe),
    mayUse: () => true,
  };
}

/** A PACS that only gives takes nothing. */
function refuse(): Promise<number> {
  return Promise.resolve(STATUS.notAuthorized);
}
