/** The CSV directory as a module that `interhosp.yaml` can name. */
import { ConfigError } from '@interhosp/core/errors';
import type { AdapterContext, PatientsAdapterModule } from '@interhosp/core/pacs';
import type { PatientRegistry } from '@interhosp/core/patients';
import { z } from 'zod';
import { COLUMNS, type Column } from './csv-columns.ts';
import { LEAST_SHARE_KEPT, POLL_MS } from './defaults.ts';
import { patientsCsv } from './patients-csv.ts';

const columnName = z.string().min(1).max(128);

const configSchema = z.strictObject({
  /** Path of the file; relative to the configuration. */
  file: z.string().min(1).max(4_096),
  /** The hospital's own issuer of patient IDs (0010,0021). */
  issuer: z.string().min(1).max(64),
  delimiter: z.string().length(1).optional(),
  encoding: z.enum(['auto', 'utf-8', 'latin-1']).default('auto'),
  /** What the file calls the columns `id`, `national_id`, `family`, … */
  columns: z.partialRecord(z.enum(COLUMNS as readonly [Column, ...Column[]]), columnName).optional(),
  nationalNumbers: z.enum(['be', 'unchecked']).default('be'),
  /** How often the file is looked at, in milliseconds. */
  pollMs: z.int().min(100).max(3_600_000).default(POLL_MS),
  /** Where the patients lie: `disk` keeps them in the data folder of the node, and writes down only what changed. */
  index: z.enum(['memory', 'disk']).default('memory'),
  /** A new file with a smaller share of the rows held is refused; 0 takes any. */
  leastShareKept: z.number().min(0).max(1).default(LEAST_SHARE_KEPT),
});

/** Configuration of the CSV directory. */
export type PatientsCsvConfig = z.output<typeof configSchema>;

/** `use: "@interhosp/adapters/patients-csv"` */
export const adapter: PatientsAdapterModule<PatientsCsvConfig> = {
  kind: 'patients',
  name: 'patients-csv',
  configSchema,
  create: async ({ file, index, ...config }, context) =>
    patientsCsv({
      ...config,
      file: context.resolvePath(file),
      clock: context.clock,
      log: context.log,
      registry: index === 'disk' ? await registryOf(context, config.nationalNumbers) : undefined,
    }),
};

async function registryOf(
  { openRegistry }: AdapterContext,
  nationalNumbers: PatientsCsvConfig['nationalNumbers'],
): Promise<PatientRegistry> {
  if (openRegistry === undefined) throw new ConfigError('CONFIG_INVALID', { details: { field: 'patients.index' } });
  return await openRegistry({ name: 'patients-csv', nationalNumbers });
}
