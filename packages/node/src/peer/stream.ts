/**
 * The one place that touches raw libp2p streams: frames in both directions, with back-pressure that holds.
 *
 * What the wrapping is for (libp2p 3.3.11):
 * - `onDrain()` is armed once per stream, so that a second wait returns at once and a whole file ends up in memory. Here a
 *   writer waits for the events and looks again, in a loop.
 * - `for await` over a stream has no back-pressure, and a `pause()` called while a message is being delivered is undone
 *   after it. Here a full reader pauses from a microtask.
 * - A connection that is cut looks like a clean end. Here an end counts only when the peer said so.
 */
import type { Stream } from '@libp2p/interface';
import { PeerError } from '@interhosp/core/errors';
import type { Clock } from '@interhosp/core/world';

import { closedBy } from './errors.ts';
import { encodeFrame, FrameReader } from './frames.ts';
import type { PeerLimits } from './limits.ts';
import { Waiters } from './waiters.ts';

/** A stream of frames to or from one peer, both ways at once. */
export interface PeerStream {
  /** The peer's ID, proved by its key when the connection was made. */
  readonly remotePeerId: string;
  readonly protocol: string;
  /** Bytes received and not yet taken, and bytes sent and not yet handed to the connection. */
  readonly buffered: { readonly readBytes: number; readonly writeBytes: number };
  /**
   * Sends one frame. Resolves when there is room for the next, which says nothing about its arrival: only an answer of
   * the application does. When it throws the frame may have been sent or not; the stream is then of no further use.
   * The bytes are copied, so that the caller may fill its buffer again.
   *
   * @throws {PeerError} `PEER_LIMIT` for a frame over the limit, `PEER_CLOSED`, `PEER_TIMEOUT` when the peer takes no byte
   *   for two minutes; the signal's reason.
   */
  send(frame: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * The next frame, or undefined when the peer has closed its side after a whole frame. One call at a time.
   *
   * @throws {PeerError} `PEER_CLOSED` when the stream was cut or reset, `PEER_LIMIT` when the peer announces a frame over
   *   the limit; the signal's reason, and then a later call goes on where this one was.
   */
  receive(options?: { readonly signal?: AbortSignal }): Promise<Uint8Array | undefined>;
  /** Every frame until the peer closes its side; leaving the loop early closes nothing. Throws as {@link PeerStream.receive}. */
  frames(options?: { readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;
  /** Says that no frame follows, once all are written. */
  closeWrite(): Promise<void>;
  /**
   * Closes both sides: writes what waits, drops what arrives, and resets the stream when the peer does not close its side
   * within a second. Never throws. End every transfer with a receipt of the application before this.
   */
  close(): Promise<void>;
  /** Resets the stream at once. The peer sees `PEER_CLOSED`, never the error. */
  abort(error: Error): void;
}

/** Wraps a raw stream right after its protocol was agreed, before anybody listens to it. */
export function wrapStream(
  raw: Stream,
  options: { readonly remotePeerId: string; readonly limits: PeerLimits; readonly clock: Clock },
): PeerStream {
  return new FramedStream(raw, options);
}

class FramedStream implements PeerStream {
  readonly remotePeerId: string;
  readonly protocol: string;
  readonly #raw: Stream;
  readonly #limits: PeerLimits;
  readonly #clock: Clock;
  readonly #reader: FrameReader;
  readonly #readers = new Waiters();
  readonly #writers = new Waiters();
  #receiving = false;
  #pausing = false;
  #discarding = false;
  /** The peer closed its side in so many words. */
  #ended: boolean;
  #closed = false;
  #failure: PeerError | undefined;

  constructor(raw: Stream, options: { remotePeerId: string; limits: PeerLimits; clock: Clock }) {
    this.#raw = raw;
    this.#limits = options.limits;
    this.#clock = options.clock;
    this.remotePeerId = options.remotePeerId;
    this.protocol = raw.protocol;
    this.#reader = new FrameReader(options.limits.maxFrameBytes);
    // A short stream may have ended while its protocol was being agreed.
    this.#ended = raw.status === 'open' && raw.remoteWriteStatus === 'closed';
    raw.addEventListener('close', (event) => this.#onClose(event.error));
    raw.addEventListener('remoteCloseWrite', () => this.#onRemoteEnd());
    raw.addEventListener('end', () => this.#readers.wake());
    raw.addEventListener('drain', () => this.#writers.wake());
    raw.addEventListener('idle', () => this.#writers.wake());
    // Last: what waits is delivered as soon as somebody listens.
    raw.addEventListener('message', (event) => this.#onMessage(event.data));
    if (raw.status !== 'open') this.#onClose(undefined);
  }

  get buffered(): { readonly readBytes: number; readonly writeBytes: number } {
    return {
      readBytes: this.#reader.bufferedBytes + this.#raw.readBufferLength,
      writeBytes: this.#raw.writeBufferLength,
    };
  }

  async send(frame: Uint8Array, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const bytes = encodeFrame(frame, this.#limits.maxFrameBytes);
    options.signal?.throwIfAborted();
    this.#assertWritable();
    try {
      this.#raw.send(bytes);
    } catch (cause) {
      throw this.#fail(closedBy(cause));
    }
    await this.#room(options.signal);
  }

  async receive(options: { readonly signal?: AbortSignal } = {}): Promise<Uint8Array | undefined> {
    if (this.#receiving) throw new Error('one receive at a time');
    this.#receiving = true;
    try {
      for (;;) {
        options.signal?.throwIfAborted();
        const frame = this.#nextFrame();
        this.#resumeWhenHungry();
        if (frame !== undefined) return frame;
        if (this.#reader.hasFrame) continue; // What waited in libp2p was delivered by resuming.
        if (this.#atEnd()) return undefined;
        await this.#readers.wait(options);
      }
    } finally {
      this.#receiving = false;
    }
  }

  async *frames(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<Uint8Array> {
    for (;;) {
      const frame = await this.receive(options);
      if (frame === undefined) return;
      yield frame;
    }
  }

  async closeWrite(): Promise<void> {
    if (this.#raw.writeStatus === 'closed' || this.#raw.writeStatus === 'closing') return;
    try {
      await this.#room(undefined, 0);
      await this.#raw.close();
    } catch (cause) {
      throw this.#fail(closedBy(cause));
    }
  }

  async close(): Promise<void> {
    this.#discarding = true;
    this.#reader.clear();
    this.#resume();
    await this.closeWrite().catch(() => {});
    if (this.#closed) return;
    const grace = new AbortController();
    const late = this.#clock.sleep(this.#limits.closeGraceMs, { signal: grace.signal }).then(
      () => this.abort(new PeerError('PEER_TIMEOUT', { details: { reason: 'close' } })),
      () => {},
    );
    while (!this.#closed) await this.#readers.wait();
    grace.abort();
    await late;
  }

  abort(error: Error): void {
    this.#fail(closedBy(error));
  }

  #onMessage(data: Uint8Array | Iterable<Uint8Array>): void {
    if (this.#discarding || this.#failure !== undefined) return;
    try {
      if (data instanceof Uint8Array) this.#reader.push(data);
      else for (const chunk of data) this.#reader.push(chunk);
    } catch (error) {
      this.#fail(error as PeerError);
      return;
    }
    this.#pauseWhenFull();
    if (this.#reader.hasFrame || this.#ended || this.#closed) this.#readers.wake();
  }

  #onRemoteEnd(): void {
    this.#ended = true;
    this.#readers.wake();
  }

  #onClose(error: Error | undefined): void {
    this.#closed = true;
    if (error !== undefined) this.#failure ??= closedBy(error);
    this.#readers.wake();
    this.#writers.wake();
  }

  #nextFrame(): Uint8Array | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#reader.next();
    } catch (error) {
      throw this.#fail(error as PeerError);
    }
  }

  /** Whether the peer ended its side and everything was read; throws when the stream ended in any other way. */
  #atEnd(): boolean {
    if (this.#raw.readBufferLength > 0 && this.#failure === undefined) return false;
    if (this.#ended && this.#reader.atFrameEdge) return true;
    if (this.#ended || this.#closed) throw this.#fail(new PeerError('PEER_CLOSED', { details: { reason: 'cut' } }));
    return false;
  }

  #isFull(): boolean {
    return this.#reader.hasFrame && this.#reader.bufferedBytes >= this.#limits.readHighWaterBytes;
  }

  #pauseWhenFull(): void {
    if (this.#pausing || !this.#isFull()) return;
    this.#pausing = true;
    // A pause while the message is being delivered would be undone by libp2p right after.
    queueMicrotask(() => {
      this.#pausing = false;
      if (!this.#isFull() || this.#raw.readStatus !== 'readable') return;
      this.#raw.pause();
    });
  }

  #resumeWhenHungry(): void {
    if (this.#raw.readStatus !== 'paused' || this.#isFull()) return;
    this.#resume();
  }

  #resume(): void {
    if (this.#raw.readStatus !== 'paused') return;
    try {
      this.#raw.resume();
    } catch {
      // What was buffered has been delivered; only the window update failed, since the connection is gone.
    }
  }

  #assertWritable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#raw.writeStatus !== 'writable') {
      throw new PeerError('PEER_CLOSED', { details: { reason: 'write-closed' } });
    }
  }

  /** Waits until at most `bytes` wait to be written. */
  async #room(signal?: AbortSignal, bytes = this.#limits.writeHighWaterBytes): Promise<void> {
    const stallMs = this.#limits.sendStallMs;
    let waiting = this.#raw.writeBufferLength;
    let movedAtMs = this.#clock.monotonicMs();
    while (waiting > bytes) {
      this.#assertWritable();
      await this.#writers.wait({ signal, timeout: { ms: stallMs, clock: this.#clock } });
      const now = this.#clock.monotonicMs();
      // The connection wakes every stream on it, so that only bytes of this one count.
      if (this.#raw.writeBufferLength < waiting) movedAtMs = now;
      else if (now - movedAtMs >= stallMs)
        throw this.#fail(new PeerError('PEER_TIMEOUT', { details: { reason: 'send' } }));
      waiting = this.#raw.writeBufferLength;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #fail(error: PeerError): PeerError {
    if (this.#failure !== undefined) return this.#failure;
    this.#failure = error;
    this.#reader.clear();
    this.#raw.abort(error);
    this.#onClose(undefined);
    return error;
  }
}
