/**
 * The port of pixel decoders over threads with a cap on memory and a deadline for each frame. Codecs read what came from
 * outside: whatever becomes of a thread, the member goes on, and the frame alone is refused.
 */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { isInterhospError } from '@interhosp/core/errors';
import { undecodable } from '@interhosp/core/pixels';
import type { CodedFrame, PixelDecoder } from '@interhosp/core/world';
import * as defaults from './defaults.ts';
import type { Reply, WorkerStart } from './messages.ts';

/** How the pool is limited; see defaults.ts. */
export interface DecoderPoolOptions {
  readonly workers?: number;
  readonly heapMb?: number;
  readonly wasmBytes?: number;
  readonly decodeWithinMs?: number;
  /** On top of that, for each MiB of the decoded frame. */
  readonly decodeMsPerMib?: number;
  readonly idleMs?: number;
}

/** Threads that decode. They start when they are needed and end when nothing is left to do. */
export interface DecoderPool extends PixelDecoder {
  /** Ends every thread; frames under way are refused. Calling it twice is fine. */
  stop(): Promise<void>;
}

/** A pool without a thread so far. */
export function createDecoderPool(options: DecoderPoolOptions = {}): DecoderPool {
  return new Pool(options);
}

interface Thread {
  readonly worker: Worker;
  frames: number;
  idleTimer: NodeJS.Timeout | undefined;
}

class Pool implements DecoderPool {
  readonly #options: Required<DecoderPoolOptions>;
  readonly #idle: Thread[] = [];
  readonly #all = new Set<Thread>();
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #isStopped = false;

  constructor(options: DecoderPoolOptions) {
    this.#options = {
      decodeMsPerMib: defaults.DECODE_MS_PER_MIB,
      decodeWithinMs: defaults.DECODE_WITHIN_MS,
      heapMb: defaults.HEAP_MB,
      idleMs: defaults.IDLE_MS,
      wasmBytes: defaults.WASM_BYTES,
      workers: defaults.WORKERS,
      ...options,
    };
  }

  async decodeFrame(frame: CodedFrame, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Uint8Array> {
    await this.#turn(signal);
    try {
      if (this.#isStopped) throw undecodable('stopped');
      const thread = this.#idle.pop() ?? (await this.#start(signal));
      clearTimeout(thread.idleTimer);
      return await this.#decodeOn(thread, frame, signal);
    } finally {
      this.#busy--;
      this.#waiting.shift()?.();
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#all].map((thread) => this.#end(thread)));
  }

  /** First come, first served. */
  async #turn(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    while (this.#busy >= this.#options.workers) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = () => resolve();
      this.#waiting.push(wake);
      signal?.addEventListener('abort', wake, { once: true });
      await promise;
      signal?.removeEventListener('abort', wake);
      if (signal?.aborted !== true) continue;
      const place = this.#waiting.indexOf(wake);
      if (place >= 0) this.#waiting.splice(place, 1);
      else this.#waiting.shift()?.();
      signal.throwIfAborted();
    }
    this.#busy++;
  }

  async #decodeOn(thread: Thread, frame: CodedFrame, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const { bitsAllocated, columns, rows, samplesPerPixel } = frame.shape;
    const { decodeMsPerMib, decodeWithinMs } = this.#options;
    const mib = (rows * columns * samplesPerPixel * bitsAllocated) / 8 / 1_048_576;
    // Copied: what is moved to the thread is gone here, and may be part of a block that others read.
    const bytes = new Uint8Array(frame.bytes);
    const reply = await this.#orEnd(thread, () =>
      replyOf(thread.worker, decodeWithinMs + mib * decodeMsPerMib, signal, () => {
        thread.worker.postMessage({ ...frame, bytes }, [bytes.buffer]);
      }),
    );
    const reason = reply.kind === 'failed' ? reply.reason : 'crashed';
    // What a codec leaves behind when it crashes is not built upon; one that only refuses is sound.
    if (reason === 'crashed' && reply.kind !== 'decoded') await this.#end(thread);
    else this.#keep(thread);
    if (reply.kind !== 'decoded') throw undecodable(reason);
    return reply.bytes;
  }

  async #orEnd<T>(thread: Thread, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.#end(thread);
      throw error;
    }
  }

  #keep(thread: Thread): void {
    thread.frames++;
    if (this.#isStopped || thread.frames >= defaults.FRAMES_PER_WORKER) {
      void this.#end(thread);
      return;
    }
    thread.idleTimer = setTimeout(() => void this.#end(thread), this.#options.idleMs);
    thread.idleTimer.unref();
    this.#idle.push(thread);
  }

  async #start(signal: AbortSignal | undefined): Promise<Thread> {
    const { heapMb, wasmBytes } = this.#options;
    const worker = new Worker(workerFile(), {
      env: {},
      name: 'pixels',
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
      stderr: true,
      stdout: true,
      workerData: { wasmBytes } satisfies WorkerStart,
    });
    worker.unref();
    // Codecs print what they read; it is taken, so that nothing piles up, and dropped.
    worker.stdout.resume();
    worker.stderr.resume();
    // One that ends while nobody waits must not end the process.
    worker.on('error', () => {});
    const thread: Thread = { frames: 0, idleTimer: undefined, worker };
    this.#all.add(thread);
    worker.once('exit', () => this.#forget(thread));
    await this.#orEnd(thread, () => replyOf(worker, defaults.START_WITHIN_MS, signal, () => {}));
    return thread;
  }

  async #end(thread: Thread): Promise<void> {
    this.#forget(thread);
    await thread.worker.terminate();
  }

  #forget(thread: Thread): void {
    clearTimeout(thread.idleTimer);
    this.#all.delete(thread);
    const place = this.#idle.indexOf(thread);
    if (place >= 0) this.#idle.splice(place, 1);
  }
}

/** The next message of a worker. @throws {DicomError} when none comes: it crashed, ran out of memory, or of time. */
async function replyOf(
  worker: Worker,
  withinMs: number,
  signal: AbortSignal | undefined,
  begin: () => void,
): Promise<Reply> {
  const { promise, reject, resolve } = Promise.withResolvers<Reply>();
  const onError = (error: unknown) => reject(isInterhospError(error) ? error : undecodable('crashed'));
  const onExit = () => reject(undecodable('crashed'));
  // Untouched, whatever it is: a cancelled call is no failure.
  const onAbort = () => reject(signal?.reason as Error);
  // Not unref'd: while somebody waits, the process lives.
  const timer = setTimeout(() => reject(undecodable('deadline', { limit: Math.round(withinMs) })), withinMs);
  worker.once('message', resolve).once('error', onError).once('exit', onExit);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    begin();
    return await promise;
  } finally {
    clearTimeout(timer);
    worker.off('message', resolve).off('error', onError).off('exit', onExit);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The worker beside this file, wherever a bundler put the two. */
function workerFile(): URL {
  const places = ['./worker.ts', './worker.js', './pixels/worker.js', '../pixels/worker.js'];
  const found = places.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url));
  if (found === undefined) throw new Error('the worker of the pixel decoders is not beside this module');
  return found;
}
