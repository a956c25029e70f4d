// What a service can do: asked once, or seen in use, and remembered.
import {
  dicomwebPacs,
  dicomwebServer,
  type DicomwebPacs,
  type DicomwebPacsOptions,
} from '@interhosp/adapters/dicomweb';
import { memoryPacs } from '@interhosp/adapters/memory';
import { generateStudy } from '@interhosp/core/conformance';
import { parseUid, part10Header, TRANSFER_SYNTAXES } from '@interhosp/core/dicom';
import type { StorableInstance } from '@interhosp/core/pacs';
import { debianIsMissing, startOrthanc, type Orthanc } from '@interhosp/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { json, scriptedServer, type Script, type ScriptedServer, type SeenRequest } from './scripted-server.ts';
import { all } from './streams.ts';

const study = generateStudy({ instances: 3, pixels: 16 });
const { studyInstanceUid, seriesInstanceUid } = study;
const instances: readonly StorableInstance[] = study.instances.map((each) => ({
  ...each,
  lengthBytes: each.dataSet.length,
  async *dataSet() {
    yield each.dataSet;
  },
}));
const CT = parseUid('1.2.840.10008.5.1.4.1.1.2');

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

let nowMs = 0;
const clock = { monotonicMs: () => nowMs };

async function pacsOf(
  script: Script,
  options: Partial<DicomwebPacsOptions> = {},
): Promise<{ readonly pacs: DicomwebPacs; readonly server: ScriptedServer }> {
  nowMs = 0;
  const server = await scriptedServer(script);
  const pacs = dicomwebPacs({ baseUrl: `${server.url}/dicom-web`, clock, ...options });
  closing.push(
    () => pacs.stop(),
    () => server.close(),
  );
  return { pacs, server };
}

function listed(uid: string): object {
  return { '0020000D': { vr: 'UI', Value: [uid] }, '00201208': { vr: 'IS', Value: [3] } };
}

/** Two studies, limit and offset as the standard has them. */
function paged({ parameters }: SeenRequest): readonly object[] {
  const [limit, offset] = [Number(parameters.get('limit')), Number(parameters.get('offset'))];
  return [listed('1.2.1'), listed('1.2.2')].slice(offset, offset + limit);
}

const sound: Script = (request, response) => {
  if (request.method === 'POST') response.writeHead(400).end();
  else json(response, paged(request));
};

describe('the profile of a service', () => {
  it('is asked once, with nothing that changes the PACS or opens an image', async () => {
    const { pacs, server } = await pacsOf(sound);
    const profile = await pacs.profile();
    expect(profile).toEqual({
      answers: 'json',
      includeField: 'taken',
      paging: 'honoured',
      unknownKeys: 'ignored',
      anyTransferSyntax: 'unknown',
      retrieval: 'unknown',
      store: 'accepted',
    });
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /dicom-web/studies',
      'GET /dicom-web/studies',
      'GET /dicom-web/studies',
      'POST /dicom-web/studies',
    ]);
    expect(server.requests.at(-1)?.body.toString('latin1')).toMatch(/^\r\n--[\w-]+--\r\n$/);
    const asked = server.requests.length;
    expect(await Promise.all([pacs.profile(), pacs.profile(), pacs.acceptedSyntaxes(CT)])).toEqual([
      profile,
      profile,
      undefined,
    ]);
    expect(server.requests).toHaveLength(asked);
  });

  it.each<[string, Partial<Awaited<ReturnType<DicomwebPacs['profile']>>>, Script]>([
    [
      'that ignores limit and offset',
      { paging: 'ignored' },
      (request, response) => json(response, request.method === 'POST' ? {} : [listed('1.2.1'), listed('1.2.2')]),
    ],
    [
      'that ignores the offset alone',
      { paging: 'ignored' },
      (request, response) => json(response, request.method === 'POST' ? {} : [listed('1.2.1')]),
    ],
    [
      'that holds one study',
      { paging: 'honoured' },
      ({ parameters }, response) => json(response, parameters.get('offset') === '0' ? [listed('1.2.1')] : []),
    ],
    [
      'that holds nothing',
      { answers: 'unknown', paging: 'unknown', unknownKeys: 'unknown', store: 'accepted' },
      ({ method }, response) => void response.writeHead(method === 'GET' ? 204 : 200).end(),
    ],
    [
      'that refuses keys it does not know',
      { unknownKeys: 'refused' },
      (request, response, raw) =>
        request.parameters.has('99990010') ? void response.writeHead(400).end() : sound(request, response, raw),
    ],
    [
      'that takes unknown keys for ones that nothing matches',
      { unknownKeys: 'matched' },
      (request, response, raw) =>
        request.parameters.has('99990010') ? void response.writeHead(204).end() : sound(request, response, raw),
    ],
    [
      'that refuses includefield',
      { includeField: 'refused', paging: 'honoured' },
      (request, response, raw) =>
        request.parameters.has('includefield') ? void response.writeHead(400).end() : sound(request, response, raw),
    ],
    [
      'without a store',
      { store: 'absent' },
      (request, response, raw) =>
        request.method === 'POST' ? void response.writeHead(405).end() : sound(request, response, raw),
    ],
    [
      'that lets us search and not store',
      { store: 'refused' },
      (request, response, raw) =>
        request.method === 'POST' ? void response.writeHead(401).end() : sound(request, response, raw),
    ],
    [
      'that takes no search without a key',
      { answers: 'unknown', paging: 'unknown', store: 'accepted' },
      (request, response, raw) =>
        request.method === 'GET' ? void response.writeHead(400).end() : sound(request, response, raw),
    ],
    [
      'whose store stumbles over nothing',
      { store: 'unknown' },
      (request, response, raw) =>
        request.method === 'POST' ? void response.writeHead(500).end() : sound(request, response, raw),
    ],
  ])('says so of a service %s', async (_name, expected, script) => {
    const { pacs } = await pacsOf(script);
    expect(await pacs.profile()).toMatchObject(expected);
  });

  it('is asked again when the service did not answer', async () => {
    let isUp = false;
    const { pacs } = await pacsOf((request, response, raw) => {
      if (isUp) return sound(request, response, raw);
      response.writeHead(503).end();
    });
    await expect(pacs.profile()).rejects.toMatchObject({ code: 'PACS_BUSY' });
    isUp = true;
    expect((await pacs.profile()).store).toBe('accepted');
  });

  it('is not asked again and again of a service that leaves it open', async () => {
    const { pacs, server } = await pacsOf((request, response, raw) => {
      if (request.method === 'GET') return sound(request, response, raw);
      response.writeHead(500).end();
    });
    for (let time = 0; time < 3; time++) expect(await pacs.acceptedSyntaxes(CT)).toBe(undefined);
    const stores = () => server.requests.filter(({ method }) => method === 'POST').length;
    expect(stores()).toBe(1);
    nowMs = 3_600_000;
    await pacs.acceptedSyntaxes(CT);
    expect(stores()).toBe(2);
  });

  it.each([401, 403, 503])('leaves open what a service takes that does not let us in (%i)', async (status) => {
    const { pacs } = await pacsOf((_request, response) => void response.writeHead(status).end());
    expect(await pacs.acceptedSyntaxes(CT)).toBe(undefined);
    const reason = new Error('enough');
    await expect(pacs.acceptedSyntaxes(CT, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('leaves it open too where the service may still be starting, and finds neither a store nor anything else', async () => {
    const { pacs } = await pacsOf((_request, response) => void response.writeHead(404).end());
    expect((await pacs.profile()).store).toBe('refused');
    expect(await pacs.acceptedSyntaxes(CT)).toBe(undefined);
  });

  it('goes on for others when one does not wait', async () => {
    const { pacs } = await pacsOf(sound);
    const reason = new Error('enough');
    const stopping = new AbortController();
    const [one, other] = [pacs.profile({ signal: stopping.signal }), pacs.profile()];
    stopping.abort(reason);
    await expect(one).rejects.toBe(reason);
    expect((await other).store).toBe('accepted');
    await expect(pacs.profile({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('what a destination takes', () => {
  it('is nothing without a store, until it may have been mended', async () => {
    let hasStore = false;
    const { pacs, server } = await pacsOf((request, response, raw) => {
      if (request.method !== 'POST' || hasStore) return sound(request, response, raw);
      response.writeHead(404).end();
    });
    expect(await pacs.acceptedSyntaxes(CT)).toEqual([]);
    hasStore = true;
    nowMs = 3_599_999;
    const asked = server.requests.length;
    expect(await pacs.acceptedSyntaxes(CT)).toEqual([]);
    expect(server.requests).toHaveLength(asked);
    nowMs = 3_600_000;
    expect(await pacs.acceptedSyntaxes(CT)).toBe(undefined);
  });

  it('is what the configuration says, and not of a class that the PACS refused as unknown to it', async () => {
    const refused = new Set(['1.2.840.10008.5.1.4.1.1.2']);
    const { pacs } = await pacsOf(
      ({ method }, response) => {
        if (method === 'GET') return json(response, []);
        const items = instances.map(({ sopClassUid, sopInstanceUid }) => ({
          '00081155': { vr: 'UI', Value: [sopInstanceUid] },
          ...(refused.has(sopClassUid) && { '00081197': { vr: 'US', Value: [0x0122] } }),
        }));
        json(response, { [refused.size > 0 ? '00081198' : '00081199']: { vr: 'SQ', Value: items } });
      },
      { acceptedSyntaxes: [TRANSFER_SYNTAXES.ImplicitVRLittleEndian] },
    );
    const takes = () => pacs.acceptedSyntaxes(CT);
    expect(await takes()).toEqual([TRANSFER_SYNTAXES.ImplicitVRLittleEndian]);
    expect(instances[0]?.sopClassUid).toBe(CT);
    await all(pacs.store(instances));
    expect(await takes()).toEqual([]);
    expect(await pacs.acceptedSyntaxes(parseUid('1.2.3'))).toEqual([TRANSFER_SYNTAXES.ImplicitVRLittleEndian]);
    // Taken after all: somebody has mended it.
    refused.clear();
    await all(pacs.store(instances));
    expect(await takes()).toEqual([TRANSFER_SYNTAXES.ImplicitVRLittleEndian]);
  });
});

describe('what shows in use', () => {
  const listing = study.instances.map(({ sopInstanceUid }) => ({
    '0020000E': { vr: 'UI', Value: [seriesInstanceUid] },
    '00080018': { vr: 'UI', Value: [sopInstanceUid] },
    '00083002': { vr: 'UI', Value: ['1.2.840.10008.1.2.4.90'] },
  }));
  const single: Script = ({ path }, response) => {
    const instance = study.instances.find(({ sopInstanceUid }) => path.endsWith(sopInstanceUid));
    if (instance === undefined) return void response.writeHead(404).end();
    const body = Buffer.concat([part10Header(instance), instance.dataSet]);
    response.writeHead(200, { 'content-type': 'application/dicom' }).end(body);
  };

  /** Searches answered; retrievals by the script. */
  function searched(script: Script): Script {
    return (request, response, raw) => {
      if (request.method === 'POST') return void response.writeHead(400).end();
      if (!request.parameters.has('limit')) return script(request, response, raw);
      const found = request.path.endsWith('/instances') ? listing : [listed(studyInstanceUid)];
      json(response, request.parameters.get('offset') === '0' ? found : []);
    };
  }

  async function retrieved(pacs: DicomwebPacs): Promise<number> {
    let count = 0;
    for await (const { dataSet } of pacs.retrieve(studyInstanceUid)) {
      await all(dataSet);
      count++;
    }
    return count;
  }

  it.each([405, 501])('a service without whole studies (%i) is asked for one once', async (status) => {
    const { pacs, server } = await pacsOf(
      searched((request, response, raw) => {
        if (!request.path.endsWith(studyInstanceUid)) return single(request, response, raw);
        response.writeHead(status).end();
      }),
    );
    expect([await retrieved(pacs), await retrieved(pacs)]).toEqual([3, 3]);
    expect(server.requests.filter(({ path }) => path.endsWith(studyInstanceUid))).toHaveLength(1);
    expect((await pacs.profile()).retrieval).toBe('instance');
    // After an hour it may have been mended.
    nowMs = 3_600_000;
    await retrieved(pacs);
    expect(server.requests.filter(({ path }) => path.endsWith(studyInstanceUid))).toHaveLength(2);
  });

  it.each([400, 406])(
    'a service that refuses `transfer-syntax=*` (%i) is asked by name from then on',
    async (status) => {
      const { pacs, server } = await pacsOf(
        searched((request, response, raw) => {
          if (request.headers.accept?.includes('transfer-syntax=*') !== true) return single(request, response, raw);
          response.writeHead(status).end();
        }),
        { retrieve: 'instance' },
      );
      expect(await retrieved(pacs)).toBe(3);
      expect((await pacs.profile()).anyTransferSyntax).toBe('refused');
      const accepts = server.requests
        .filter(({ path }) => /instances\/[\d.]+$/.test(path))
        .map((each) => each.headers.accept);
      expect(accepts.filter((accept) => accept?.includes('=*'))).toHaveLength(accepts.length - 3);
      expect(accepts.at(-1)).toContain('transfer-syntax=1.2.840.10008.1.2.4.90, ');
      expect(accepts.at(-1)?.endsWith('transfer-syntax=1.2.840.10008.1.2.2')).toBe(true);
    },
  );

  it('a service that sends another syntax than it lists is known for it', async () => {
    const { pacs } = await pacsOf(searched(single), { retrieve: 'instance' });
    expect(await retrieved(pacs)).toBe(3);
    expect((await pacs.profile()).anyTransferSyntax).toBe('ignored');
  });

  it('a service that knows only XML is asked for JSON once', async () => {
    const { pacs, server } = await pacsOf(({ method, headers, parameters }, response) => {
      if (method === 'POST') return void response.writeHead(400).end();
      if (headers.accept !== 'multipart/related; type="application/dicom+xml"')
        return void response.writeHead(406).end();
      const parts = parameters.get('offset') === '0' ? [xml('1.2.1'), xml('1.2.2')] : [];
      const type = 'application/dicom+xml';
      response.writeHead(200, { 'content-type': `multipart/related; type="${type}"; boundary=b` });
      response.end(`${parts.map((part) => `--b\r\nContent-Type: ${type}\r\n\r\n${part}\r\n`).join('')}--b--`);
    });
    for (let time = 0; time < 2; time++) {
      const found = await all(pacs.findStudies({}));
      expect(found.map((each) => each.studyInstanceUid)).toEqual(['1.2.1', '1.2.2']);
      expect(found[0]?.patient).toEqual({
        patientId: { id: 'P', issuer: 'A&B' },
        name: { alphabetic: expect.objectContaining({ family: 'Vérité', given: 'Anne Hélène', prefix: 'Dr' }) },
        sex: 'F',
      });
      expect(found[0]?.instances).toBe(3);
    }
    expect(server.requests.filter(({ headers }) => headers.accept === 'application/dicom+json')).toHaveLength(1);
    expect((await pacs.profile()).answers).toBe('xml');
  });

  it.each([
    ['a page that asks for a password', 'application/dicom+xml', '<html><body>Sign in</body></html>'],
    ['a part that is none', 'multipart/related; boundary=b', '--b\r\n\r\n<html></html>\r\n--b--'],
    ['a part that breaks off', 'multipart/related; boundary=b', '--b\r\n\r\n<NativeDicomModel>\r\n--b--'],
    ['text', 'text/html', '<html></html>'],
  ])('%s is no empty answer', async (_name, type, body) => {
    const { pacs } = await pacsOf(
      (_request, response) => void response.writeHead(200, { 'content-type': type }).end(body),
    );
    await expect(all(pacs.findStudies({}))).rejects.toMatchObject({ code: 'PACS_PROTOCOL' });
  });

  it('an answer in XML that breaks off is not taken for a short one', async () => {
    const { pacs } = await pacsOf((_request, response) => {
      response.writeHead(200, { 'content-type': 'multipart/related; boundary=b' });
      response.end(`--b\r\n\r\n${xml('1.2.1')}\r\n--b\r\n`);
    });
    await expect(all(pacs.findStudies({}))).rejects.toMatchObject({ code: 'PACS_INCOMPLETE' });
  });
});

function xml(uid: string): string {
  const value = (tag: string, vr: string, text: string): string =>
    `<DicomAttribute tag="${tag}" vr="${vr}"><Value number="1">${text}</Value></DicomAttribute>`;
  const name =
    '<PersonName number="1"><Alphabetic><FamilyName>Vérité</FamilyName><GivenName>Anne^Hélène</GivenName>' +
    '<NamePrefix>Dr</NamePrefix></Alphabetic></PersonName>';
  return `<?xml version="1.0"?><NativeDicomModel>${[
    value('0020000D', 'UI', uid),
    value('00100020', 'LO', 'P'),
    value('00100021', 'LO', 'A&amp;B'),
    value('00100040', 'CS', 'F'),
    value('00201208', 'IS', '3'),
    `<DicomAttribute tag="00100010" vr="PN">${name}</DicomAttribute>`,
  ].join('')}</NativeDicomModel>`;
}

describe('our own server', () => {
  it('has a profile', async () => {
    const memory = memoryPacs();
    const server = dicomwebServer({ pacs: memory });
    await server.start();
    const pacs = dicomwebPacs({ baseUrl: server.url });
    closing.push(
      () => pacs.stop(),
      () => server.stop(),
    );
    await all(pacs.store(instances));
    expect(await pacs.profile()).toMatchObject({ answers: 'json', paging: 'honoured', store: 'accepted' });
    expect(await all(memory.findInstances(studyInstanceUid))).toHaveLength(3);
  });
});

describe.skipIf(debianIsMissing())('Orthanc', () => {
  let orthanc: Orthanc;
  beforeAll(async () => {
    orthanc = await startOrthanc();
  });
  afterAll(async () => {
    await orthanc?.stop();
  });

  it('has a profile, and holds no more than before for having been asked', async () => {
    const pacs = dicomwebPacs({ baseUrl: orthanc.dicomwebUrl });
    closing.push(() => pacs.stop());
    const second = generateStudy({ instances: 1, pixels: 16, seed: 2 });
    const more = second.instances.map((each) => ({
      ...each,
      lengthBytes: each.dataSet.length,
      dataSet: () => once(each.dataSet),
    }));
    await all(pacs.store([...instances, ...more]));
    for await (const { dataSet } of pacs.retrieve(studyInstanceUid)) await all(dataSet);
    expect(await pacs.profile()).toEqual({
      answers: 'json',
      includeField: 'taken',
      paging: 'honoured',
      unknownKeys: 'ignored',
      // It lists no transfer syntaxes to compare with.
      anyTransferSyntax: 'unknown',
      retrieval: 'study',
      store: 'accepted',
    });
    const held = (await (await fetch(`${orthanc.url}/instances`)).json()) as readonly string[];
    expect(held).toHaveLength(4);
  });

  it('is read in XML as in JSON', async () => {
    const inXml: Script = async (request, response) => {
      const accept = request.headers.accept ?? '';
      if (accept.includes('json')) return void response.writeHead(406).end();
      const url = `${orthanc.url}${request.path}?${request.parameters.toString()}`;
      // Orthanc 1.10 answers in XML only when it is asked for the type of the parts.
      const answer = await fetch(url, { headers: { accept: 'application/dicom+xml' } });
      const type = answer.headers.get('content-type') ?? '';
      response.writeHead(answer.status, { 'content-type': type }).end(Buffer.from(await answer.arrayBuffer()));
    };
    const { pacs } = await pacsOf(inXml);
    const direct = dicomwebPacs({ baseUrl: orthanc.dicomwebUrl });
    closing.unshift(() => direct.stop());
    const found = await all(pacs.findStudies({}));
    expect(found).toHaveLength(2);
    expect(found).toEqual(await all(direct.findStudies({})));
    expect(await all(pacs.findInstances(studyInstanceUid))).toEqual(await all(direct.findInstances(studyInstanceUid)));
  });
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
