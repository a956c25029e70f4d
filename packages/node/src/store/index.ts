export { KEY_SPACES, MAX_KEY_BYTES, storeKey } from './keys.ts';
export type { KeySpace } from './keys.ts';
export { catchUpStore, rebuildStore } from './projection.ts';
export type { CatchUp, CatchUpOptions, Projection, ProjectionBatch } from './projection.ts';
export { openStore } from './store.ts';
export type { IterateOptions, Store, StoreChange, StoreOptions, StorePosition } from './store.ts';
