/** The DICOMweb PACS as a module that `interhosp.yaml` can name. Secrets stand in files of their own, or in the configuration. */
import { readFile } from 'node:fs/promises';
import { tryParseUid, type Uid } from '@interhosp/core/dicom';
import { ConfigError } from '@interhosp/core/errors';
import type { AdapterContext, PacsAdapterModule } from '@interhosp/core/pacs';
import { z } from 'zod';
import { parseServiceUrl } from './addresses.ts';
import type { AuthOptions } from './credentials.ts';
import { dicomwebPacs, type DicomwebPacsOptions } from './dicomweb-pacs.ts';
import type { TlsMaterial } from './http-client.ts';

const text = z.string().min(1);

const address = text.refine((url) => {
  try {
    return parseServiceUrl(url, 'baseUrl') !== undefined;
  } catch {
    return false;
  }
}, 'an http or https address without user, query or fragment, and no link-local one');

/** A secret, or the path of a file that holds it and nothing else. */
const oneSecret = 'give the secret or its file, not both';

const authSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z
    .strictObject({
      kind: z.literal('basic'),
      username: text,
      password: text.optional(),
      passwordFile: text.optional(),
    })
    .refine((auth) => (auth.password === undefined) !== (auth.passwordFile === undefined), oneSecret),
  z
    .strictObject({ kind: z.literal('bearer'), token: text.optional(), tokenFile: text.optional() })
    .refine((auth) => (auth.token === undefined) !== (auth.tokenFile === undefined), oneSecret),
  z
    .strictObject({
      kind: z.literal('oauth2'),
      tokenUrl: address,
      clientId: text,
      clientSecret: text.optional(),
      clientSecretFile: text.optional(),
      scope: text.optional(),
    })
    .refine((auth) => (auth.clientSecret === undefined) !== (auth.clientSecretFile === undefined), oneSecret),
]);

/** Reads a UID, or says that it is none. */
function uid(text: string, context: { addIssue(message: string): void }): Uid {
  const read = tryParseUid(text);
  if (read !== undefined) return read;
  context.addIssue('a UID');
  return z.NEVER;
}

const configSchema = z.strictObject({
  /** Root of the service. */
  baseUrl: address,
  auth: authSchema.default({ kind: 'none' }),
  /** PEM files, relative to the configuration file. */
  tls: z
    .strictObject({ caFile: text.optional(), certFile: text.optional(), keyFile: text.optional() })
    .refine(
      (tls) => (tls.certFile === undefined) === (tls.keyFile === undefined),
      'a certificate and its key go together',
    )
    .optional(),
  /** Whether stored data sets come back byte for byte. */
  preservesBytes: z.boolean().default(false),
  /** What the PACS does with a second object of the same UID. */
  onDuplicate: z.enum(['ignore', 'replace', 'unknown']).default('unknown'),
  /** Transfer syntaxes the PACS takes, by its conformance statement. */
  acceptedSyntaxes: z.array(z.string().transform(uid)).optional(),
  retrieve: z.enum(['auto', 'study', 'instance']).default('auto'),
  wholeStudyBytes: z.int().min(0).optional(),
  pageSize: z.int().min(1).max(10_000).optional(),
  batchInstances: z.int().min(1).max(1_000).optional(),
  batchBytes: z.int().min(1).optional(),
  connectTimeoutMs: z.int().min(1).optional(),
  inactivityMs: z.int().min(1).optional(),
  connections: z.int().min(1).max(64).optional(),
});

/** Configuration of the DICOMweb PACS. */
export type DicomwebPacsConfig = z.output<typeof configSchema>;

/** `use: "@interhosp/adapters/dicomweb"`. */
export const adapter: PacsAdapterModule<DicomwebPacsConfig> = {
  kind: 'pacs',
  name: 'dicomweb',
  configSchema,
  create: async ({ auth, tls, ...rest }, context) => {
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    return dicomwebPacs({
      ...(given as unknown as Omit<DicomwebPacsOptions, 'auth' | 'tls' | 'clock'>),
      auth: await authOf(auth, context),
      clock: context.clock,
      ...(tls !== undefined && { tls: await tlsOf(tls, context) }),
    });
  },
};

async function authOf(auth: DicomwebPacsConfig['auth'], context: AdapterContext): Promise<AuthOptions> {
  switch (auth.kind) {
    case 'none':
      return auth;
    case 'basic': {
      const password = auth.password ?? (await secretIn(auth.passwordFile, context));
      return { kind: 'basic', username: auth.username, password };
    }
    case 'bearer':
      return { kind: 'bearer', token: auth.token ?? (await secretIn(auth.tokenFile, context)) };
    case 'oauth2': {
      const clientSecret = auth.clientSecret ?? (await secretIn(auth.clientSecretFile, context));
      const { tokenUrl, clientId, scope } = auth;
      return { kind: 'oauth2', tokenUrl, clientId, clientSecret, ...(scope !== undefined && { scope }) };
    }
    default:
      return auth satisfies never;
  }
}

async function tlsOf(
  { caFile, certFile, keyFile }: NonNullable<DicomwebPacsConfig['tls']>,
  context: AdapterContext,
): Promise<TlsMaterial> {
  return {
    ...(caFile !== undefined && { ca: await fileIn(caFile, context) }),
    ...(certFile !== undefined && { cert: await fileIn(certFile, context) }),
    ...(keyFile !== undefined && { key: await fileIn(keyFile, context) }),
  };
}

/** A file without the line end that editors add. */
async function secretIn(path: string | undefined, context: AdapterContext): Promise<string> {
  return (await fileIn(path ?? '', context)).trim();
}

/** @throws {ConfigError} `CONFIG_UNREADABLE` */
async function fileIn(path: string, context: AdapterContext): Promise<string> {
  try {
    return await readFile(context.resolvePath(path), 'utf8');
  } catch (cause) {
    throw new ConfigError('CONFIG_UNREADABLE', { cause, details: { file: path } });
  }
}
