// How the client proves who it is.
import { dicomwebPacs, type DicomwebPacsOptions } from '@interhosp/adapters/dicomweb';
import { errorCodeOf } from '@interhosp/core/errors';
import type { Pacs } from '@interhosp/core/pacs';
import { afterEach, describe, expect, it } from 'vitest';
import { json, scriptedServer, type Script, type ScriptedServer } from './scripted-server.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serverOf(script: Script): Promise<ScriptedServer> {
  const server = await scriptedServer(script);
  closing.push(() => server.close());
  return server;
}

function pacsOf(server: ScriptedServer, options: Partial<DicomwebPacsOptions>): Pacs {
  const pacs = dicomwebPacs({ baseUrl: server.url, ...options });
  closing.unshift(() => pacs.stop());
  return pacs;
}

async function codeOf(action: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return errorCodeOf(error) ?? String(error);
  }
}

describe('credentials', () => {
  it.each<[DicomwebPacsOptions['auth'], string | undefined]>([
    [{ kind: 'none' }, undefined],
    [{ kind: 'basic', username: 'aé', password: 'b:c' }, `Basic ${Buffer.from('aé:b:c').toString('base64')}`],
    [{ kind: 'bearer', token: 'abc' }, 'Bearer abc'],
  ])('of kind %o are sent with each request', async (auth, expected) => {
    const server = await serverOf((_request, response) => json(response, []));
    await pacsOf(server, auth === undefined ? {} : { auth }).echo();
    expect(server.requests[0]?.headers.authorization).toBe(expected);
  });
});

describe('OAuth 2.0 client credentials', () => {
  let nowMs = 0;
  const clock = { monotonicMs: () => nowMs };

  async function trust(
    tokens: Script,
    service: Script = (_request, response) => json(response, []),
  ): Promise<{ readonly pacs: Pacs; readonly issuer: ScriptedServer; readonly server: ScriptedServer }> {
    nowMs = 0;
    const [issuer, server] = [await serverOf(tokens), await serverOf(service)];
    const auth = {
      kind: 'oauth2',
      tokenUrl: `${issuer.url}/token`,
      clientId: 'id:1',
      clientSecret: 's&cret+',
      scope: 'pacs',
    } as const;
    return { pacs: pacsOf(server, { auth, clock }), issuer, server };
  }

  function issuing(lifeSeconds?: number): Script {
    let count = 0;
    return (_request, response) =>
      json(response, { access_token: `t${++count}`, token_type: 'Bearer', expires_in: lifeSeconds });
  }

  it('fetch one token for many requests, and another when four fifths of its life are over', async () => {
    const { pacs, issuer, server } = await trust(issuing(100));
    await Promise.all([pacs.echo(), pacs.echo(), pacs.echo()]);
    nowMs = 79_999;
    await pacs.echo();
    expect(issuer.requests).toHaveLength(1);
    nowMs = 80_000;
    await pacs.echo();
    expect(issuer.requests).toHaveLength(2);
    expect(server.requests.map((each) => each.headers.authorization)).toEqual([
      ...Array.from({ length: 4 }, () => 'Bearer t1'),
      'Bearer t2',
    ]);
    const [asked] = issuer.requests;
    expect(asked?.body.toString()).toBe('grant_type=client_credentials&scope=pacs');
    const basic = Buffer.from((asked?.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString();
    expect(basic).toBe('id%3A1:s%26cret%2B');
  });

  it('are tried once more with a new token when the service does not take the old one', async () => {
    const { pacs, issuer } = await trust(issuing(), (request, response) => {
      if (request.headers.authorization === 'Bearer t2') json(response, []);
      else response.writeHead(401).end();
    });
    await pacs.echo();
    expect(issuer.requests).toHaveLength(2);
  });

  it('are not waited for by who has been told to stop, and come all the same for who waits', async () => {
    let give = (): void => {};
    const given = new Promise<void>((resolve) => (give = resolve));
    const { pacs, issuer } = await trust(async (request, response, raw) => {
      await given;
      return issuing()(request, response, raw);
    });
    const reason = new Error('enough');
    const stopping = new AbortController();
    const [one, other] = [pacs.echo({ signal: stopping.signal }), pacs.echo()];
    stopping.abort(reason);
    await expect(one).rejects.toBe(reason);
    give();
    await other;
    expect(issuer.requests).toHaveLength(1);
  });

  it('are refused when a new token does not help', async () => {
    const { pacs, server } = await trust(issuing(), (_request, response) => void response.writeHead(401).end());
    expect(await codeOf(() => pacs.echo())).toBe('PACS_UNAUTHORIZED');
    expect(server.requests).toHaveLength(2);
  });

  it.each<[string, Script, string]>([
    [
      'does not know the client',
      (_request, response) => json(response, { error: 'invalid_client' }, 401),
      'PACS_UNAUTHORIZED',
    ],
    ['is down for the moment', (_request, response) => void response.writeHead(503).end(), 'PACS_BUSY'],
    [
      'leads elsewhere',
      (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
      'PACS_UNAUTHORIZED',
    ],
    ['gives no token', (_request, response) => json(response, {}), 'PACS_PROTOCOL'],
    [
      'gives a token with a line end',
      (_request, response) => json(response, { access_token: 'a\r\nX: y' }),
      'PACS_PROTOCOL',
    ],
    [
      'answers too much',
      (_request, response) => json(response, { access_token: 'a', more: 'x'.repeat(70_000) }),
      'PACS_PROTOCOL',
    ],
    ['answers null', (_request, response) => json(response, null), 'PACS_PROTOCOL'],
    ['breaks off', (_request, response) => void response.destroy(), 'PACS_UNREACHABLE'],
  ])('fail when the issuer %s', async (_name, script, code) => {
    const { pacs, server } = await trust(script);
    expect(await codeOf(() => pacs.echo())).toBe(code);
    expect(server.requests).toHaveLength(0);
  });
});
