// The feed as a configuration makes it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adapter } from '@interhosp/adapters/patients-hl7';
import type { AdapterContext, RegistryOptions } from '@interhosp/core/pacs';
import { silentLog } from '@interhosp/core/world';
import { createCertificateAuthority, freePorts } from '@interhosp/testing';
import { testClock } from './clock.ts';
import { adt, pid, Sender } from './hl7-messages.ts';
import { MemoryRegistry } from './memory-registry.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patients-hl7-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const validate = async (config: unknown) => adapter.configSchema['~standard'].validate(config);

function contextOf(registry: MemoryRegistry, asked: RegistryOptions[] = []): AdapterContext {
  return {
    clock: testClock(),
    log: silentLog,
    resolvePath: (path) => join(folder, path),
    openRegistry: async (options) => {
      asked.push(options);
      return registry;
    },
  };
}

describe('the module', () => {
  it('makes a feed of what its schema lets through, over the registry of the node, with certificates from files', async () => {
    const authority = createCertificateAuthority('Hospital');
    const own = authority.issue({ name: 'feed', hosts: ['127.0.0.1'] });
    const files = { 'ca.pem': authority.cert, 'own.pem': own.cert, 'own.key': own.key };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    const [port = 0] = await freePorts(1);
    const result = await validate({
      issuer: 'URN:CHU',
      authorities: ['CHU'],
      port,
      tls: { caFile: 'ca.pem', certFile: 'own.pem', keyFile: 'own.key' },
      nationalNumbers: 'unchecked',
      limits: { messageBytes: 8_192 },
    });
    if (result.issues !== undefined) throw new Error(JSON.stringify(result.issues));
    const registry = new MemoryRegistry();
    const asked: RegistryOptions[] = [];
    const directory = await adapter.create(result.value, contextOf(registry, asked));
    expect(asked).toEqual([{ name: 'patients-hl7', nationalNumbers: 'unchecked' }]);
    await directory.start();
    const socket = connectTls({ port, host: '127.0.0.1', ca: authority.cert, ...authority.issue({ name: 'engine' }) });
    const sender = new Sender(socket);
    sender.send(adt({ segments: [pid({ 3: '1^^^CHU', 5: 'Claes' })] }));
    expect(await sender.code()).toBe('AA');
    expect((await directory.get('1'))?.patientId).toEqual({ id: '1', issuer: 'URN:CHU' });
    sender.close();
    await directory.stop();
  });

  it('says what it lacks', async () => {
    const result = await validate({ issuer: 'X', port: 2575 });
    if (result.issues !== undefined) throw new Error('refused');
    const { openRegistry: _, ...context } = contextOf(new MemoryRegistry());
    await expect(async () => adapter.create(result.value, context)).rejects.toThrow('CONFIG_INVALID');
    const files = { caFile: 'no.pem', certFile: 'no.pem', keyFile: 'no.key' };
    const config = { ...result.value, tls: files };
    await expect(async () => adapter.create(config, contextOf(new MemoryRegistry()))).rejects.toThrow(
      'CONFIG_UNREADABLE',
    );
  });

  it.each([
    {},
    { issuer: 'X' },
    { issuer: '', port: 1 },
    { issuer: 'X', port: 0 },
    { issuer: 'X', port: 1, host: '0.0.0.0' },
    { issuer: 'X', port: 1, addresses: ['hospital'] },
    { issuer: 'X', port: 1, addresses: ['10.0.0.0/33'] },
    { issuer: 'X', port: 1, addresses: ['10.0.0.0/8/8'] },
    { issuer: 'X', port: 1, senders: [{}] },
    { issuer: 'X', port: 1, processingIds: [] },
    { issuer: 'X', port: 1, defaultCharset: 'utf-16' },
    { issuer: 'X', port: 1, emptyFields: 'ignore' },
    { issuer: 'X', port: 1, tls: { caFile: 'a' } },
    { issuer: 'X', port: 1, limits: { messageBytes: 0 } },
    { issuer: 'X', port: 1, ports: 2 },
  ])('refuses %j', async (config) => {
    expect((await validate(config)).issues).toBeDefined();
  });

  it.each([
    { issuer: 'X', port: 1, host: '0.0.0.0', addresses: ['10.0.0.0/8', 'fd00::/8', '10.1.2.3'] },
    { issuer: 'X', port: 1, senders: [{ application: 'HIS' }, { facility: 'CHU' }] },
  ])('takes %j', async (config) => {
    expect((await validate(config)).issues).toBeUndefined();
  });
});
