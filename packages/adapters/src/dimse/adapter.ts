/**
 * The PACS over DIMSE as a module that `interhosp.yaml` can name. Certificates and keys stand in files of their own, in PEM,
 * relative to the configuration file.
 */
import { readFile } from 'node:fs/promises';
import { characterSetOf, tryParseUid, type Uid } from '@interhosp/core/dicom';
import { ConfigError } from '@interhosp/core/errors';
import type { AdapterContext, PacsAdapterModule } from '@interhosp/core/pacs';
import { z } from 'zod';
import { tryParseAeTitle, type AeTitle } from './association/ae-title.ts';
import { createCallers, type AllowedCaller } from './association/callers.ts';
import { dimsePacs } from './dimse-pacs.ts';
import { MAX_STORE_ASSOCIATIONS } from './limits.ts';
import type { DimsePacsOptions, ListenOptions } from './pacs-options.ts';
import type { PeerAddress } from './association/request-association.ts';
import type { TlsIdentity } from './association/tls.ts';

const text = z.string().min(1);
const port = z.int().min(1).max(65_535);
const milliseconds = z.int().min(1);

interface Refusal {
  addIssue(message: string): void;
}

/** Reads what has a parser of its own, or says what it should have been. */
function parsed<T>(parse: (text: string) => T | undefined, what: string) {
  return (given: string, context: Refusal): T => {
    const read = parse(given);
    if (read !== undefined) return read;
    context.addIssue(what);
    return z.NEVER;
  };
}

const aeTitle = z
  .string()
  .transform(parsed<AeTitle>(tryParseAeTitle, 'an AE title: 1 to 16 characters of ASCII without a backslash'));
const uid = z.string().transform(parsed<Uid>(tryParseUid, 'a UID'));
const privateUid = uid.refine((read) => !read.startsWith('1.2.840.10008.'), 'a UID of a vendor, not one of DICOM');
const characterSet = text.refine((term) => characterSetOf(term) !== undefined, 'a term of Specific Character Set');
const fingerprint = z
  .string()
  .regex(/^(?:sha256[:= ])?(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$/i, 'a SHA-256 fingerprint, as openssl prints it');
/** `0xC001`, `C001` as vendors write them, or a number. */
const status = z
  .union([z.int().min(1).max(0xffff), z.string().regex(/^(?:0x)?[0-9a-f]{4}$/i)])
  .transform((given) => (typeof given === 'number' ? given : Number.parseInt(given.replace(/^0x/i, ''), 16)));

const identity = { caFile: text, certFile: text, keyFile: text };
const serverTls = z.strictObject(identity);
const clientTls = z.strictObject({
  ...identity,
  /** Name to be found in the certificate of the PACS instead of the host. */
  serverName: text.optional(),
  /** Its certificates themselves, whatever name stands in them. */
  fingerprints: z.array(fingerprint).min(1).optional(),
});

const peer = z.strictObject({ host: text, port, calledAe: aeTitle, tls: clientTls.optional() });

const caller = z
  .strictObject({
    ae: aeTitle,
    /** IP addresses or networks it calls from. */
    addresses: z.array(text).min(1).optional(),
    fingerprints: z.array(fingerprint).min(1).optional(),
    /** `verification`, `storage`, `storage-commitment`; default all. */
    services: z.array(text).optional(),
  })
  .refine(
    ({ addresses, fingerprints }) => addresses !== undefined || fingerprints !== undefined,
    'give its addresses or the fingerprints of its certificates: an AE title authenticates nobody',
  )
  .refine(({ addresses = [] }) => {
    try {
      return createCallers([], [{ aeTitle: 'ANY' as AeTitle, addresses }]) !== undefined;
    } catch {
      return false;
    }
  }, 'addresses are IP addresses or networks such as 10.1.2.0/24');

const configSchema = peer
  .extend({
    /** Our own title, as the PACS knows it. */
    callingAe: aeTitle,
    /** A folder of the adapter's own, where it remembers what the PACS can do. */
    folder: text.optional(),
    /** Where the PACS, and modalities, reach us. */
    listen: z
      .strictObject({
        host: text.optional(),
        port,
        tls: serverTls.optional(),
        peers: z.array(caller).min(1),
      })
      .refine(
        ({ peers, tls }) => tls !== undefined || peers.every(({ fingerprints }) => fingerprints === undefined),
        'fingerprints need tls',
      )
      .optional(),
    /** Keeps what is pushed to us, until it was sent on. */
    inbox: z
      .strictObject({
        folder: text,
        retentionDays: z.number().min(0.01).optional(),
        minFreeBytes: z.int().min(0).optional(),
        maxStudyBytes: z.int().min(1).optional(),
        maxInstances: z.int().min(1).optional(),
      })
      .optional(),
    retrieve: z.enum(['auto', 'move', 'get']).optional(),
    associations: z.int().min(1).max(MAX_STORE_ASSOCIATIONS).optional(),
    connectTimeoutMs: milliseconds.optional(),
    associateTimeoutMs: milliseconds.optional(),
    inactivityMs: milliseconds.optional(),
    nearlineMs: milliseconds.optional(),
    nextInstanceMs: milliseconds.optional(),
    busyStatuses: z.array(status).optional(),
    characterSet: characterSet.optional(),
    undeclaredCharacterSet: characterSet.optional(),
    /** SOP classes and transfer syntaxes of vendors that are taken and asked for too. */
    privateClasses: z.array(privateUid).optional(),
    privateSyntaxes: z.array(privateUid).optional(),
    /** Transfer syntaxes in which instances are taken, the most wanted first; default whichever the sender names first. */
    storageSyntaxes: z.array(uid).min(1).optional(),
    /** Days for which what the PACS said of itself is believed. */
    profileDays: z.number().positive().optional(),
    /** Whether the PACS is asked to keep what was stored for good, where it can be asked. */
    commitment: z.enum(['never', 'when-supported']).optional(),
    /** How long its report is waited for, and the receipt with it. */
    commitmentWaitMs: milliseconds.optional(),
    worklist: peer.optional(),
    preservesBytes: z.boolean().optional(),
    onDuplicate: z.enum(['ignore', 'replace', 'unknown']).optional(),
  })
  .refine(({ inbox, listen }) => inbox === undefined || listen !== undefined, 'an inbox needs listen')
  .refine(
    ({ commitment, folder }) => commitment !== 'when-supported' || folder !== undefined,
    'commitment needs folder',
  )
  .refine(
    ({ commitment, commitmentWaitMs }) => commitmentWaitMs === undefined || commitment === 'when-supported',
    'commitmentWaitMs needs commitment: when-supported',
  )
  .refine(({ listen, retrieve }) => retrieve !== 'move' || listen !== undefined, 'retrieve: move needs listen');

/** Configuration of the PACS over DIMSE. */
export type DimsePacsConfig = z.output<typeof configSchema>;

/** `use: "@interhosp/adapters/dimse"`. */
export const adapter: PacsAdapterModule<DimsePacsConfig> = {
  kind: 'pacs',
  name: 'dimse',
  configSchema,
  create: async (config, context) => dimsePacs(await optionsOf(config, context)),
};

async function optionsOf(config: DimsePacsConfig, context: AdapterContext): Promise<DimsePacsOptions> {
  const {
    callingAe,
    calledAe,
    folder,
    host,
    inbox,
    listen,
    port: peerPort,
    profileDays,
    tls,
    worklist,
    ...rest
  } = config;
  return {
    ...(defined(rest) as Omit<DimsePacsOptions, 'peer'>),
    clock: context.clock,
    log: context.log,
    peer: await peerOf({ calledAe, host, port: peerPort, tls }, callingAe, context),
    ...(worklist !== undefined && { worklist: await peerOf(worklist, callingAe, context) }),
    ...(folder !== undefined && { folder: context.resolvePath(folder) }),
    ...(inbox !== undefined && { inbox: { ...defined(inbox), folder: context.resolvePath(inbox.folder) } }),
    ...(listen !== undefined && { listen: await listenOf(listen, context) }),
    ...(profileDays !== undefined && { profileLifeMs: profileDays * DAY_MS }),
  };
}

const DAY_MS = 86_400_000;

async function peerOf(
  { calledAe, host, port: peerPort, tls }: z.output<typeof peer>,
  callingAe: AeTitle,
  context: AdapterContext,
): Promise<PeerAddress> {
  const known = { host, port: peerPort, calledAe, callingAe };
  if (tls === undefined) return known;
  const { fingerprints, serverName } = tls;
  const check = { ...(fingerprints && { fingerprints }), ...(serverName !== undefined && { serverName }) };
  return { ...known, tls: { ...(await identityOf(tls, context)), ...check } };
}

async function listenOf(
  { host, peers, port: ownPort, tls }: NonNullable<DimsePacsConfig['listen']>,
  context: AdapterContext,
): Promise<ListenOptions> {
  return {
    port: ownPort,
    ...(host !== undefined && { host }),
    ...(tls !== undefined && { tls: await identityOf(tls, context) }),
    callers: peers.map(({ ae, ...each }): AllowedCaller => ({ aeTitle: ae, ...defined(each) })),
  };
}

async function identityOf(
  { caFile, certFile, keyFile }: z.output<typeof serverTls>,
  context: AdapterContext,
): Promise<TlsIdentity> {
  const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map((path) => fileIn(path, context)));
  return { ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
}

/** @throws {ConfigError} `CONFIG_UNREADABLE` */
async function fileIn(path: string, context: AdapterContext): Promise<string> {
  try {
    return await readFile(context.resolvePath(path), 'utf8');
  } catch (cause) {
    throw new ConfigError('CONFIG_UNREADABLE', { cause, details: { file: path } });
  }
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** The fields that have a value. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
