export { createDecoderPool } from './decoder-pool.ts';
export type { DecoderPool, DecoderPoolOptions } from './decoder-pool.ts';
