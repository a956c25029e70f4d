/**
 * Storing (STOW-RS, PS3.18 10.5): small instances in batches, a big one alone, each request with its length. Every instance
 * gets one outcome; what an answer does not account for is looked for by a search, or, when the whole request was refused,
 * asked again alone, so that one bad instance does not take the others with it.
 */
import { part10Header, type Uid } from '@interhosp/core/dicom';
import { isInterhospError } from '@interhosp/core/errors';
import type { PacsOptions, StorableInstance, StoreOutcome } from '@interhosp/core/pacs';
import { batches, type BatchLimits } from './batches.ts';
import { atOnce } from './at-once.ts';
import { statusError, unreachable, type HttpAnswer, type HttpClient } from './http-client.ts';
import { STORES_AT_ONCE } from './limits.ts';
import { multipartBody, type WritablePart } from './multipart-writer.ts';
import { readStoreAnswer, type Verdict } from './store-answer.ts';
import { heldOf } from './store-verify.ts';

/** How instances are stored. */
export interface StoreOptions extends PacsOptions, BatchLimits {}

/** Stores instances. @throws {PacsError} when nothing more can be stored. */
export async function* store(
  http: HttpClient,
  instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
  options: StoreOptions,
): AsyncGenerator<StoreOutcome, void, undefined> {
  const limits = { ...options, atOnce: STORES_AT_ONCE };
  for await (const outcomes of atOnce(
    batches(instances, options),
    (batch) => storeBatch(http, batch, options),
    limits,
  )) {
    yield* outcomes;
  }
}

async function* storeBatch(
  http: HttpClient,
  batch: readonly StorableInstance[],
  options: StoreOptions,
): AsyncGenerator<StoreOutcome, void, undefined> {
  const again: StorableInstance[] = [];
  const judged = await verdictsOf(http, batch, options);
  const doubtful = judged.filter(({ verdict }) => verdict === IN_DOUBT).map(({ instance }) => instance);
  const held = doubtful.length === 0 ? NONE : await heldOf(http, doubtful, options);
  for (const { instance, verdict } of judged) {
    const { sopInstanceUid } = instance;
    if (verdict === 'again') again.push(instance);
    // It holds an object of this UID; whether ours or an older one only its bytes tell.
    else if (verdict === IN_DOUBT && held.has(sopInstanceUid)) yield { sopInstanceUid, status: 'duplicate' };
    else yield { sopInstanceUid, ...verdict };
  }
  for (const instance of again) {
    options.signal?.throwIfAborted();
    yield* storeBatch(http, [instance], options);
  }
}

interface Judged {
  readonly instance: StorableInstance;
  readonly verdict: Verdict | 'again';
}

const NONE: ReadonlySet<Uid> = new Set();
const IN_DOUBT: Verdict = { status: 'unknown', retry: 'later' };
const REFUSED: Verdict = { status: 'refused', retry: 'no' };
const REFUSED_NOW: Verdict = { status: 'refused', retry: 'later' };

/** Sends one request and judges each instance of it. */
async function verdictsOf(
  http: HttpClient,
  batch: readonly StorableInstance[],
  options: StoreOptions,
): Promise<readonly Judged[]> {
  const all = (verdict: Verdict | 'again') => batch.map((instance) => ({ instance, verdict }));
  const { signal } = options;
  let answer: HttpAnswer;
  try {
    answer = await send(http, batch, options);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof SourceFailure) throw error.cause;
    if (error instanceof NotAsAnnounced) {
      return batch.map((each) => ({ instance: each, verdict: each === error.instance ? REFUSED : 'again' }));
    }
    if (isInterhospError(error) || wasNeverConnected(error)) throw unreachable(error);
    // The request was under way: whether the PACS took it nobody knows.
    return all(IN_DOUBT);
  }
  const { status } = answer;
  if (NOTHING_CAN_BE_STORED.has(status)) {
    await answer.discard();
    http.learned.note('store', 'refused');
    throw statusError(status);
  }
  if (BUSY.has(status)) {
    await answer.discard();
    return all(REFUSED_NOW);
  }
  const told = await readStoreAnswer(answer, signal);
  const otherwise = status >= 400 && status < 500 ? (batch.length > 1 ? 'again' : REFUSED) : IN_DOUBT;
  if (told.size > 0) http.learned.note('store', 'accepted');
  return batch.map((instance) => {
    const verdict = told.get(instance.sopInstanceUid);
    if (verdict !== undefined) learnClass(http, instance, verdict);
    return { instance, verdict: verdict ?? otherwise };
  });
}

const SOP_CLASS_NOT_SUPPORTED = 0x0122;

function learnClass({ learned }: HttpClient, { sopClassUid }: StorableInstance, { status, statusCode }: Verdict): void {
  if (status === 'stored' || status === 'warned') learned.noteClass(sopClassUid, true);
  else if (status === 'refused' && statusCode === SOP_CLASS_NOT_SUPPORTED) learned.noteClass(sopClassUid, false);
}

/** Forbidden, no such service, not allowed, not implemented: the same for every instance. */
const NOTHING_CAN_BE_STORED: ReadonlySet<number> = new Set([403, 404, 405, 407, 410, 501]);
/** Too many requests, unavailable, no room: nothing was taken. */
const BUSY: ReadonlySet<number> = new Set([429, 503, 507]);

async function send(
  http: HttpClient,
  batch: readonly StorableInstance[],
  { signal }: StoreOptions,
): Promise<HttpAnswer> {
  const body = multipartBody(batch.map((instance) => partOf(instance, signal)));
  return await http.ask({
    method: 'POST',
    path: ['studies'],
    accept: 'application/dicom+json',
    signal,
    body: {
      contentType: `multipart/related; type="application/dicom"; boundary=${body.boundary}`,
      lengthBytes: body.lengthBytes,
      chunks: () => body.chunks(),
    },
  });
}

/** The source of an instance failed; the connection is not to blame. */
class SourceFailure extends Error {
  override readonly name = 'SourceFailure';
}

/** An instance yields more or fewer bytes than it said. */
class NotAsAnnounced extends Error {
  override readonly name = 'NotAsAnnounced';
  readonly instance: StorableInstance;
  constructor(instance: StorableInstance) {
    super('an instance has another length than announced');
    this.instance = instance;
  }
}

function partOf(instance: StorableInstance, signal: AbortSignal | undefined): WritablePart {
  const header = part10Header(instance);
  async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
    yield header;
    let length = 0;
    const source = instance.dataSet(signal === undefined ? {} : { signal })[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await source.next().catch((cause: unknown) => {
          throw new SourceFailure('the source of an instance failed', { cause });
        });
        if (next.done === true) break;
        length += next.value.length;
        if (length > instance.lengthBytes) throw new NotAsAnnounced(instance);
        yield next.value;
      }
      if (length < instance.lengthBytes) throw new NotAsAnnounced(instance);
    } finally {
      await source.return?.();
    }
  }
  return { contentType: 'application/dicom', lengthBytes: header.length + instance.lengthBytes, body };
}

/** Whether an error says that not even a connection came about. */
function wasNeverConnected(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return NEVER_CONNECTED.has(code) || /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code);
}

const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ERR_ADDRESS_REFUSED',
  'UND_ERR_CLOSED',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_DESTROYED',
]);
