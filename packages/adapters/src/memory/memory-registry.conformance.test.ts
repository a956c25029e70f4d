import { patientRegistryConformance } from '@interhosp/core/conformance';
import { describe, it } from 'vitest';
import { memoryRegistry } from './memory-registry.ts';

patientRegistryConformance(
  { describe, it },
  {
    name: 'memory',
    isDurable: false,
    create: async () => ({ registry: memoryRegistry(), dispose: async () => {} }),
  },
);
