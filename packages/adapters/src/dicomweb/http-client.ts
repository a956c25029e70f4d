/**
 * Requests to one DICOMweb service. Paths are made of our own segments below the configured base; redirects are errors, and
 * an address that the service returns is never asked. Time-outs are on silence, not on total time.
 */
import type { Readable } from 'node:stream';
import { Pool, type Dispatcher } from 'undici';
import { PacsError } from '@interhosp/core/errors';
import { guardedLookup } from './addresses.ts';
import type { Credentials } from './credentials.ts';
import type { Learned } from './learned.ts';
import { KEEP_ALIVE_MARGIN_MS, MAX_ERROR_BYTES } from './limits.ts';
import { parseMediaType, type MediaType } from './media-type.ts';

/** TLS material in PEM. */
export interface TlsMaterial {
  /** Certificates that the service's own must go back to; default those of the system. */
  readonly ca?: string;
  /** Our certificate, for services that want one. */
  readonly cert?: string;
  readonly key?: string;
}

/** How a service is reached. */
export interface HttpOptions {
  readonly baseUrl: URL;
  readonly credentials: Credentials;
  readonly tls?: TlsMaterial;
  readonly connectTimeoutMs: number;
  readonly inactivityMs: number;
  readonly connections: number;
  /** Outlives the connections. */
  readonly learned: Learned;
}

/** A request below the base path. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Segments, escaped one by one. */
  readonly path: readonly string[];
  readonly query?: ReadonlyArray<readonly [name: string, value: string]>;
  readonly accept: string;
  readonly signal?: AbortSignal | undefined;
  readonly body?: HttpBody;
}

/** A body that can be made anew when the request is repeated. */
export interface HttpBody {
  readonly contentType: string;
  readonly lengthBytes: number;
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
}

/** An answer whose status is not an error of the connection, of the credentials or a redirect. */
export interface HttpAnswer {
  readonly status: number;
  readonly mediaType: MediaType | undefined;
  /** As Content-Length tells; undefined when it does not. */
  readonly lengthBytes?: number;
  /** Read to its end or ended; the connection is closed otherwise. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Drops the body. */
  discard(): Promise<void>;
}

/** Attempts when an idle connection turns out to be closed; a repeated store is harmless, as it is the same bytes. */
const ATTEMPTS = 2;
const STALE: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** A client of one service, made when it is started. */
export class HttpClient {
  readonly learned: Learned;
  readonly #options: HttpOptions;
  readonly #pool: Pool;

  constructor(options: HttpOptions) {
    this.learned = options.learned;
    this.#options = options;
    const { tls = {}, connectTimeoutMs, inactivityMs, connections } = options;
    this.#pool = new Pool(options.baseUrl.origin, {
      connections,
      pipelining: 1,
      keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
      headersTimeout: inactivityMs,
      bodyTimeout: inactivityMs,
      connect: { ...tls, timeout: connectTimeoutMs, lookup: guardedLookup },
    });
  }

  /** Closes every connection at once. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /**
   * Asks.
   *
   * @throws {PacsError} `PACS_UNREACHABLE`, `PACS_UNAUTHORIZED`, `PACS_REDIRECTED`, `PACS_PROTOCOL`
   * @throws whatever the body throws, untouched.
   */
  async ask(request: HttpRequest): Promise<HttpAnswer> {
    const answer = await withoutCertificatePage(await this.#askOnce(request));
    if (answer.status !== 401) return answer;
    await answer.discard();
    // A token may have been withdrawn before its time; one new one is worth a try.
    if (!this.#options.credentials.forget()) throw new PacsError('PACS_UNAUTHORIZED', { details: { status: 401 } });
    const second = await this.#askOnce(request);
    if (second.status !== 401) return second;
    await second.discard();
    throw new PacsError('PACS_UNAUTHORIZED', { details: { status: 401 } });
  }

  async #askOnce(request: HttpRequest): Promise<HttpAnswer> {
    for (let attempt = 1; ; attempt++) {
      request.signal?.throwIfAborted();
      try {
        return await this.#send(request);
      } catch (error) {
        request.signal?.throwIfAborted();
        if (attempt === ATTEMPTS || !STALE.has(codeOf(error) ?? '')) throw error;
      }
    }
  }

  async #send(request: HttpRequest): Promise<HttpAnswer> {
    const { method, accept, signal } = request;
    const authorization = await this.#options.credentials.authorization(signal);
    const body = request.body === undefined ? undefined : watchedBody(request.body);
    let response: Dispatcher.ResponseData;
    try {
      response = await this.#pool.request({
        method,
        path: pathOf(this.#options.baseUrl, request),
        headers: {
          accept,
          'accept-encoding': 'identity',
          ...(authorization !== undefined && { authorization }),
          ...(body !== undefined && { 'content-type': body.contentType, 'content-length': String(body.lengthBytes) }),
        },
        // Iterables are taken as they are; the types do not say so.
        body: body === undefined ? null : (body.stream as unknown as Readable),
        ...(signal !== undefined && { signal }),
      });
    } catch (error) {
      await body?.end();
      signal?.throwIfAborted();
      if (body?.failure !== undefined) throw body.failure.error;
      throw error;
    }
    // An answer may come before the whole body was taken, when the service refuses it.
    await body?.end();
    return answerOf(response, signal);
  }
}

/** A network error as one of ours. @throws never */
export function unreachable(error: unknown): PacsError {
  if (error instanceof PacsError) return error;
  const code = codeOf(error);
  const isNonsense = code !== undefined && (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW');
  const isRefusal = code !== undefined && CERTIFICATE_REFUSED.test(code);
  return new PacsError(isNonsense ? 'PACS_PROTOCOL' : isRefusal ? 'PACS_UNAUTHORIZED' : 'PACS_UNREACHABLE', {
    cause: error,
    ...(code !== undefined && { details: { reason: code } }),
  });
}

/** Alerts of a server that does not take our certificate, or misses it (RFC 8446 6.2). */
const CERTIFICATE_REFUSED =
  /^ERR_SSL_.*ALERT_(?:ACCESS_DENIED|BAD_CERTIFICATE|CERTIFICATE_|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE)/;

/**
 * nginx (1.22 seen) lets every client through the handshake, and says in a page with status 400 that it does not take the
 * certificate or misses one. That is no fault of what was asked.
 *
 * @throws {PacsError} `PACS_UNAUTHORIZED`
 */
async function withoutCertificatePage(answer: HttpAnswer): Promise<HttpAnswer> {
  if (answer.status !== 400 || answer.mediaType?.type !== 'text/html') return answer;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_ERROR_BYTES) break;
  }
  const page = Buffer.concat(chunks);
  if (/\bSSL certificate\b/.test(page.toString('latin1'))) {
    throw new PacsError('PACS_UNAUTHORIZED', { details: { status: 400, reason: 'certificate' } });
  }
  return { ...answer, body: only(page), discard: () => Promise.resolve() };
}

async function* only(page: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield page;
}

/** An error status as one of ours. */
export function statusError(status: number): PacsError {
  return new PacsError(codeOfStatus(status), { details: { status } });
}

/**
 * Passes answers about one study on. Where the service does not let us in or does not find it, that is worth another try
 * later: rights and passwords are mended, and an archive that starts, while an exchange waits.
 */
export async function* patiently<T>(answers: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  try {
    yield* answers;
  } catch (error) {
    if (!(error instanceof PacsError) || !mayBeMended(error)) throw error;
    const { cause, code, details } = error;
    throw new PacsError(code as PacsError['code'] & `PACS_${string}`, { cause, details, retry: 'later' });
  }
}

function mayBeMended({ code, details: { status } }: PacsError): boolean {
  if (code === 'PACS_REFUSED') return status === 403 || status === 404;
  return code === 'PACS_UNAUTHORIZED' || code === 'PACS_STUDY_UNKNOWN';
}

function codeOfStatus(status: number): PacsError['code'] & `PACS_${string}` {
  if (status === 408 || status === 425 || status === 429) return 'PACS_BUSY';
  if (status >= 502 && status !== 505) return 'PACS_BUSY';
  if (status >= 500) return 'PACS_PROTOCOL';
  return status >= 400 ? 'PACS_REFUSED' : 'PACS_PROTOCOL';
}

function pathOf(baseUrl: URL, { path, query = [] }: HttpRequest): string {
  const segments = path.map((segment) => `/${encodeURIComponent(segment)}`).join('');
  const pairs = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  const search = pairs.length === 0 ? '' : `?${pairs.join('&')}`;
  return `${baseUrl.pathname === '/' ? '' : baseUrl.pathname}${segments}${search}`;
}

interface WatchedBody {
  readonly contentType: string;
  readonly lengthBytes: number;
  readonly stream: AsyncIterable<Uint8Array>;
  /** What the source threw; the client library would wrap it. */
  readonly failure: { readonly error: unknown } | undefined;
  /** Ends the source, and waits until it has. */
  end(): Promise<void>;
}

function watchedBody(body: HttpBody): WatchedBody {
  const source = body.chunks();
  let failure: { readonly error: unknown } | undefined;
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      try {
        return await source.next();
      } catch (error) {
        failure ??= { error };
        throw error;
      }
    },
    return: async () => {
      await source.return(undefined);
      return { done: true, value: undefined };
    },
  };
  return {
    contentType: body.contentType,
    lengthBytes: body.lengthBytes,
    stream: { [Symbol.asyncIterator]: () => iterator },
    get failure() {
      return failure;
    },
    end: async () => {
      try {
        await source.return(undefined);
      } catch (error) {
        failure ??= { error };
      }
    },
  };
}

async function answerOf(response: Dispatcher.ResponseData, signal: AbortSignal | undefined): Promise<HttpAnswer> {
  const { statusCode: status, headers, body } = response;
  // Aborts and broken connections come through the iteration; without a listener they would end the process.
  body.on('error', () => {});
  const discard = async (): Promise<void> => {
    await body.dump({ limit: MAX_ERROR_BYTES }).catch(() => {});
  };
  const fail = async (error: PacsError): Promise<never> => {
    await discard();
    throw error;
  };
  if (status >= 300 && status < 400) return await fail(new PacsError('PACS_REDIRECTED', { details: { status } }));
  const encoding = textOfHeader(headers['content-encoding']) ?? 'identity';
  if (encoding !== 'identity') return await fail(new PacsError('PACS_PROTOCOL', { details: { reason: 'encoding' } }));
  const contentType = textOfHeader(headers['content-type']);
  const lengthBytes = Number(textOfHeader(headers['content-length']) ?? Number.NaN);
  return {
    status,
    ...(Number.isSafeInteger(lengthBytes) && { lengthBytes }),
    mediaType: contentType === undefined ? undefined : parseMediaType(contentType),
    body: chunksOf(body, signal),
    discard,
  };
}

async function* chunksOf(
  body: Dispatcher.ResponseData['body'],
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of body) {
      signal?.throwIfAborted();
      yield chunk as Uint8Array;
    }
  } catch (error) {
    signal?.throwIfAborted();
    const code = codeOf(error);
    throw new PacsError('PACS_INCOMPLETE', { cause: error, ...(code !== undefined && { details: { reason: code } }) });
  } finally {
    // Left early: the rest of the answer would have to be read for nothing.
    if (!body.readableEnded) body.destroy();
  }
}

function textOfHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  // OpenSSL has names with a slash.
  return /^[\w/]{1,64}$/.test(error.code) ? error.code.replaceAll('/', '_') : undefined;
}
