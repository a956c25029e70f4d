/**
 * Yamux with the two checks that @libp2p/yamux 8.0.3 lacks, on each connection.
 *
 * It gathers a whole frame before it looks at the window, so that a peer could announce 4 GiB and fill the memory; here
 * what is gathered has a limit. And its keep-alive never closes anything: a peer that vanished without a word would look
 * connected until TCP gives up, a quarter of an hour later. Here a connection on which nothing at all arrived for three
 * pings is ended; busy connections always hear something.
 */
import type { StreamMuxerFactory } from '@libp2p/interface';
import { yamux } from '@libp2p/yamux';
import type { Clock } from '@interhosp/core/world';

import {
  KEEP_ALIVE_MS,
  MAX_READ_BUFFER_BYTES,
  MAX_STREAM_WINDOW_BYTES,
  MAX_WRITE_BUFFER_BYTES,
  type PeerLimits,
} from './limits.ts';

/** The muxer of every connection. */
export function guardedYamux(limits: PeerLimits, clock: Clock): () => StreamMuxerFactory {
  const make = yamux({
    enableKeepAlive: true,
    keepAliveInterval: KEEP_ALIVE_MS,
    maxInboundStreams: limits.maxStreamsPerConnection,
    maxOutboundStreams: limits.maxStreamsPerConnection,
    streamOptions: {
      maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES,
      maxReadBufferLength: MAX_READ_BUFFER_BYTES,
      maxWriteBufferLength: MAX_WRITE_BUFFER_BYTES,
    },
  });
  return () => {
    const factory = make();
    const createStreamMuxer = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection) => {
      const muxer = createStreamMuxer(connection);
      const gathered = gatheredBytes(muxer);
      let heardAtMs = clock.monotonicMs();
      // Added after the muxer's own listener, and so called after it.
      connection.addEventListener('message', () => {
        heardAtMs = clock.monotonicMs();
        if (gathered() > MAX_READ_BUFFER_BYTES) connection.abort(new Error('yamux frame over the limit'));
      });
      const watch = setInterval(() => {
        if (clock.monotonicMs() - heardAtMs > limits.deadAfterMs) connection.abort(new Error('nothing heard'));
      }, limits.deadAfterMs / 10);
      watch.unref();
      connection.addEventListener('close', () => clearInterval(watch));
      return muxer;
    };
    return factory;
  };
}

/** How much a muxer's decoder holds; private in @libp2p/yamux, so that its absence is an error here. */
export function gatheredBytes(muxer: object): () => number {
  const decoder = (muxer as { decoder?: { buffer?: { byteLength?: unknown } } }).decoder;
  if (typeof decoder?.buffer?.byteLength !== 'number') {
    throw new Error('the muxer of @libp2p/yamux is not built as expected: pin the version this was written for');
  }
  return () => decoder.buffer?.byteLength as number;
}
