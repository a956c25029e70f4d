/**
 * A thread that decodes frames, one after another. It holds nothing of the member: no key, no file, no environment. When a
 * codec crashes or hangs, the thread is ended and another begun (decoder-pool.ts).
 */
import { parentPort, workerData } from 'node:worker_threads';
import { isInterhospError } from '@interhosp/core/errors';
import type { Reply, Request, WorkerStart } from './messages.ts';
import { capWasmMemory, decodeInWorker } from './worker-codecs.ts';

capWasmMemory((workerData as WorkerStart).wasmBytes);

const reply = (message: Reply, transfer: readonly ArrayBuffer[] = []) => parentPort?.postMessage(message, transfer);

parentPort?.on('message', (request: Request) => {
  decodeInWorker(request).then(
    (bytes) => {
      // Of a view only its part would be wanted, but the whole would go.
      const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
      reply({ bytes: whole, kind: 'decoded' }, [whole.buffer as ArrayBuffer]);
    },
    (error: unknown) => {
      const reason = isInterhospError(error) ? error.details.reason : undefined;
      reply({ kind: 'failed', reason: reason ?? 'crashed' });
    },
  );
});
reply({ kind: 'ready' });
