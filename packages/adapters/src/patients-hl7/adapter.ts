/**
 * The HL7 feed as a module that `interhosp.yaml` can name. Its patients lie in a registry that the node keeps; certificates
 * and keys stand in files of their own, in PEM, relative to the configuration file.
 */
import { readFile } from 'node:fs/promises';
import { ConfigError } from '@interhosp/core/errors';
import type { AdapterContext, PatientsAdapterModule } from '@interhosp/core/pacs';
import type { PatientRegistry } from '@interhosp/core/patients';
import { z } from 'zod';
import { NATIONAL_ID_TYPES, PATIENT_ID_TYPES } from './defaults.ts';
import { networksOf } from './networks.ts';
import { patientsHl7 } from './patients-hl7.ts';
import type { FeedTls } from './tls.ts';

const text = z.string().min(1).max(256);
const path = z.string().min(1).max(4_096);
const milliseconds = z.int().min(100).max(604_800_000);
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

const configSchema = z
  .strictObject({
    /** The hospital's own issuer of patient IDs (0010,0021). */
    issuer: z.string().min(1).max(64),
    host: text.default('127.0.0.1'),
    port: z.int().min(1).max(65_535),
    /** Both sides show certificates. */
    tls: z
      .strictObject({
        caFile: path,
        certFile: path,
        keyFile: path,
        /** Of the senders' certificates; without, any that `caFile` trusts will do. */
        fingerprints: z
          .array(z.string().regex(/^(?:sha256[:= ])?(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$/i, 'a SHA-256 fingerprint'))
          .min(1)
          .optional(),
      })
      .optional(),
    /** IP addresses and networks that may connect. */
    addresses: z.array(text).min(1).refine(areNetworks, 'IP addresses or networks such as 10.1.2.0/24').optional(),
    /** MSH-3 and MSH-4 of messages that are taken. */
    senders: z
      .array(
        z
          .strictObject({ application: text.optional(), facility: text.optional() })
          .refine(
            ({ application, facility }) => (application ?? facility) !== undefined,
            'an application or a facility',
          ),
      )
      .min(1)
      .optional(),
    /** MSH-11 of messages that are taken. */
    processingIds: z.array(text).min(1).default(['P']),
    /** What the feed calls `issuer` (CX-4); default the issuer itself. */
    authorities: z.array(text).min(1).optional(),
    /** Whether an identifier without an assigning authority is one of `issuer`. */
    takesUnnamedAuthority: z.boolean().default(false),
    /** CX-5 of patient numbers, the most wanted first. */
    patientIdTypes: z.array(text).default([...PATIENT_ID_TYPES]),
    /** CX-5 of national numbers. */
    nationalIdTypes: z.array(text).default([...NATIONAL_ID_TYPES]),
    /** CX-4 of national numbers. */
    nationalIdAuthorities: z.array(text).default([]),
    nationalNumbers: z.enum(['be', 'unchecked']).default('be'),
    /** Of messages without MSH-18. */
    defaultCharset: z.enum(['latin-1', 'latin-9', 'utf-8']).default('latin-1'),
    /** What an empty field does to what is held; `""` always deletes. */
    emptyFields: z.enum(['keep', 'delete']).default('keep'),
    limits: z
      .strictObject({
        messageBytes: z.int().min(4_096).max(67_108_864).optional(),
        connections: z.int().min(1).max(4_096).optional(),
        firstMessageMs: milliseconds.optional(),
        wholeMessageMs: milliseconds.optional(),
        idleMs: milliseconds.optional(),
      })
      .optional(),
  })
  .refine(
    ({ addresses, host, tls }) => LOOPBACK.has(host) || (addresses ?? tls) !== undefined,
    'who listens to a network needs tls or addresses: names in a message authenticate nobody',
  );

/** Configuration of the HL7 feed. */
export type PatientsHl7Config = z.output<typeof configSchema>;

/** `use: "@interhosp/adapters/patients-hl7"` */
export const adapter: PatientsAdapterModule<PatientsHl7Config> = {
  kind: 'patients',
  name: 'patients-hl7',
  configSchema,
  create: async ({ nationalNumbers, tls, ...config }, context) =>
    patientsHl7({
      ...config,
      tls: tls && (await tlsOf(tls, context)),
      clock: context.clock,
      log: context.log,
      registry: await registryOf(context, nationalNumbers),
    }),
};

function areNetworks(addresses: readonly string[]): boolean {
  try {
    return networksOf(addresses) !== undefined;
  } catch {
    return false;
  }
}

/** @throws {ConfigError} `CONFIG_INVALID` where the node has no data folder. */
async function registryOf(
  { openRegistry }: AdapterContext,
  nationalNumbers: PatientsHl7Config['nationalNumbers'],
): Promise<PatientRegistry> {
  if (openRegistry === undefined) throw new ConfigError('CONFIG_INVALID', { details: { field: 'patients.use' } });
  return await openRegistry({ name: 'patients-hl7', nationalNumbers });
}

async function tlsOf(
  { caFile, certFile, fingerprints, keyFile }: NonNullable<PatientsHl7Config['tls']>,
  context: AdapterContext,
): Promise<FeedTls> {
  const [ca = '', cert = '', key = ''] = await Promise.all(
    [caFile, certFile, keyFile].map((file) => fileIn(file, context)),
  );
  return { ca, cert, key, fingerprints };
}

/** @throws {ConfigError} `CONFIG_UNREADABLE` */
async function fileIn(file: string, context: AdapterContext): Promise<string> {
  try {
    return await readFile(context.resolvePath(file), 'utf8');
  } catch (cause) {
    throw new ConfigError('CONFIG_UNREADABLE', { cause, details: { file } });
  }
}
