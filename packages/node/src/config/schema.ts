/**
 * The one schema of `interhosp.yaml`. Unknown fields are refused: a typing error must not switch a safety off.
 * Paths are relative to the file; adapters are named by module and bring schemas of their own (adapters.ts).
 */
import { parseMemberId } from '@interhosp/core/study';
import { z } from 'zod';
import * as defaults from './defaults.ts';

const adapterSection = z.looseObject({ use: z.string().min(1) });
const seconds = z.number().positive().max(31_536_000);
const quiet = z.number().min(0).max(86_400);

/** Modality (0008,0060) is a code string (PS3.5 6.2); `other` stands for those that are not named. */
const modality = z.string().regex(/^(?:other|[A-Z][A-Z0-9_]{0,15})$/, 'expected a modality such as CT, or other');

/** One number holds for every modality; what is named by modality goes before the defaults. */
function quietTimes(given: number | Readonly<Record<string, number>>) {
  if (typeof given === 'number') return { byModality: {}, other: given };
  const { other = defaults.DISCOVERY_QUIET_SECONDS, ...named } = given;
  const times = Object.entries({ ...defaults.DISCOVERY_QUIET_SECONDS_BY_MODALITY, ...named });
  return { byModality: Object.fromEntries(times) as Readonly<Record<string, number>>, other };
}

/** What a hospital writes about itself. */
export const configSchema = z.strictObject({
  /** This organisation, as the roster names it. */
  member: z.string().transform((text, context) => {
    try {
      return parseMemberId(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'expected 2 to 64 lower-case letters, digits or : . _ and -' });
      return z.NEVER;
    }
  }),
  /** Shown to people. */
  name: z.string().min(1).max(128),
  /** Folder of journal, spool, keys and indexes. */
  data: z.string().default('./data'),
  /** File whose first line opens the keys; keep it outside the data folder and its backups. */
  passphraseFile: z.string(),
  federation: z.strictObject({
    /** Trust anchor: SHA-256 of the first root, pinned when joining. */
    id: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits in lower case'),
    /** Folder where signed documents are dropped (root, roster, practitioners); watched. */
    documents: z.string().default('./federation'),
  }),
  /** Multiaddrs to listen on; empty listens nowhere (outbound only). */
  listen: z.array(z.string()).default(['/ip4/0.0.0.0/tcp/4450']),
  admin: z
    .strictObject({
      host: z.literal(['127.0.0.1', '::1']).default('127.0.0.1'),
      port: z.number().int().min(0).max(65_535).default(0),
    })
    .default({ host: '127.0.0.1', port: 0 }),
  /** PACS by name of our own choice. */
  pacs: z.record(
    z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected a name of lower-case letters, digits and -'),
    adapterSection,
  ),
  /** Which PACS studies are taken from; none only receives. */
  source: z.string().optional(),
  /** Which PACS studies are filed in; none only sends. */
  destination: z.string().optional(),
  patients: adapterSection,
  routing: z
    .strictObject({
      /** Rule file; without one nothing leaves by itself. */
      rules: z.string(),
      /** What a second person signed off (`interhosp route --approve`); without it the rules only propose. */
      approval: z.string().optional(),
    })
    .optional(),
  /** CSV `number,family,given` of the practitioners who practise here; published to the members. */
  practitioners: z.string().optional(),
  discovery: z
    .strictObject({
      pollSeconds: seconds.default(defaults.DISCOVERY_POLL_SECONDS),
      /** A poll asks for the days since the last complete one, and so many hours before. */
      overlapHours: z.number().min(0).max(744).default(defaults.DISCOVERY_OVERLAP_HOURS),
      /** A study is complete when its instance count stayed the same for so long: for every modality, or by modality. */
      quietSeconds: z
        .union([quiet, z.record(modality, quiet)])
        .prefault({})
        .transform(quietTimes),
      /** An order that is still open keeps its study back for so long after the last image. */
      orderOpenHours: z.number().min(0).max(720).default(defaults.DISCOVERY_ORDER_OPEN_HOURS),
      /** Studies older than this are left alone; `all` looks at every study, each time. */
      windowDays: z.union([z.number().int().positive(), z.literal('all')]).default(defaults.DISCOVERY_WINDOW_DAYS),
      /** Hour of local time at which the whole window is looked at. */
      sweepHour: z.number().int().min(0).max(23).default(defaults.DISCOVERY_SWEEP_HOUR),
      /** Whether the sweep lists the whole PACS to find studies without a date. */
      sweepUndated: z.boolean().default(false),
    })
    .prefault({}),
  reconciliation: z
    .strictObject({
      profile: z.enum(['be', 'generic']).default('generic'),
      policy: z.enum(['strict', 'standard']).default('strict'),
      /** `shadow` and `confirmed` let a person confirm each link; `automatic` files those beyond doubt. */
      mode: z.enum(['shadow', 'confirmed', 'automatic']).default('confirmed'),
      /** Issuers of Patient ID whose IDs are national numbers. */
      nationalNumberIssuers: z.array(z.string().min(1)).default([]),
    })
    .prefault({}),
  coercion: z
    .strictObject({
      accessionNumber: z
        .union([z.literal('empty'), z.strictObject({ prefix: z.string().min(1).max(8) })])
        .default('empty'),
      /** Character set that an ASCII data set is switched to when a name needs it. */
      preferredCharacterSet: z.enum(['ISO_IR 100', 'ISO_IR 192']).default('ISO_IR 100'),
      /** Offset from UTC written in date-times, `+0100`. */
      utcOffset: z
        .string()
        .regex(/^[+-](?:0\d|1[0-4])[0-5]\d$/, 'expected an offset as +0100')
        .default('+0000'),
    })
    .prefault({}),
  filing: z
    .strictObject({
      /**
       * What happens to instances that the destination does not take in the transfer syntax in which they come: `never`
       * holds them, `lossless` decodes what decodes bit by bit, to Explicit or Implicit VR Little Endian.
       */
      decode: z.enum(['never', 'lossless']).default('never'),
    })
    .prefault({}),
  spool: z
    .strictObject({
      /** New offers are refused when less than this is free. */
      lowWaterBytes: z.number().int().min(0).default(defaults.SPOOL_LOW_WATER_BYTES),
      /** Bytes of a confirmed study are kept so long before their key is erased. */
      keepHours: z.number().min(0).default(defaults.SPOOL_KEEP_HOURS),
    })
    .prefault({}),
  limits: z
    .strictObject({
      exchanges: z.number().int().min(1).max(64).default(defaults.CONCURRENT_EXCHANGES),
      retryFirstSeconds: seconds.default(defaults.RETRY_FIRST_SECONDS),
      retryMostSeconds: seconds.default(defaults.RETRY_MOST_SECONDS),
      retryForDays: z.number().positive().default(defaults.RETRY_FOR_DAYS),
    })
    .prefault({}),
});

/** A checked configuration; paths still as written. */
export type MemberConfig = z.output<typeof configSchema>;

const { data, federation, member, reconciliation } = configSchema.shape;
const { nationalNumberIssuers } = reconciliation.unwrap().shape;

/** What trying rules needs of a configuration whose other fields may still be missing or wrong. */
export const routingPartSchema = z.object({
  data,
  federation,
  member,
  reconciliation: z.object({ nationalNumberIssuers }).prefault({}),
});
