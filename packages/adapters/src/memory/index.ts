export { adapter } from './adapter.ts';
export type { MemoryPacsConfig } from './adapter.ts';
export type { MemoryPacsFaults } from './faults.ts';
export { memoryPacs } from './memory-pacs.ts';
export type { MemoryInstance, MemoryPacs, MemoryPacsAccepts, MemoryPacsOptions } from './memory-pacs.ts';
export { memoryRegistry } from './memory-registry.ts';
export type { MemoryRegistryOptions } from './memory-registry.ts';
