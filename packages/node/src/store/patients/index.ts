export { createDiskRegistry } from './disk-registry.ts';
export type { DiskRegistry, DiskRegistryOptions } from './disk-registry.ts';
export type { PatientRebuild } from './disk-index.ts';
