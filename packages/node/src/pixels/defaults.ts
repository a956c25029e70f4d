/** Limits of the pixel decoders, each with its unit and its reason. */

/** Threads at once: a receiver has other work to do as well. */
export const WORKERS = 2;
/** JavaScript heap of a worker, in MiB; frames lie outside of it. */
export const HEAP_MB = 256;
/** Memory of each codec: a frame of 128 MiB as 32-bit samples, coded and decoded, with its wavelet, takes seven times that. */
export const WASM_BYTES = 1024 * 1024 * 1024;
/** A thread that starts while the machine is busy; usually a tenth of a second. */
export const START_WITHIN_MS = 30_000;
/** For any frame. */
export const DECODE_WITHIN_MS = 20_000;
/** And for each MiB of it: a tenth of the slowest codec's speed. */
export const DECODE_MS_PER_MIB = 1_500;
/** A thread with nothing to do gives its memory back. */
export const IDLE_MS = 15_000;
/** A thread whose codecs grew beyond this is ended when it is idle; the memory of WebAssembly never shrinks. */
export const FRAMES_PER_WORKER = 5_000;
