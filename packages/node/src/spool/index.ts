export type { DeclaredInstance, Pack } from './pack.ts';
export type { PackCrypto } from './pack-file.ts';
export type { BlockRun } from './pack-index.ts';
export { LOW_WATER_BYTES, LOW_WATER_PART, lowWaterOf, ROOM_FACTOR } from './space.ts';
export { openSpool } from './spool.ts';
export type { Spool, SpoolOptions } from './spool.ts';
