import { patientRegistryConformance } from '@interhosp/core/conformance';
import { describe, it } from 'vitest';
import { freshFolder, registryIn } from '../../../test/patients/registries.ts';

patientRegistryConformance(
  { describe, it },
  {
    name: 'index on disk',
    isDurable: true,
    create: async () => {
      const { folder, dispose } = await freshFolder();
      return { registry: registryIn(folder), dispose };
    },
  },
);
