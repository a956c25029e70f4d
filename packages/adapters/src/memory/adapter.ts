/** The memory PACS as a module that `interhosp.yaml` can name; what it holds is gone when the member stops. */
import { tryParseUid, type Uid } from '@interhosp/core/dicom';
import type { PacsAdapterModule } from '@interhosp/core/pacs';
import { z } from 'zod';
import { memoryPacs } from './memory-pacs.ts';

const configSchema = z.strictObject({
  /** What happens to a second object of the same UID. */
  onDuplicate: z.enum(['ignore', 'replace']).default('ignore'),
  /** Transfer syntaxes it takes; it says so when it is asked. Default any, and it says nothing. */
  acceptedSyntaxes: z.array(z.string().transform(toUid)).optional(),
  /** Room for data sets, in bytes. */
  capacityBytes: z.int().positive().default(1_073_741_824),
});

function toUid(text: string, context: z.core.$RefinementCtx): Uid {
  const uid = tryParseUid(text);
  if (uid !== undefined) return uid;
  context.addIssue({ code: 'custom', message: 'expected a UID' });
  return z.NEVER;
}

/** Configuration of the memory PACS. */
export type MemoryPacsConfig = z.output<typeof configSchema>;

/** `use: "@interhosp/adapters/memory"`: for trying out, never for patients. */
export const adapter: PacsAdapterModule<MemoryPacsConfig> = {
  kind: 'pacs',
  name: 'memory',
  configSchema,
  create: ({ acceptedSyntaxes, ...config }, context) =>
    memoryPacs({
      ...config,
      clock: context.clock,
      ...(acceptedSyntaxes && { accepts: { syntaxes: acceptedSyntaxes } }),
    }),
};
