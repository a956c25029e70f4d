/** What the pool of pixel decoders and its workers say to each other. */
import type { CodedFrame } from '@interhosp/core/world';

/** What a worker is started with. */
export interface WorkerStart {
  /** Cap of the memory of each WebAssembly codec. */
  readonly wasmBytes: number;
}

/** To a worker: one frame at a time. */
export type Request = CodedFrame;

/** From a worker: that it is ready, the frame, or a reason out of ours. */
export type Reply =
  | { readonly kind: 'decoded'; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'ready' };
