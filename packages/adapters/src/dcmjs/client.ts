/**
 * dcmjs at arm's length: the data dictionary (PS3.6) and the DICOM JSON model (PS3.18 annex F) for small data sets, in a
 * worker thread with a heap that ends and a deadline for each call. A call that hangs, crashes or fills the heap is
 * answered with an error; the next one has a new worker. The main thread only waits.
 *
 * Images never come here: what is stored and sent is spliced as bytes (core/dicom).
 */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Uid } from '@interhosp/core/dicom';
import { DicomError } from '@interhosp/core/errors';
import {
  DEADLINE_MS,
  MAX_HEAP_MB,
  MAX_INPUT_BYTES,
  MAX_WAITING,
  MAX_YOUNG_MB,
  STACK_MB,
  START_WITHIN_MS,
} from './defaults.ts';
import type { DicomJson, DictionaryEntry } from './dicom-json.ts';
import type { Reply, Results, Task } from './messages.ts';

/** How a call ends early. */
export interface DcmjsCallOptions {
  readonly signal?: AbortSignal;
  /** Default `DEADLINE_MS`, without the time that the worker takes to start. */
  readonly deadlineMs?: number;
}

/** What dcmjs is used for. */
export interface DcmjsClient extends AsyncDisposable {
  /** What the dictionary says of these keywords; those it does not know are missing. @throws {DicomError} `DICOM_LIMIT` */
  describe(keywords: readonly string[], options?: DcmjsCallOptions): Promise<Readonly<Record<string, DictionaryEntry>>>;
  /**
   * A small data set, without preamble and meta information, in the DICOM JSON model.
   *
   * @throws {DicomError} `DICOM_MALFORMED`; `DICOM_LIMIT` with the reason `input`, `inflated`, `output`, `depth`, `memory`,
   *   `time` or `waiting`
   */
  toJson(dataSet: Uint8Array, transferSyntaxUid: Uid, options?: DcmjsCallOptions): Promise<DicomJson>;
  /**
   * A data set in explicit VR little endian from the DICOM JSON model. References to bulk data are refused, never followed.
   *
   * @throws {DicomError} `DICOM_VALUE_INVALID`, `DICOM_MALFORMED`, `DICOM_LIMIT`
   */
  fromJson(json: DicomJson, options?: DcmjsCallOptions): Promise<Uint8Array>;
  /** Ends the worker; a later call starts another. Calling it twice is fine. */
  stop(): Promise<void>;
}

/** How a client is made. */
export interface DcmjsOptions {
  /** Heap of the worker; default `MAX_HEAP_MB`. */
  readonly maxHeapMb?: number;
}

/** Makes a client; its worker starts with the first call and does not keep the process alive. */
export function createDcmjs(options: DcmjsOptions = {}): DcmjsClient {
  return new Client(options.maxHeapMb ?? MAX_HEAP_MB);
}

class Client implements DcmjsClient {
  #worker: Promise<Worker> | undefined;
  /** The call before: one at a time. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  readonly #maxHeapMb: number;

  constructor(maxHeapMb: number) {
    this.#maxHeapMb = maxHeapMb;
  }

  async describe(keywords: readonly string[], options: DcmjsCallOptions = {}) {
    const bytes = keywords.reduce((sum, keyword) => sum + keyword.length, 0);
    return await this.#call({ kind: 'describe', keywords }, bytes, options);
  }

  async toJson(dataSet: Uint8Array, transferSyntaxUid: Uid, options: DcmjsCallOptions = {}): Promise<DicomJson> {
    const text = await this.#call({ kind: 'toJson', dataSet, transferSyntaxUid }, dataSet.length, options);
    return JSON.parse(text) as DicomJson;
  }

  async fromJson(json: DicomJson, options: DcmjsCallOptions = {}): Promise<Uint8Array> {
    const text = JSON.stringify(json);
    return await this.#call({ kind: 'fromJson', json: text }, text.length, options);
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await (await worker?.catch(() => undefined))?.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #call<K extends Task['kind']>(
    task: Extract<Task, { kind: K }>,
    bytes: number,
    options: DcmjsCallOptions,
  ): Promise<Results[K]> {
    options.signal?.throwIfAborted();
    if (bytes > MAX_INPUT_BYTES) throw limit('input', { bytes, limit: MAX_INPUT_BYTES });
    if (this.#waiting >= MAX_WAITING) throw limit('waiting', { count: this.#waiting, limit: MAX_WAITING });
    this.#waiting++;
    const turn = this.#last.then(() => this.#perform(task, options));
    this.#last = turn.catch(() => {});
    try {
      return (await turn) as Results[K];
    } finally {
      this.#waiting--;
    }
  }

  #start(): Promise<Worker> {
    const starting = startWorker(this.#maxHeapMb);
    this.#worker = starting;
    const forget = (): void => {
      // One that was let go before may end when another runs already.
      if (this.#worker === starting) this.#worker = undefined;
    };
    starting.then((worker) => worker.once('exit', forget), forget);
    return starting;
  }

  async #perform(task: Task, { signal, deadlineMs = DEADLINE_MS }: DcmjsCallOptions): Promise<Results[keyof Results]> {
    signal?.throwIfAborted();
    let reply: Reply;
    try {
      const worker = await (this.#worker ?? this.#start());
      reply = await replyOf(worker, deadlineMs, signal, () => worker.postMessage(task));
    } catch (error) {
      // Whatever it was busy with, it is not waited for.
      await this.stop();
      throw error;
    }
    if ('result' in reply) return reply.result;
    if ('ready' in reply) throw new Error('the worker answered out of turn');
    throw problemError(reply);
  }
}

async function startWorker(maxOldGenerationSizeMb: number): Promise<Worker> {
  const worker = new Worker(workerFile(), {
    name: 'dcmjs',
    // It parses what came from outside: nothing of the environment is its business.
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: {
      maxOldGenerationSizeMb,
      maxYoungGenerationSizeMb: MAX_YOUNG_MB,
      stackSizeMb: STACK_MB,
    },
  });
  worker.unref();
  // What dcmjs prints repeats values; it is read, so that nothing piles up, and dropped.
  worker.stdout.resume();
  worker.stderr.resume();
  // An error while nobody waits must not end the process.
  worker.on('error', () => {});
  try {
    await replyOf(worker, START_WITHIN_MS, undefined, () => {});
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return worker;
}

/** The next message of a worker, or why there is none. */
async function replyOf(
  worker: Worker,
  withinMs: number,
  signal: AbortSignal | undefined,
  begin: () => void,
): Promise<Reply> {
  const { promise, reject, resolve } = Promise.withResolvers<Reply>();
  const onError = (error: unknown) => reject(crashError(error));
  const onExit = () => reject(crashError(undefined));
  // Untouched, whatever it is: a cancelled call is no failure.
  const onAbort = () => reject(signal?.reason as Error);
  const timer = setTimeout(() => reject(limit('time', { durationMs: withinMs, limit: withinMs })), withinMs);
  worker.once('message', resolve).once('error', onError).once('exit', onExit);
  signal?.addEventListener('abort', onAbort, { once: true });
  // Kept alive while somebody waits, by the timer.
  try {
    begin();
    return await promise;
  } finally {
    clearTimeout(timer);
    worker.off('message', resolve).off('error', onError).off('exit', onExit);
    signal?.removeEventListener('abort', onAbort);
  }
}

function crashError(cause: unknown): DicomError {
  const isMemory = cause instanceof Error && 'code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY';
  if (isMemory) return limit('memory');
  return new DicomError('DICOM_MALFORMED', { cause, details: { reason: 'crash' } });
}

function problemError({ problem, reason }: Extract<Reply, { problem: string }>): DicomError {
  if (problem === 'limit') return limit(reason);
  return new DicomError(problem === 'value' ? 'DICOM_VALUE_INVALID' : 'DICOM_MALFORMED', { details: { reason } });
}

function limit(reason: string, numbers: Readonly<Record<string, number>> = {}): DicomError {
  return new DicomError('DICOM_LIMIT', { details: { reason, ...numbers } });
}

/** The worker beside this file, wherever a bundler put the two. */
function workerFile(): URL {
  const places = ['./worker.ts', './worker.js', './dcmjs/worker.js', '../dcmjs/worker.js'];
  const found = places.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url));
  if (found === undefined) throw new Error('the worker of dcmjs is not beside this module');
  return found;
}
