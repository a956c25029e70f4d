import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@interhosp/core/world';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scriptedServer, type ScriptedServer } from '../../test/scripted-server.ts';
import { adapter } from './adapter.ts';

const schema = adapter.configSchema['~standard'];
let folder = '';
let server: ScriptedServer | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-dicomweb-'));
  server = await scriptedServer((_request, response) => void response.writeHead(204).end());
});

afterAll(async () => {
  await server?.close();
  await rm(folder, { recursive: true });
});

const context = {
  log: silentLog,
  clock: { now: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() },
  resolvePath: (path: string) => join(folder, path),
};

describe('the DICOMweb PACS as a module', () => {
  it('reads secrets from files, without their last line end', async () => {
    await writeFile(join(folder, 'password'), 'geheim\n');
    const auth = { kind: 'basic', username: 'u', passwordFile: 'password' };
    const config = await schema.validate({ baseUrl: server?.url, auth, pageSize: 5, preservesBytes: true });
    if (config.issues !== undefined) throw new Error('a sound configuration is accepted');
    const pacs = await adapter.create(config.value, context);
    await pacs.echo();
    await pacs.stop();
    expect(pacs.capabilities).toMatchObject({ preservesBytes: true, onDuplicate: 'unknown' });
    expect(server?.requests.at(-1)?.headers.authorization).toBe(`Basic ${Buffer.from('u:geheim').toString('base64')}`);
  });

  it.each([
    { auth: { kind: 'bearer', tokenFile: 'missing' } },
    { auth: { kind: 'oauth2', tokenUrl: 'http://t/', clientId: 'c', clientSecretFile: 'missing' } },
    { tls: { caFile: 'missing' } },
  ])('says which file is missing: %o', async (more) => {
    const config = await schema.validate({ baseUrl: 'https://pacs.example/dicom-web', ...more });
    if (config.issues !== undefined) throw new Error('a sound configuration is accepted');
    await expect(adapter.create(config.value, context)).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      details: { file: 'missing' },
    });
  });

  it.each([
    {},
    { baseUrl: 'pacs' },
    { baseUrl: 'http://169.254.169.254/' },
    { baseUrl: 'http://u:p@pacs/' },
    { baseUrl: 'http://pacs/', basURL: 1 },
    { baseUrl: 'http://pacs/', auth: { kind: 'basic', username: 'u' } },
    { baseUrl: 'http://pacs/', auth: { kind: 'basic', username: 'u', password: 'p', passwordFile: 'f' } },
    { baseUrl: 'http://pacs/', auth: { kind: 'bearer' } },
    { baseUrl: 'http://pacs/', auth: { kind: 'bearer', token: 't', user: 'u' } },
    { baseUrl: 'http://pacs/', auth: { kind: 'digest' } },
    { baseUrl: 'http://pacs/', tls: { certFile: 'c' } },
    { baseUrl: 'http://pacs/', pageSize: 0 },
  ])('refuses %o', async (config) => {
    expect((await schema.validate(config)).issues?.length).toBeGreaterThan(0);
  });
});
