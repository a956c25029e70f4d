/**
 * A server that would lead us elsewhere with every trick that addresses allow (threat T18): in redirects, in what it says
 * of studies, in answers to stores, in headers, and at the token endpoint. Nobody elsewhere is ever called, and nothing
 * below the server's own origin but what lies under the configured path.
 */
import { dicomwebPacs, type DicomwebPacs } from '@interhosp/adapters/dicomweb';
import { generateStudy } from '@interhosp/core/conformance';
import { part10Header } from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import type { StorableInstance } from '@interhosp/core/pacs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canary, scriptedServer, type Script, type ScriptedServer } from './scripted-server.ts';
import { all } from './streams.ts';

const study = generateStudy({ instances: 2, pixels: 16 });
const { studyInstanceUid, seriesInstanceUid } = study;
const instances: readonly StorableInstance[] = study.instances.map((each) => ({
  ...each,
  lengthBytes: each.dataSet.length,
  async *dataSet() {
    yield each.dataSet;
  },
}));
const SECRET = 'tok-3n-of-the-test';

/** `E` is the port elsewhere, `S` the server's own; the same host, so that only the port tells them apart. */
const tricks: readonly string[] = [
  // Another origin, plainly.
  'http://127.0.0.1:E/x',
  'https://127.0.0.1:E/x',
  'http://localhost:E/',
  'http://localhost.:E/',
  'http://127.0.0.2:E/',
  'HTTP://127.0.0.1:E/',
  'ws://127.0.0.1:E/',
  'gopher://127.0.0.1:E/_GET',
  'ftp://127.0.0.1:E/',
  'file:///etc/passwd',
  'file://127.0.0.1:E/etc/passwd',
  'data:text/html,<a href=http://127.0.0.1:E>',
  'javascript:fetch("http://127.0.0.1:E")',
  // Protocol-relative, and what parsers mend.
  '//127.0.0.1:E/x',
  '///127.0.0.1:E/x',
  '/\\127.0.0.1:E/x',
  '\\\\127.0.0.1:E\\x',
  'http:\\\\127.0.0.1:E\\x',
  'http:/127.0.0.1:E/x',
  'http:127.0.0.1:E',
  ' http://127.0.0.1:E/',
  'http://127.0.0.1:E\t/',
  // Users, marks and fragments that move the host.
  'http://127.0.0.1:S@127.0.0.1:E/',
  'http://127.0.0.1:S%40127.0.0.1:E/',
  'http://pacs:pw@127.0.0.1:E/',
  'http://127.0.0.1:E\\@127.0.0.1:S/',
  'http://127.0.0.1:E#@127.0.0.1:S/dicom-web/',
  'http://127.0.0.1:E?@127.0.0.1:S/dicom-web/',
  '@127.0.0.1:E/',
  ':E/',
  '.127.0.0.1:E/',
  // The same address in other clothes.
  'http://2130706433:E/',
  'http://0x7f000001:E/',
  'http://0x7f.1:E/',
  'http://017700000001:E/',
  'http://127.1:E/',
  'http://0:E/',
  'http://0.0.0.0:E/',
  'http://[::1]:E/',
  'http://[::ffff:127.0.0.1]:E/',
  'http://[::ffff:7f00:1]:E/',
  'http://[0:0:0:0:0:ffff:127.0.0.1]:E/',
  'http://127。0。0。1:E/',
  'http://①②⑦.⓪.⓪.①:E/',
  // Where clouds keep credentials.
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://[::ffff:169.254.169.254]/',
  'http://[fd00:ec2::254]/',
  'http://[fe80::1]/',
  'http://100.100.100.200/',
  'http://metadata.google.internal/',
  // The right origin, another path.
  'http://127.0.0.1:S/admin',
  '/admin',
  '/dicom-web/../admin',
  '/dicom-web/%2e%2e/admin',
  '/dicom-web/..%2fadmin',
  '/dicom-web;/../admin',
  '../../admin',
  '/dicom-webx/studies',
];

describe('a server that leads elsewhere', () => {
  let elsewhere: Awaited<ReturnType<typeof canary>>;
  let server: ScriptedServer;
  let script: Script = () => {};
  let trick = '';
  beforeAll(async () => {
    // On every address there is: a trick may mean another one than the server's.
    elsewhere = await canary({ isEverywhere: true });
    server = await scriptedServer((request, response, raw) => script(request, response, raw));
  });
  afterAll(async () => {
    await server?.close();
    await elsewhere?.close();
  });

  function pacsOf(options: { readonly tokenUrl?: string } = {}): DicomwebPacs {
    const auth =
      options.tokenUrl === undefined
        ? ({ kind: 'bearer', token: SECRET } as const)
        : ({ kind: 'oauth2', tokenUrl: options.tokenUrl, clientId: 'id', clientSecret: SECRET } as const);
    return dicomwebPacs({ baseUrl: `${server.url}/dicom-web`, auth, inactivityMs: 5_000 });
  }

  /** Everything an adapter can be asked for; what comes of it is not the question here. */
  async function useAll(pacs: DicomwebPacs): Promise<readonly (string | undefined)[]> {
    const codes: (string | undefined)[] = [];
    const calls: (() => Promise<unknown>)[] = [
      () => pacs.echo(),
      () => pacs.profile(),
      () => all(pacs.findStudies({})),
      () => all(pacs.findInstances(studyInstanceUid)),
      async () => {
        for await (const { dataSet } of pacs.retrieve(studyInstanceUid)) await all(dataSet);
      },
      () => all(pacs.store(instances)),
    ];
    for (const call of calls) {
      codes.push(
        await call().then(
          () => undefined,
          (error: unknown) => errorCodeOf(error) ?? String(error),
        ),
      );
    }
    await pacs.stop();
    return codes;
  }

  function expectNobodyCalled(): void {
    expect(elsewhere.knocks(), trick).toBe(0);
    const paths = server.requests.map(({ path }) => path).filter((path) => path !== '/token');
    const asked = /^\/dicom-web\/studies(?:\/[\d.]+(?:\/instances|\/series\/[\d.]+\/instances\/[\d.]+)?)?$/;
    expect(
      paths.filter((path) => !asked.test(path)),
      trick,
    ).toEqual([]);
  }

  const filled = tricks.map(
    (each) =>
      (port = elsewhere.port) =>
        each.replaceAll('E', String(port)).replaceAll('S', String(server.port)),
  );

  it('has more tricks than forty, of which many would work', async () => {
    expect(new Set(tricks).size).toBeGreaterThan(50);
    // Were there nobody to be led to, all that follows would prove nothing.
    const control = await canary({ isEverywhere: true });
    for (const fill of filled) {
      const [text, base] = [fill(control.port), `${server.url}/dicom-web/`];
      const url = URL.canParse(text, base) ? new URL(text, base) : undefined;
      if (url?.port === String(control.port)) await fetch(url).catch(() => {});
    }
    expect(control.knocks()).toBeGreaterThan(20);
    await control.close();
  });

  it.each([301, 302, 303, 307, 308, 300, 201])('is not followed with status %i, wherever it points', async (status) => {
    for (const fill of filled) {
      trick = fill();
      script = (_request, response) => {
        // Node refuses to send some of them as a header, and so would the network.
        const location = Buffer.from(trick, 'utf8')
          .toString('latin1')
          .replaceAll(/[\0\r\n]/g, '');
        response.writeHead(status, { location, refresh: `0;url=${location}`, 'content-location': location }).end();
      };
      const codes = await useAll(pacsOf());
      if (status >= 300) expect(new Set(codes), trick).toEqual(new Set(['PACS_REDIRECTED']));
      expectNobodyCalled();
    }
  });

  it.each(['application/dicom+json', 'application/dicom+xml'])(
    'is not asked where its answers point, in %s',
    async (type) => {
      for (const fill of filled) {
        trick = fill();
        script = (request, response) => answer(type, trick, request, response);
        await useAll(pacsOf());
        expectNobodyCalled();
      }
    },
  );

  it('leads to no other token endpoint', async () => {
    for (const fill of filled) {
      trick = fill();
      script = (request, response) => {
        const location = Buffer.from(trick, 'utf8').toString('latin1');
        if (request.path === '/token') response.writeHead(307, { location }).end();
        else response.writeHead(401, { 'www-authenticate': `Bearer realm="${location}"`, location }).end();
      };
      const codes = await useAll(pacsOf({ tokenUrl: `${server.url}/token` }));
      expect(new Set(codes)).toEqual(new Set(['PACS_UNAUTHORIZED']));
      expectNobodyCalled();
    }
  });

  it('was told our secret under the configured path alone', () => {
    for (const { path, headers } of server.requests) {
      const told = headers.authorization ?? '';
      if (told.includes(SECRET)) expect(path).toMatch(/^\/dicom-web\/studies/);
      if (path === '/token') expect(told).toMatch(/^Basic /);
    }
    expect(server.requests.length).toBeGreaterThan(tricks.length);
  });
});

/** Points elsewhere in each attribute, URI and header that an answer has. */
function answer(type: string, trick: string, request: Parameters<Script>[0], response: Parameters<Script>[1]): void {
  const header = Buffer.from(trick, 'utf8').toString('latin1');
  const headers = { link: `<${header}>; rel="next"`, 'content-location': header, 'x-original-url': header };
  const isFirst = (request.parameters.get('offset') ?? '0') === '0';
  if (request.method === 'GET' && !request.parameters.has('limit')) {
    const parts = study.instances.map((each) =>
      Buffer.concat([
        Buffer.from(`--b\r\nContent-Type: application/dicom\r\nContent-Location: ${trick}\r\n\r\n`),
        part10Header(each),
        each.dataSet,
        Buffer.from('\r\n'),
      ]),
    );
    const body = Buffer.concat([...parts, Buffer.from('--b--')]);
    response.writeHead(200, { ...headers, 'content-type': 'multipart/related; type="application/dicom"; boundary=b' });
    response.end(body);
    return;
  }
  const dataSets = request.method === 'POST' ? [storeAnswer(trick)] : isFirst ? listing(trick) : [];
  if (type === 'application/dicom+json') {
    const value = request.method === 'POST' ? dataSets[0] : dataSets;
    response.writeHead(200, { ...headers, 'content-type': type }).end(JSON.stringify(value));
  } else if (request.headers.accept === 'application/dicom+json' && request.method === 'GET') {
    response.writeHead(406, headers).end();
  } else {
    const parts = dataSets.map((each) => `--b\r\nContent-Type: ${type}\r\n\r\n${xmlOf(each, trick)}\r\n`);
    response.writeHead(200, { ...headers, 'content-type': `multipart/related; type="${type}"; boundary=b` });
    response.end(`${parts.join('')}--b--`);
  }
}

function listing(trick: string): readonly object[] {
  return study.instances.map(({ sopInstanceUid }) => ({
    '00080005': { vr: 'CS', BulkDataURI: trick },
    '00080018': { vr: 'UI', Value: [sopInstanceUid] },
    '00081190': { vr: 'UR', Value: [trick] },
    '00100020': { vr: 'LO', Value: ['P'], BulkDataURI: trick },
    '0020000D': { vr: 'UI', Value: [studyInstanceUid] },
    '0020000E': { vr: 'UI', Value: [seriesInstanceUid] },
    '00201208': { vr: 'IS', Value: [2] },
    '0040E010': { vr: 'UR', Value: [trick] },
    '7FE00010': { vr: 'OW', BulkDataURI: trick },
  }));
}

function storeAnswer(trick: string): object {
  return {
    '00081190': { vr: 'UR', Value: [trick] },
    '00081199': {
      vr: 'SQ',
      Value: study.instances.map(({ sopInstanceUid }) => ({
        '00081155': { vr: 'UI', Value: [sopInstanceUid] },
        '00081190': { vr: 'UR', Value: [trick] },
      })),
    },
  };
}

/** Attributes as XML, beside entities and bulk data that would be fetched by who fetches such. */
function xmlOf(dataSet: object, trick: string): string {
  const escaped = trick.replaceAll(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
  const attributes = Object.entries(dataSet as Record<string, { vr: string; Value?: readonly unknown[] }>).map(
    ([tag, { vr, Value = [] }]) => {
      const values = Value.filter((each) => typeof each !== 'object').map(
        (each, index) => `<Value number="${index + 1}">${String(each) === trick ? escaped : String(each)}</Value>`,
      );
      return `<DicomAttribute tag="${tag}" vr="${vr}">${values.join('')}<BulkData uri="${escaped}"/></DicomAttribute>`;
    },
  );
  const schema = `xsi:schemaLocation="${escaped} ${escaped}" xmlns="${escaped}"`;
  return `<?xml version="1.0"?><?xml-stylesheet href="${escaped}"?><NativeDicomModel ${schema}>${attributes.join('')}</NativeDicomModel>`;
}
