/** A PACS that speaks DICOMweb (PS3.18): QIDO-RS to search, WADO-RS to retrieve, STOW-RS to store. */
import type { Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type {
  InstanceSummary,
  Pacs,
  PacsCapabilities,
  PacsOptions,
  PacsPatient,
  PatientQuery,
  RetrievedInstance,
  StorableInstance,
  StoreOutcome,
  StudyQuery,
  StudySummary,
} from '@interhosp/core/pacs';
import { untilAborted, type Clock } from '@interhosp/core/world';
import { parseServiceUrl } from './addresses.ts';
import { createCredentials, type AuthOptions, type Credentials } from './credentials.ts';
import { HttpClient, patiently, type TlsMaterial } from './http-client.ts';
import {
  DEFAULT_BATCH_BYTES,
  DEFAULT_BATCH_INSTANCES,
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_CONNECTIONS,
  DEFAULT_INACTIVITY_MS,
  DEFAULT_PAGE_SIZE,
  DEFAULT_WHOLE_STUDY_BYTES,
} from './limits.ts';
import { LACK_LIFE_MS, Learned, type DicomwebProfile } from './learned.ts';
import { probe } from './probe.ts';
import { retrieve } from './retrieve.ts';
import { echo, searchInstances, searchPatients, searchStudies } from './search.ts';
import { store } from './store.ts';

/** How a DICOMweb service is reached and used; all but the address have defaults. */
export interface DicomwebPacsOptions {
  /** Root of the service, e.g. `https://pacs.hospital.example/dicom-web`. */
  readonly baseUrl: string;
  readonly auth?: AuthOptions;
  readonly tls?: TlsMaterial;
  /** Whether stored data sets come back byte for byte; default false, as nobody can tell from outside. */
  readonly preservesBytes?: boolean;
  /** What the PACS does with a second object of the same UID; default `unknown`. */
  readonly onDuplicate?: PacsCapabilities['onDuplicate'];
  /** Whether studies come in one request or instance by instance; default `auto`, by their size. */
  readonly retrieve?: 'auto' | 'study' | 'instance';
  /** With `auto`, the size from which on instances come one by one; default 64 MiB. */
  readonly wholeStudyBytes?: number;
  /** Answers asked for at a time; default 200. */
  readonly pageSize?: number;
  /** Most instances of one store request; default 50. */
  readonly batchInstances?: number;
  /** Most bytes of one store request of several instances; default 16 MiB. */
  readonly batchBytes?: number;
  readonly connectTimeoutMs?: number;
  /** Longest silence of the service; default two minutes. */
  readonly inactivityMs?: number;
  /** Most connections at the same time; default 4. */
  readonly connections?: number;
  /**
   * Transfer syntaxes the PACS takes, by its conformance statement: DICOMweb has no way to ask. Without, a store tells.
   */
  readonly acceptedSyntaxes?: readonly Uid[];
  /** Tells when a token must be renewed. */
  readonly clock?: Pick<Clock, 'monotonicMs'>;
}

/** Makes a DICOMweb PACS. @throws {ConfigError} `CONFIG_INVALID` when an address cannot be used. */
export function dicomwebPacs(options: DicomwebPacsOptions): DicomwebPacs {
  return new Dicomweb(options);
}

/** A PACS over DICOMweb, and what is known of its service. */
export interface DicomwebPacs extends Pacs {
  /**
   * What the service was seen to do. The first call asks what can be asked without changing anything or opening an image;
   * after that it is remembered, for an hour where the service lacks something.
   *
   * @throws {PacsError} when it does not answer.
   */
  profile(options?: PacsOptions): Promise<DicomwebProfile>;
  /**
   * Empty when the PACS has no store service, or lately refused the SOP class as unknown to it; otherwise what the
   * configuration says. DICOMweb negotiates nothing, so that more is not known before a store; nor is anything of a service
   * that does not answer or does not let us in.
   */
  acceptedSyntaxes(sopClassUid: Uid, options?: PacsOptions): Promise<readonly Uid[] | undefined>;
}

interface Connection {
  readonly http: HttpClient;
  readonly credentials: Credentials;
}

class Dicomweb implements DicomwebPacs {
  readonly capabilities: PacsCapabilities;
  readonly #options: DicomwebPacsOptions;
  readonly #baseUrl: URL;
  /** Made at the first call, so that a PACS that is never used costs nothing. */
  #connection: Connection | undefined;
  readonly #learned: Learned;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** The probe that is under way or done, which all who ask share. */
  #probing: Promise<DicomwebProfile> | undefined;
  #probeAgainAtMs = 0;
  #isStopped = false;

  constructor(options: DicomwebPacsOptions) {
    const { baseUrl, preservesBytes = false, onDuplicate = 'unknown' } = options;
    this.#options = options;
    this.#clock = options.clock ?? processClock;
    this.#learned = new Learned(this.#clock);
    this.#baseUrl = parseServiceUrl(baseUrl, 'baseUrl');
    if (options.auth?.kind === 'oauth2') parseServiceUrl(options.auth.tokenUrl, 'tokenUrl');
    this.capabilities = { source: true, destination: true, preservesBytes, onDuplicate };
  }

  start(): Promise<void> {
    this.#isStopped = false;
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const connection = this.#connection;
    this.#connection = undefined;
    await Promise.all([connection?.http.close(), connection?.credentials.close()]);
  }

  async echo(options: PacsOptions = {}): Promise<void> {
    await echo(this.#http(options), options);
  }

  async profile(options: PacsOptions = {}): Promise<DicomwebProfile> {
    const http = this.#http(options);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#probeAgainAtMs && this.#learned.profile.store !== 'accepted') this.#probing = undefined;
    if (this.#probing === undefined) {
      // Nobody's signal: several may wait for the same answers. Each request has its own time-outs.
      this.#probing = probe(http, {});
      this.#probing.catch(() => {});
      this.#probeAgainAtMs = nowMs + LACK_LIFE_MS;
    }
    const probing = this.#probing;
    try {
      await untilAborted(probing, options.signal);
    } catch (error) {
      if (this.#probing === probing && options.signal?.aborted !== true) this.#probing = undefined;
      throw error;
    }
    return this.#learned.profile;
  }

  async acceptedSyntaxes(sopClassUid: Uid, options: PacsOptions = {}): Promise<readonly Uid[] | undefined> {
    const { store } = await this.profile(options).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      // Whoever does not answer may take everything, once it does: bytes travel meanwhile, and wait for the store.
      if (error instanceof PacsError) return this.#learned.profile;
      throw error;
    });
    if (store === 'absent' || this.#learned.refusesClass(sopClassUid)) return [];
    return this.#options.acceptedSyntaxes;
  }

  async *findStudies(query: StudyQuery, options: PacsOptions = {}): AsyncGenerator<StudySummary, void, undefined> {
    const search = searchStudies(this.#http(options), query, { ...options, pageSize: this.#pageSize });
    yield* query.studyInstanceUid === undefined ? search : patiently(search);
  }

  async *findPatients(query: PatientQuery, options: PacsOptions = {}): AsyncGenerator<PacsPatient, void, undefined> {
    yield* searchPatients(this.#http(options), query, { ...options, pageSize: this.#pageSize });
  }

  async *findInstances(
    studyInstanceUid: Uid,
    options: PacsOptions = {},
  ): AsyncGenerator<InstanceSummary, void, undefined> {
    const search = searchInstances(this.#http(options), studyInstanceUid, { ...options, pageSize: this.#pageSize });
    for await (const { estimatedBytes: _, storedSyntaxes: __, ...instance } of patiently(search)) yield instance;
  }

  async *retrieve(
    studyInstanceUid: Uid,
    options: PacsOptions & { readonly instances?: readonly InstanceSummary[] } = {},
  ): AsyncGenerator<RetrievedInstance, void, undefined> {
    const { retrieve: mode = 'auto', wholeStudyBytes = DEFAULT_WHOLE_STUDY_BYTES } = this.#options;
    const given = { ...options, mode, wholeStudyBytes, pageSize: this.#pageSize };
    yield* retrieve(this.#http(options), studyInstanceUid, given);
  }

  async *store(
    instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
    options: PacsOptions = {},
  ): AsyncGenerator<StoreOutcome, void, undefined> {
    const { batchInstances = DEFAULT_BATCH_INSTANCES, batchBytes = DEFAULT_BATCH_BYTES } = this.#options;
    yield* store(this.#http(options), instances, { ...options, batchInstances, batchBytes });
  }

  get #pageSize(): number {
    return this.#options.pageSize ?? DEFAULT_PAGE_SIZE;
  }

  /** The connection, after a look at the signal. @throws {PacsError} `PACS_UNREACHABLE` once stopped. */
  #http({ signal }: PacsOptions): HttpClient {
    signal?.throwIfAborted();
    if (this.#isStopped) throw new PacsError('PACS_UNREACHABLE', { details: { reason: 'stopped' } });
    this.#connection ??= this.#connect();
    return this.#connection.http;
  }

  #connect(): Connection {
    const { auth = { kind: 'none' }, tls, inactivityMs = DEFAULT_INACTIVITY_MS } = this.#options;
    const clock = this.#clock;
    const credentials = createCredentials(auth, { clock, inactivityMs, ...(tls?.ca !== undefined && { ca: tls.ca }) });
    const http = new HttpClient({
      baseUrl: this.#baseUrl,
      credentials,
      ...(tls !== undefined && { tls }),
      connectTimeoutMs: this.#options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
      inactivityMs,
      connections: this.#options.connections ?? DEFAULT_CONNECTIONS,
      learned: this.#learned,
    });
    return { http, credentials };
  }
}

const processClock: Pick<Clock, 'monotonicMs'> = { monotonicMs: () => performance.now() };
