import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TransferError } from '@interhosp/core/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeOf, EXCHANGE_A, keptLog } from '../../test/storage/worlds.ts';
import type { MemberApi, MemberEvent } from '../member/member-api.ts';
import { adminClient } from './client.ts';
import { readEndpoint, type AdminEndpoint } from './endpoint.ts';
import { startAdmin, type AdminServer } from './server.ts';

let folder: string;
let server: AdminServer;
let endpoint: AdminEndpoint;
let calls: unknown[][];
const log = keptLog();

/** A member that notes what it is asked. */
function memberApi(): MemberApi {
  const noted =
    (name: string, answer: unknown) =>
    (...args: unknown[]) => {
      calls.push([name, ...args]);
      return Promise.resolve(answer as never);
    };
  return {
    cancel: noted('cancel', undefined),
    decide: noted('decide', undefined),
    async *events({ signal } = {}) {
      const event: MemberEvent = { bytes: 1, exchangeId: EXCHANGE_A, role: 'sender', state: 'SENDING' };
      yield event;
      yield { ...event, bytes: 2 };
      await new Promise((resolve) => signal?.addEventListener('abort', resolve));
    },
    job: (id) => {
      if (id === 'broken') throw new Error('Peeters^Jan');
      throw new TransferError('TRANSFER_UNKNOWN', { details: { count: 7 } });
    },
    jobs: noted('jobs', []),
    release: noted('release', undefined),
    review: noted('review', {}),
    reviews: noted('reviews', []),
    send: noted('send', { exchangeId: EXCHANGE_A }),
    status: noted('status', { member: 'be-south' }),
  };
}

beforeEach(async () => {
  calls = [];
  folder = await mkdtemp(join(tmpdir(), 'interhosp-admin-'));
  server = await startAdmin({ api: memberApi(), dataFolder: folder, host: '127.0.0.1', log, port: 0 });
  endpoint = (await readEndpoint(folder)) as AdminEndpoint;
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The status of a request with these headers; `host` can be any. */
function statusOf(path: string, headers: Record<string, string>, body?: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const call = request(new URL(path, endpoint.url), { headers, method }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    call.on('error', reject);
    call.end(body);
  });
}
const authorized = () => ({ authorization: `Bearer ${endpoint.token}` });
const json = () => ({ ...authorized(), 'content-type': 'application/json' });

describe('the admin interface', () => {
  it('answers nobody without its token', async () => {
    const { token } = endpoint;
    for (const authorization of ['', 'Bearer ', `Bearer ${'0'.repeat(64)}`, `Bearer ${token}0`, `Basic ${token}`]) {
      expect(await statusOf('/v1/status', { authorization })).toBe(401);
    }
    expect(await statusOf('/v1/status', {})).toBe(401);
    expect(calls).toEqual([]);
    expect(await statusOf('/v1/status', authorized())).toBe(200);
  });

  it('answers only to a name of this machine, whoever asks', async () => {
    for (const host of ['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '10.0.0.1']) {
      expect([host, await statusOf('/v1/status', { ...authorized(), host })]).toEqual([host, 421]);
    }
    expect(calls).toEqual([]);
    for (const host of ['localhost:1', '127.0.0.1']) {
      expect(await statusOf('/v1/status', { ...authorized(), host })).toBe(200);
    }
  });

  it('reads no body beyond its limit', async () => {
    const body = (bytes: number) => `{"by":"An"${' '.repeat(bytes - 11)}}`;
    expect(await statusOf('/v1/jobs/x/release', json(), body(65_536))).toBe(200);
    expect(await statusOf('/v1/jobs/x/release', json(), body(65_537))).toBe(413);
    expect(calls).toEqual([['release', 'x', 'An']]);
  });

  it.each([
    ['/v1/send', '{}'],
    ['/v1/send', '{"studyInstanceUid":"1.2","to":"be-north","by":"An","priority":"fast"}'],
    ['/v1/send', '{"studyInstanceUid":"1.2","to":"be-north","by":""}'],
    ['/v1/reviews/x', '{"kind":"link","by":"An"}'],
    ['/v1/reviews/x', '{"kind":"merge","by":"An"}'],
    ['/v1/reviews/x', '{"kind":"new","by":"An","patientId":"P1"}'],
    ['/v1/jobs/x/cancel', '{"reason":"x"}'],
    ['/v1/jobs/x/cancel', 'no json'],
  ])('refuses %s with %s', async (path, body) => {
    expect(await statusOf(path, json(), body)).toBe(400);
    expect(calls).toEqual([]);
  });

  it.each([
    ['priority', '{"studyInstanceUid":"1.2","to":"be-north","by":"An","priority":"fast"}'],
    ['body', '[]'],
  ])('names the field that is wrong: %s', async (field, body) => {
    const answer = await fetch(new URL('/v1/send', endpoint.url), { body, headers: json(), method: 'POST' });
    expect(await answer.json()).toMatchObject({ code: 'CONFIG_USAGE', details: { field } });
  });

  it('knows no other path', async () => {
    expect(await statusOf('/', authorized())).toBe(404);
    expect(await statusOf('/v1/../admin.json', authorized())).toBe(404);
  });

  it('says nothing about an error that is not ours, also not in its log', async () => {
    const answer = await fetch(new URL('/v1/jobs/broken', endpoint.url), { headers: authorized() });
    expect([answer.status, await answer.text()]).toEqual([500, '{"code":"STORAGE_FAILED"}']);
    expect(JSON.stringify(log.lines)).not.toContain('Peeters');
    expect(log.lines.at(-1)).toEqual({ event: 'admin.request.failed', fields: { code: 'Error' } });
  });

  it('keeps its token in a file that others cannot read, and takes it away when it stops', async () => {
    expect((await stat(join(folder, 'admin.json'))).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(join(folder, 'admin.json'), 'utf8'))).toEqual(endpoint);
    await server.stop();
    expect(await readdir(folder)).toEqual([]);
    await expect(fetch(endpoint.url)).rejects.toThrow('fetch failed');
  });
});

describe('its client', () => {
  it('calls the member with what it was given', async () => {
    const client = await adminClient(folder);
    await client.status();
    expect(await client.send({ by: 'An', studyInstanceUid: '1.2', to: 'be-north' })).toEqual({
      exchangeId: EXCHANGE_A,
    });
    await client.decide('x/y', { by: 'An', kind: 'link', patientId: 'P1' });
    await client.cancel('x', 'An', 'wrong');
    await client.release('x', 'An');
    expect(calls).toEqual([
      ['status'],
      ['send', { by: 'An', studyInstanceUid: '1.2', to: 'be-north' }],
      ['decide', 'x/y', { by: 'An', kind: 'link', patientId: 'P1' }],
      ['cancel', 'x', 'An', 'wrong'],
      ['release', 'x', 'An'],
    ]);
  });

  it('throws the error that the member threw, with its details', async () => {
    const client = await adminClient(folder);
    await expect(client.job('x')).rejects.toMatchObject({ code: 'TRANSFER_UNKNOWN', details: { count: 7 } });
  });

  it('says that its token is not taken, or its name of the host, and what to do', async () => {
    const { writeEndpoint } = await import('./endpoint.ts');
    await writeEndpoint(folder, { ...endpoint, token: '0'.repeat(64) });
    const stranger = await adminClient(folder);
    await expect(stranger.status()).rejects.toMatchObject({
      code: 'CONFIG_TOKEN_REFUSED',
      fix: expect.stringContaining('interhosp start') as string,
    });
    await expect(all(stranger.events())).rejects.toMatchObject({ code: 'CONFIG_TOKEN_REFUSED' });
  });

  it.each([
    [401, 'CONFIG_TOKEN_REFUSED'],
    [421, 'CONFIG_HOST_REFUSED'],
    [404, 'CONFIG_NOT_RUNNING'],
    [200, 'CONFIG_NOT_RUNNING'],
  ])('takes a page that is not of a member, with status %i, for %s', async (status, code) => {
    const other = createServer((_request, answer) => {
      answer.statusCode = status;
      answer.end('<html>Peeters^Jan</html>');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = other.address() as AddressInfo;
      const { writeEndpoint } = await import('./endpoint.ts');
      await writeEndpoint(folder, { ...endpoint, url: `http://127.0.0.1:${port}` });
      expect(await codeOf((await adminClient(folder)).jobs())).toBe(code);
    } finally {
      other.close();
    }
  });

  it('gives events as they come, until it is told to stop', async () => {
    const client = await adminClient(folder);
    const stop = new AbortController();
    const bytes: number[] = [];
    const reading = (async () => {
      for await (const event of client.events({ signal: stop.signal })) {
        bytes.push(event.bytes);
        if (bytes.length === 2) stop.abort();
      }
    })();
    await reading.catch(() => {});
    expect(bytes).toEqual([1, 2]);
  });

  it('says when no member runs, or one was killed', async () => {
    await server.stop();
    expect(await codeOf(adminClient(folder))).toBe('CONFIG_NOT_RUNNING');
    const { writeEndpoint } = await import('./endpoint.ts');
    await writeEndpoint(folder, endpoint);
    const client = await adminClient(folder);
    expect(await codeOf(client.status())).toBe('CONFIG_NOT_RUNNING');
  });
});
