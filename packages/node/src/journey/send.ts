/** Drives the sender's protocol machine over one stream: frames, blocks from the pack, receipts to be recorded. */
import { errorCodeOf, TransferError, type RetryAdvice } from '@interhosp/core/errors';
import {
  decodeFrame,
  encodeFrame,
  type Frame,
  type SenderAction,
  type SenderEvent,
  type SenderSession,
} from '@interhosp/core/transfer';
import type { Clock } from '@interhosp/core/world';
import type { PeerStream } from '../peer/index.ts';
import type { Pack } from '../spool/index.ts';
import { crashpoint, release } from '../world/index.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import { watchSilence, type SilenceWatch } from './silence.ts';

/** A stream that takes no byte for so long is not worth a farewell. */
const CANCEL_WITHIN_MS = 5_000;

/** What the driver needs beside the machine. */
export interface SendOptions {
  readonly clock: Clock;
  readonly pack: Pack;
  /** Instances and the seal, from the first, as they become known; ends after the seal or with the signal. */
  readonly feed: (signal: AbortSignal) => AsyncIterable<SenderEvent>;
  /** Verifies and records a receipt; durable on return. `last` ends the stream. @throws {TransferError} */
  readonly onReceipt: (envelope: Uint8Array) => Promise<{ readonly last: boolean }>;
  readonly onProgress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs a session to its end.
 *
 * @returns The receiver's state when it had settled the offer already.
 * @throws {TransferError} `TRANSFER_REFUSED` and others as the machine says; {@link PeerError} as the stream, and
 *   `PEER_TIMEOUT` from a peer that owes an answer and gives none.
 */
export async function sendOver(
  stream: PeerStream,
  session: SenderSession,
  options: SendOptions,
): Promise<string | undefined> {
  const { signal } = options;
  const box = createMailbox<SenderEvent>();
  // A person's cancel is told to the receiver; everything else just ends the stream.
  const isCancelled = () => errorCodeOf(signal.reason) === 'TRANSFER_CANCELLED';
  const aborted = () => (isCancelled() ? box.close() : stream.abort(signal.reason as Error));
  signal.addEventListener('abort', aborted, { once: true });
  const ended = new AbortController();
  let silent: Error | undefined;
  const silence = watchSilence(
    {
      clock: options.clock,
      isOwed: () => session.awaitsPeer,
      onSilent: (error) => {
        silent = error;
        stream.abort(error);
      },
    },
    ended.signal,
  );
  const frames = readFrames(stream, box, silence);
  // Never waited for: a PACS that takes its time must not keep the end of the stream back.
  void readFeed(options.feed(ended.signal), box);
  try {
    void box.put({ type: 'opened' });
    return await run(stream, session, box, options);
  } catch (error) {
    if (signal.aborted && isCancelled()) await sendCancel(stream);
    signal.throwIfAborted();
    throw silent ?? error;
  } finally {
    ended.abort();
    signal.removeEventListener('abort', aborted);
    box.close();
    await stream.close();
    await frames;
  }
}

/** A receiver that does not hear it keeps what it has, and is told when it is asked about next. */
async function sendCancel(stream: PeerStream): Promise<void> {
  const frame = encodeFrame({ code: 'TRANSFER_CANCELLED', kind: 'cancel', retry: 'no', retryAfterMs: 0 });
  await stream.send(frame, { signal: AbortSignal.timeout(CANCEL_WITHIN_MS) }).catch(() => {});
}

async function run(
  stream: PeerStream,
  session: SenderSession,
  box: Mailbox<SenderEvent>,
  options: SendOptions,
): Promise<string | undefined> {
  for (;;) {
    const event = await box.take();
    if (event === undefined) throw new TransferError('TRANSFER_STATE', { details: { reason: 'mailbox' } });
    for (const action of session.on(event)) {
      const end = await carryOut(action, stream, box, options);
      if (end !== undefined) return end.state;
    }
  }
}

async function carryOut(
  action: SenderAction,
  stream: PeerStream,
  box: Mailbox<SenderEvent>,
  { onProgress, onReceipt, pack, signal }: SendOptions,
): Promise<{ readonly state: string | undefined } | undefined> {
  switch (action.type) {
    case 'send':
      await sendFrame(stream, action.frame, signal);
      if (action.frame.kind === 'offer') crashpoint('C7', 'sender');
      return undefined;
    case 'read-block': {
      const { index, ordinal } = action;
      // Not waited for: reads overlap with what is being sent. A pack that cannot be read ends the stream.
      pack.readBlock(ordinal, index).then(
        (bytes) => box.put({ bytes, index, ordinal, type: 'block-read' }),
        () => box.put({ code: 'STORAGE_PACK_DAMAGED', retry: 'later', type: 'cancel' }),
      );
      return undefined;
    }
    case 'progress':
      onProgress(action.bytes);
      return undefined;
    case 'receipt': {
      crashpoint('C14', 'sender');
      const { last } = await onReceipt(action.envelope);
      void box.put({ digest: action.digest, last, type: 'receipt-recorded' });
      return undefined;
    }
    case 'finished':
      return { state: action.state };
    case 'failed':
      throw failure(action);
    default:
      action satisfies never;
      return undefined;
  }
}

async function sendFrame(stream: PeerStream, frame: Frame, signal: AbortSignal): Promise<void> {
  const bytes = encodeFrame(frame);
  // Read from the pack for this frame alone.
  if (frame.kind === 'block') release(frame.bytes);
  const sending = stream.send(bytes, { signal });
  // The stream has its own copy.
  release(bytes);
  await sending;
}

function failure({
  by,
  code,
  retry,
  retryAfterMs,
}: {
  by: string;
  code: string;
  retry: RetryAdvice;
  retryAfterMs: number;
}): TransferError {
  const details = { code, ...(retryAfterMs > 0 ? { retryAfterMs } : {}), reason: by };
  return new TransferError('TRANSFER_REFUSED', { details, retry });
}

async function readFrames(stream: PeerStream, box: Mailbox<SenderEvent>, silence: SilenceWatch): Promise<void> {
  try {
    for await (const bytes of stream.frames()) {
      silence.heard();
      await box.put({ frame: decodeFrame(bytes), type: 'frame' });
    }
  } catch {
    // Whatever ended it, the machine says what that means.
  }
  void box.put({ type: 'closed' });
}

async function readFeed(feed: AsyncIterable<SenderEvent>, box: Mailbox<SenderEvent>): Promise<void> {
  for await (const event of feed) await box.put(event);
}
