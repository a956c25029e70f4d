/** The directory over a PACS as a module that `interhosp.yaml` can name. */
import { ConfigError } from '@interhosp/core/errors';
import type { PatientsAdapterModule } from '@interhosp/core/pacs';
import { z } from 'zod';
import { ANSWER_WITHIN_MS, MOST_ANSWERS } from './defaults.ts';
import { patientsDicom } from './patients-dicom.ts';

const configSchema = z.strictObject({
  /** Name of a section of `pacs`. */
  pacs: z.string().min(1).max(64),
  /** The hospital's own issuer of patient IDs (0010,0021). */
  issuer: z.string().min(1).max(64),
  /** How many patients the PACS knows, about. */
  patients: z.int().min(1).max(1_000_000_000),
  nationalNumbers: z.enum(['be', 'unchecked']).default('be'),
  /** Of one search. */
  mostAnswers: z.int().min(1).max(100_000).default(MOST_ANSWERS),
  answerWithinMs: z.int().min(100).max(3_600_000).default(ANSWER_WITHIN_MS),
});

/** Configuration of the directory over a PACS. */
export type PatientsDicomConfig = z.output<typeof configSchema>;

/** `use: "@interhosp/adapters/patients-dicom"` */
export const adapter: PatientsAdapterModule<PatientsDicomConfig> = {
  kind: 'patients',
  name: 'patients-dicom',
  configSchema,
  create: async ({ pacs: name, ...config }, { createPacs, log }) => {
    const pacs = await createPacs?.(name);
    if (pacs?.findPatients === undefined)
      throw new ConfigError('CONFIG_INVALID', { details: { field: 'patients.pacs' } });
    return patientsDicom({ ...config, pacs, log });
  },
};
