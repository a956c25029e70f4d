/**
 * A small DICOMweb origin server in front of any `Pacs`: search, retrieve, store (PS3.18 chapter 10). It makes an embedded
 * PACS of memory or a folder, and stands in for a real one in tests.
 *
 * It listens on loopback unless it is given a token to ask for: what it serves are patients' images.
 */
import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import { tryParseUid, type Uid } from '@interhosp/core/dicom';
import { ConfigError } from '@interhosp/core/errors';
import type { Pacs } from '@interhosp/core/pacs';
import { silentLog, type Log } from '@interhosp/core/world';
import { DEFAULT_INACTIVITY_MS } from './limits.ts';
import { joinSmall } from './multipart-writer.ts';
import { HttpProblem, problemOf } from './server-errors.ts';
import { beginRetrieval, type RetrievalTarget } from './server-retrieve.ts';
import { findInstances, findStudies } from './server-search.ts';
import { storeParts } from './server-store.ts';

/** How a server is made; all but the PACS have defaults. */
export interface DicomwebServerOptions {
  /** Started and stopped by its owner, not by the server. */
  readonly pacs: Pacs;
  /** Default 127.0.0.1. Another than a loopback address needs a `token`. */
  readonly host?: string;
  /** Default 0: a port that is free. */
  readonly port?: number;
  /** Default `/dicom-web`. */
  readonly basePath?: string;
  /** What `Authorization: Bearer …` must hold; without it everybody on this machine may ask. */
  readonly token?: string;
  /** Longest silence on a connection; default two minutes. */
  readonly inactivityMs?: number;
  readonly log?: Log;
}

/** A server and where it listens. */
export interface DicomwebServer {
  /** Root of its services, without a slash at the end; known once it is started. */
  readonly url: string;
  /** Begins to listen. Calling it twice is fine. @throws {Error} of node:net when the port is taken. */
  start(): Promise<void>;
  /** Closes every connection. Calling it twice is fine. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Connections at the same time. */
const MAX_CONNECTIONS = 128;
/** Characters of a request's path and query. */
const MAX_URL_CHARACTERS = 16_384;
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1']);

/** Makes a server. @throws {ConfigError} `CONFIG_INVALID` for an address beyond this machine without a token. */
export function dicomwebServer(options: DicomwebServerOptions): DicomwebServer {
  return new OriginServer(options);
}

class OriginServer implements DicomwebServer {
  readonly #options: DicomwebServerOptions;
  readonly #host: string;
  readonly #basePath: string;
  readonly #log: Log;
  #server: Server | undefined;
  #url = '';
  /** Requests that are being answered. */
  readonly #serving = new Set<Promise<void>>();

  constructor(options: DicomwebServerOptions) {
    const { host = '127.0.0.1', basePath = '/dicom-web', token, log = silentLog } = options;
    if (!isLoopback(host) && (token === undefined || token === '')) {
      throw new ConfigError('CONFIG_INVALID', { details: { field: 'token' } });
    }
    this.#options = options;
    this.#host = host;
    this.#basePath = basePath.replace(/\/+$/, '');
    this.#log = log.forComponent('interhosp:dicomweb-server');
  }

  get url(): string {
    return this.#url;
  }

  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    const { inactivityMs = DEFAULT_INACTIVITY_MS, port = 0 } = this.#options;
    // Time-outs are on silence: an upload of an hour is fine as long as it moves.
    const server = createServer({ requestTimeout: 0, headersTimeout: 30_000, keepAliveTimeout: 30_000 });
    server.maxConnections = MAX_CONNECTIONS;
    server.setTimeout(inactivityMs, (socket) => socket.destroy());
    server.on('request', (request, response) => {
      const served = this.#serve(request, response).finally(() => this.#serving.delete(served));
      this.#serving.add(served);
    });
    this.#server = server;
    try {
      server.listen(port, this.#host);
      await once(server, 'listening');
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
    const { port: bound } = server.address() as AddressInfo;
    this.#url = `http://${isIP(this.#host) === 6 ? `[${this.#host}]` : this.#host}:${bound}${this.#basePath}`;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
    // What a PACS had begun it has then dropped.
    await Promise.all(this.#serving);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Answers one request; never rejects. */
  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Broken connections come through the iteration or the signal; without listeners they would end the process.
    request.on('error', () => {});
    response.on('error', () => {});
    const gone = new AbortController();
    response.once('close', () => gone.abort(new HttpProblem(499, 'the client went away')));
    try {
      await this.#route(request, response, gone.signal);
    } catch (error) {
      const { status, text } = problemOf(error);
      if (!gone.signal.aborted)
        this.#log.write(status >= 500 ? 'warn' : 'debug', 'dicomweb.request.failed', { status });
      // In the middle of a body there is no way to say so but to break off.
      if (response.headersSent) response.destroy();
      else answer(response, status, 'text/plain', `${text}\n`, { close: true });
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { pacs } = this.#options;
    this.#admit(request);
    const { segments, parameters } = this.#addressOf(request);
    const target = targetOf(segments);
    if (request.method === 'POST' && target.kind === 'studies') {
      const body = { contentType: request.headers['content-type'], chunks: request };
      const stored = await storeParts(pacs, body, target.studyInstanceUid, { signal });
      answerJson(response, stored.status, stored.dataSet);
    } else if (request.method !== 'GET') {
      throw new HttpProblem(405, 'not allowed here');
    } else if (target.kind === 'studies' && target.studyInstanceUid === undefined) {
      answerPage(response, await findStudies(pacs, parameters, { signal }));
    } else if (target.kind === 'instances') {
      const { studyInstanceUid, seriesInstanceUid } = target;
      answerPage(response, await findInstances(pacs, studyInstanceUid, seriesInstanceUid, parameters, { signal }));
    } else {
      const { kind: _, ...wanted } = target;
      const retrieval = await beginRetrieval(pacs, wanted as RetrievalTarget, request.headers.accept, { signal });
      response.writeHead(200, { 'content-type': retrieval.contentType, 'cache-control': 'no-store' });
      await send(response, joinSmall(retrieval.chunks), signal);
    }
  }

  /** @throws {HttpProblem} 401, 403 */
  #admit(request: IncomingMessage): void {
    const { token } = this.#options;
    if (token !== undefined) {
      if (!isSame(request.headers.authorization ?? '', `Bearer ${token}`)) throw new HttpProblem(401, 'who is asking?');
      return;
    }
    // A web page whose name was made to point to this machine sends that name (DNS rebinding).
    const name = (request.headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
    if (!LOOPBACK_NAMES.has(name)) throw new HttpProblem(403, 'ask for this machine by its loopback name');
  }

  /** @throws {HttpProblem} 400, 404, 414 */
  #addressOf(request: IncomingMessage): { readonly segments: readonly string[]; readonly parameters: URLSearchParams } {
    const text = request.url ?? '';
    if (text.length > MAX_URL_CHARACTERS) throw new HttpProblem(414, 'the address is too long');
    const mark = text.indexOf('?');
    const path = mark < 0 ? text : text.slice(0, mark);
    if (!path.startsWith(`${this.#basePath}/`)) throw new HttpProblem(404, 'no such service');
    const segments = path
      .slice(this.#basePath.length + 1)
      .replace(/\/$/, '')
      .split('/');
    return { segments, parameters: new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1)) };
  }
}

/** What an address names. */
type Target =
  | { readonly kind: 'studies'; readonly studyInstanceUid?: Uid }
  | { readonly kind: 'instances'; readonly studyInstanceUid: Uid; readonly seriesInstanceUid?: Uid }
  | ({ readonly kind: 'retrieval' } & RetrievalTarget);

/** Only digits and dots come through: a segment is a UID or a word of the standard. @throws {HttpProblem} 400, 404 */
function targetOf(segments: readonly string[]): Target {
  const [studies, study, second, series, third, instance, ...more] = segments;
  if (studies !== 'studies' || more.length > 0) throw new HttpProblem(404, 'no such resource');
  if (study === undefined) return { kind: 'studies' };
  const studyInstanceUid = uidIn(study);
  if (second === undefined) return { kind: 'studies', studyInstanceUid };
  if (second === 'instances' && series === undefined) return { kind: 'instances', studyInstanceUid };
  if (second !== 'series' || series === undefined) throw new HttpProblem(404, 'no such resource');
  const seriesInstanceUid = uidIn(series);
  if (third === undefined) return { kind: 'retrieval', studyInstanceUid, seriesInstanceUid };
  if (third !== 'instances') throw new HttpProblem(404, 'no such resource');
  if (instance === undefined) return { kind: 'instances', studyInstanceUid, seriesInstanceUid };
  return { kind: 'retrieval', studyInstanceUid, seriesInstanceUid, sopInstanceUid: uidIn(instance) };
}

function uidIn(segment: string): Uid {
  const uid = /^[0-9.]+$/.test(segment) ? tryParseUid(segment) : undefined;
  if (uid === undefined) throw new HttpProblem(400, 'a UID is no UID');
  return uid;
}

function answerPage(response: ServerResponse, page: readonly object[]): void {
  if (page.length === 0) answer(response, 204, 'application/dicom+json', '');
  else answerJson(response, 200, page);
}

function answerJson(response: ServerResponse, status: number, value: object): void {
  answer(response, status, 'application/dicom+json', JSON.stringify(value));
}

function answer(
  response: ServerResponse,
  status: number,
  contentType: string,
  text: string,
  { close = false }: { readonly close?: boolean } = {},
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status !== 204 && { 'content-length': Buffer.byteLength(text) }),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    // What is left of a request that was refused is not read.
    ...(close && { connection: 'close' }),
  });
  response.end(text);
}

/** Writes a body as fast as the client reads. */
async function send(
  response: ServerResponse,
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
  signal: AbortSignal,
): Promise<void> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    if (!response.write(chunk)) await once(response, 'drain', { signal });
  }
  response.end();
}

function isLoopback(host: string): boolean {
  return LOOPBACK_NAMES.has(host) || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Compares without telling by its time how much was right. */
function isSame(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
