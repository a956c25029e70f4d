/** The memory PACS as a module that `interhosp.yaml` can name; what it holds is gone when the member stops. */
import type { PacsAdapterModule } from '@interhosp/core/pacs';
import { z } from 'zod';
import { memoryPacs } from './memory-pacs.ts';

const configSchema = z.strictObject({
  /** What happens to a second object of the same UID. */
  onDuplicate: z.enum(['ignore', 'replace']).default('ignore'),
  /** Room for data sets, in bytes. */
  capacityBytes: z.int().positive().default(1_073_741_824),
});

/** Configuration of the memory PACS. */
export type MemoryPacsConfig = z.output<typeof configSchema>;

/** `use: "@interhosp/adapters/memory"`: for trying out, never for patients. */
export const adapter: PacsAdapterModule<MemoryPacsConfig> = {
  kind: 'pacs',
  name: 'memory',
  configSchema,
  create: (config, context) => memoryPacs({ ...config, clock: context.clock }),
};
