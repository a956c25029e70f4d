// A DICOMweb server that means ill: it leads elsewhere, breaks off, or sends without end (threats T18, T19).
import { dicomwebPacs, type DicomwebPacsOptions } from '@interhosp/adapters/dicomweb';
import { generateStudy } from '@interhosp/core/conformance';
import { parseUid, part10Header } from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import type { Pacs } from '@interhosp/core/pacs';
import { afterEach, describe, expect, it } from 'vitest';
import { canary, json, scriptedServer, type Script, type ScriptedServer } from './scripted-server.ts';
import { all } from './streams.ts';

const study = generateStudy({ instances: 2, pixels: 16 });
const { studyInstanceUid, seriesInstanceUid } = study;
const secret = 'tok-3n-of-the-test';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function pacsOf(
  script: Script,
  options: Partial<DicomwebPacsOptions> = {},
): Promise<{ readonly pacs: Pacs; readonly server: ScriptedServer }> {
  const server = await scriptedServer(script);
  const auth = { kind: 'bearer', token: secret } as const;
  const pacs = dicomwebPacs({ baseUrl: `${server.url}/dicom-web`, auth, ...options });
  closing.push(
    () => pacs.stop(),
    () => server.close(),
  );
  return { pacs, server };
}

async function errorOf(action: () => Promise<unknown>): Promise<unknown> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return error;
  }
}

async function retrieved(pacs: Pacs): Promise<number> {
  let bytes = 0;
  for await (const { dataSet } of pacs.retrieve(studyInstanceUid))
    for await (const piece of dataSet) bytes += piece.length;
  return bytes;
}

/** What came of each instance: its length, or the code of what is wrong with it alone. */
async function each(pacs: Pacs) {
  const told: { readonly sopInstanceUid: string | undefined; readonly told: unknown }[] = [];
  for await (const { dataSet, sopInstanceUid } of pacs.retrieve(studyInstanceUid)) {
    let bytes = 0;
    const error = await errorOf(async () => {
      for await (const piece of dataSet) bytes += piece.length;
    });
    told.push({ sopInstanceUid, told: errorCodeOf(error) ?? bytes });
  }
  return told;
}

/** Answers of a search for the two instances of the study. */
const listing = study.instances.map(({ sopInstanceUid }) => ({
  '0020000E': { vr: 'UI', Value: [seriesInstanceUid] },
  '00080018': { vr: 'UI', Value: [sopInstanceUid] },
}));

const summary = { '0020000D': { vr: 'UI', Value: [studyInstanceUid] }, '00201208': { vr: 'IS', Value: [2] } };

/** Lists the study and its two instances; everything else is answered by the script. */
function listed(
  script: Script,
  instances: readonly object[] = listing,
  studies: readonly object[] = [summary],
): Script {
  return (request, response, raw) => {
    if (!request.parameters.has('limit')) return script(request, response, raw);
    const answers = request.path.endsWith('/instances') ? instances : studies;
    json(response, request.parameters.get('offset') === '0' ? answers : []);
  };
}

const parts = study.instances.map((each) =>
  Buffer.concat([
    Buffer.from('--b\r\nContent-Type: application/dicom\r\n\r\n'),
    part10Header(each),
    each.dataSet,
    Buffer.from('\r\n'),
  ]),
);
const whole = Buffer.concat([...parts, Buffer.from('--b--')]);
const multipart = { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' };

describe('a DICOMweb server that leads elsewhere', () => {
  it('is not followed, wherever it points and whatever is asked', async () => {
    const elsewhere = await canary();
    closing.push(elsewhere.close);
    for (const status of [300, 301, 302, 303, 307, 308]) {
      const { pacs, server } = await pacsOf((_request, response) => {
        response.writeHead(status, { location: `http://127.0.0.1:${elsewhere.port}/` }).end();
      });
      const instance = study.instances[0];
      const calls: (() => Promise<unknown>)[] = [
        () => pacs.echo(),
        () => all(pacs.findStudies({})),
        () => all(pacs.findInstances(studyInstanceUid)),
        () => retrieved(pacs),
        () => all(pacs.store(instance === undefined ? [] : [{ ...instance, lengthBytes: 1, dataSet: () => bytes(1) }])),
      ];
      for (const call of calls) expect(errorCodeOf(await errorOf(call))).toBe('PACS_REDIRECTED');
      expect(server.requests).toHaveLength(calls.length);
    }
    expect(elsewhere.knocks()).toBe(0);
  });

  it('is not followed to its own origin either', async () => {
    const { pacs, server } = await pacsOf((request, response) => {
      if (request.path === '/dicom-web/studies') response.writeHead(302, { location: '/elsewhere' }).end();
      else json(response, []);
    });
    expect(errorCodeOf(await errorOf(() => pacs.echo()))).toBe('PACS_REDIRECTED');
    expect(server.requests.map((each) => each.path)).toEqual(['/dicom-web/studies']);
  });

  it('cannot make the client ask an address that it returns', async () => {
    const elsewhere = await canary();
    closing.push(elsewhere.close);
    const { port } = elsewhere;
    const tricks = [
      `http://127.0.0.1:${port}/x`,
      `//127.0.0.1:${port}/x`,
      `\\\\127.0.0.1:${port}\\x`,
      `http:127.0.0.1:${port}`,
      `http://pacs@127.0.0.1:${port}/`,
      `http://127.0.0.1#@127.0.0.1:${port}/`,
      `http://[::ffff:127.0.0.1]:${port}/`,
      `http://2130706433:${port}/`,
      `http://0x7f.1:${port}/`,
      `http://0:${port}/`,
      `http://localhost.:${port}/`,
      `http://127.0.0.1:${port}\\@pacs/`,
      `http://127。0。0。1:${port}/`,
      `file:///etc/passwd`,
      `gopher://127.0.0.1:${port}/`,
      '/../../../studies',
      '169.254.169.254',
      'http://169.254.169.254/latest/meta-data',
      'http://[fe80::1]/',
      `http://127.0.0.1:${port}/%2e%2e/`,
    ];
    const { pacs, server } = await pacsOf((request, response) => {
      const isFirst = (request.parameters.get('offset') ?? '0') === '0';
      const answers = tricks.flatMap((trick, index) => [
        {
          '0020000D': { vr: 'UI', Value: [`1.2.${index}`] },
          '0020000E': { vr: 'UI', Value: ['1.2'], BulkDataURI: trick },
          '00080018': { vr: 'UI', Value: [`1.2.3.${index}`] },
          '00081190': { vr: 'UR', Value: [trick] },
          '00100020': { vr: 'LO', BulkDataURI: trick },
          '7FE00010': { vr: 'OW', BulkDataURI: trick },
        },
        // A UID that would be another path.
        {
          '0020000D': { vr: 'UI', Value: [trick] },
          '0020000E': { vr: 'UI', Value: [trick] },
          '00080018': { vr: 'UI', Value: [trick] },
        },
      ]);
      json(response, isFirst ? answers : []);
    });
    // One of the tricks has the form of a UID, and is one as far as anybody can tell.
    expect(await all(pacs.findStudies({}))).toHaveLength(tricks.length + 1);
    await all(pacs.findInstances(parseUid('1.2.1')));
    await errorOf(() => retrieved(pacs));
    expect(elsewhere.knocks()).toBe(0);
    for (const request of server.requests)
      expect(request.path).toMatch(
        /^\/dicom-web\/studies(?:\/[\d.]+(?:\/instances)?(?:\/series\/[\d.]+\/instances\/[\d.]+)?)?$/,
      );
  });

  it.each([
    'ftp://pacs/',
    'file:///etc/passwd',
    'pacs.example',
    '',
    'http://user:password@pacs/',
    'http://pacs/?a=b',
    'http://pacs/#a',
    'http://169.254.169.254/',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://[fe80::1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://100.100.100.200/',
    'http://[fd00:ec2::254]/',
  ])('is no address of a PACS: %s', (baseUrl) => {
    expect(() => dicomwebPacs({ baseUrl })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error);
    const auth = { kind: 'oauth2', tokenUrl: baseUrl, clientId: 'a', clientSecret: 'b' } as const;
    expect(() => dicomwebPacs({ baseUrl: 'http://pacs/', auth })).toThrow(/CONFIG_INVALID/);
  });

  it('keeps secrets out of what it throws', async () => {
    const { pacs } = await pacsOf((_request, response) => void response.writeHead(401).end(secret));
    const error = await errorOf(() => pacs.echo());
    expect(errorCodeOf(error)).toBe('PACS_UNAUTHORIZED');
    expect(JSON.stringify(error) + String(error) + String((error as Error).stack)).not.toContain(secret);
  });
});

describe('a DICOMweb server that breaks off', () => {
  it('is believed when nothing is missing', async () => {
    const { pacs, server } = await pacsOf(
      listed((_request, response) => void response.writeHead(200, multipart).end(whole)),
    );
    expect(await retrieved(pacs)).toBe(study.instances.reduce((sum, each) => sum + each.dataSet.length, 0));
    expect(server.requests.at(-1)?.headers.accept).toBe(
      'multipart/related; type="application/dicom"; transfer-syntax=*',
    );
  });

  it.each<[string, Buffer]>([
    ['before the closing boundary', whole.subarray(0, -5)],
    ['within the second instance', whole.subarray(0, whole.length - 200)],
    ['within the first headers', whole.subarray(0, 20)],
    ['with nothing', Buffer.alloc(0)],
    ['with one instance fewer', Buffer.concat([parts[0] ?? Buffer.alloc(0), Buffer.from('--b--')])],
    ['without any instance', Buffer.from('--b--')],
  ])('is incomplete: %s', async (_name, body) => {
    const { pacs } = await pacsOf(listed((_request, response) => void response.writeHead(200, multipart).end(body)));
    expect(errorCodeOf(await errorOf(() => retrieved(pacs)))).toBe('PACS_INCOMPLETE');
  });

  it('is incomplete when the connection is cut', async () => {
    for (const length of [100, whole.length - 3]) {
      const { pacs } = await pacsOf(
        listed(async (_request, response) => {
          response.writeHead(200, { ...multipart, 'content-length': whole.length });
          await new Promise<void>((resolve) => response.write(whole.subarray(0, length), () => resolve()));
          response.destroy();
        }),
      );
      expect(errorCodeOf(await errorOf(() => retrieved(pacs)))).toBe('PACS_INCOMPLETE');
    }
  });

  it.each<[string, Record<string, string>, string | Buffer]>([
    ['text', { 'content-type': 'text/html' }, '<html>'],
    ['no media type', {}, whole],
    ['no boundary', { 'content-type': 'multipart/related; type="application/dicom"' }, whole],
    ['a message in the message', multipart, '--b\r\nContent-Type: multipart/related; boundary=c\r\n\r\n--c--\r\n--b--'],
    ['headers without end', multipart, `--b\r\n${'X: 1\r\n'.repeat(100_000)}`],
    ['a preamble without end', multipart, 'x'.repeat(1_000_000)],
    ['a part longer than it said', multipart, '--b\r\nContent-Length: 2\r\n\r\nabc\r\n--b--'],
  ])('is not understood: %s', async (_name, headers, body) => {
    const { pacs } = await pacsOf(listed((_request, response) => void response.writeHead(200, headers).end(body)));
    expect(errorCodeOf(await errorOf(() => retrieved(pacs)))).toBe('PACS_PROTOCOL');
  });

  it('says that one part is no instance, and gives the others', async () => {
    const part = '--b\r\nContent-Type: application/dicom\r\n\r\n{"error":"no"}\r\n';
    const body = Buffer.concat([Buffer.from(part), parts[1] ?? Buffer.alloc(0), Buffer.from('--b--')]);
    const { pacs } = await pacsOf(listed((_request, response) => void response.writeHead(200, multipart).end(body)));
    const second = study.instances[1];
    expect(await each(pacs)).toEqual([
      { sopInstanceUid: undefined, told: 'DICOM_NOT_PART10' },
      { sopInstanceUid: second?.sopInstanceUid, told: second?.dataSet.length },
    ]);
  });

  it('says which instance is none where they come one by one, and gives the others', async () => {
    const [first, second] = study.instances;
    const { pacs } = await pacsOf(
      listed((request, response) => {
        response.writeHead(200, { 'content-type': 'application/dicom' });
        if (first !== undefined && request.path.endsWith(first.sopInstanceUid)) response.end('<html>');
        else if (second !== undefined) response.end(Buffer.concat([part10Header(second), second.dataSet]));
      }),
      { retrieve: 'instance' },
    );
    expect(await each(pacs)).toEqual([
      { sopInstanceUid: first?.sopInstanceUid, told: 'DICOM_NOT_PART10' },
      { sopInstanceUid: second?.sopInstanceUid, told: second?.dataSet.length },
    ]);
  });

  it('names an instance as it was asked for, whatever stands before its bytes', async () => {
    const [first, second] = study.instances;
    const { pacs } = await pacsOf(
      listed((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/dicom' });
        if (second !== undefined) response.end(Buffer.concat([part10Header(second), Buffer.alloc(8)]));
      }),
      { retrieve: 'instance' },
    );
    expect((await each(pacs)).map(({ sopInstanceUid }) => sopInstanceUid)).toEqual([
      first?.sopInstanceUid,
      second?.sopInstanceUid,
    ]);
  });

  it('gives its connection back when an instance is not read', async () => {
    const { pacs } = await pacsOf(
      listed((request, response) => {
        const one = study.instances.find(({ sopInstanceUid }) => request.path.endsWith(sopInstanceUid));
        if (one === undefined) return;
        response.writeHead(200, { 'content-type': 'application/dicom' });
        response.end(Buffer.concat([part10Header(one), one.dataSet, Buffer.alloc(4_000_000)]));
      }),
      { connections: 1, retrieve: 'instance' },
    );
    let count = 0;
    for await (const { sopInstanceUid } of pacs.retrieve(studyInstanceUid, { signal: AbortSignal.timeout(20_000) })) {
      expect(sopInstanceUid).toBe(study.instances[count++]?.sopInstanceUid);
    }
    expect(count).toBe(2);
  });

  it('is left when its parts are without end', async () => {
    let sent = 0;
    const { pacs } = await pacsOf(
      listed(async (_request, response) => {
        response.writeHead(200, multipart);
        const many = Buffer.from('--b\r\n\r\nDICM\r\n'.repeat(2000));
        for (; sent < 500_000_000 && !response.destroyed; sent += many.length) {
          if (!response.write(many)) await drained(response);
        }
      }),
    );
    expect(errorCodeOf(await errorOf(() => each(pacs)))).toBe('PACS_PROTOCOL');
    expect(sent).toBeLessThan(20_000_000);
  });
});

describe('a DICOMweb server that keeps a study to itself', () => {
  it.each([
    [401, 'PACS_UNAUTHORIZED'],
    [403, 'PACS_REFUSED'],
  ])('is asked again later: %i', async (status, code) => {
    const closed = await pacsOf((_request, response) => void response.writeHead(status).end());
    const listing = await pacsOf(listed((_request, response) => void response.writeHead(status).end()));
    for (const action of [
      () => all(closed.pacs.findStudies({ studyInstanceUid })),
      () => all(closed.pacs.findInstances(studyInstanceUid)),
      () => retrieved(closed.pacs),
      () => retrieved(listing.pacs),
    ])
      expect(await errorOf(action)).toMatchObject({ code, retry: 'later', details: { status } });
    // Whoever searches for any study is told at once.
    expect(await errorOf(() => all(closed.pacs.findStudies({})))).toMatchObject({ code, retry: 'no' });
  });

  it('is asked again later when it has lost what it listed', async () => {
    const { pacs } = await pacsOf(listed((_request, response) => void response.writeHead(404).end(), []));
    expect(await errorOf(() => retrieved(pacs))).toMatchObject({ code: 'PACS_INCOMPLETE', retry: 'later' });
    const gone = await pacsOf(listed((_request, response) => void response.writeHead(404).end(), [], []));
    expect(await errorOf(() => retrieved(gone.pacs))).toMatchObject({ code: 'PACS_STUDY_UNKNOWN', retry: 'later' });
  });
});

describe('how a study is asked for', () => {
  const single = (index: number): Buffer => {
    const instance = study.instances[index];
    return instance === undefined ? Buffer.alloc(0) : Buffer.concat([part10Header(instance), instance.dataSet]);
  };
  const oneByOne: Script = (request, response) => {
    const index = study.instances.findIndex((each) => request.path.endsWith(each.sopInstanceUid));
    if (index < 0) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'application/dicom' }).end(single(index));
  };

  it('comes instance by instance where the server does not find the study that it lists', async () => {
    const { pacs, server } = await pacsOf(listed(oneByOne));
    expect(await retrieved(pacs)).toBeGreaterThan(0);
    const asked = server.requests.filter((each) => !each.parameters.has('limit'));
    expect(asked.map((each) => each.path.replace('/dicom-web/studies/', ''))).toEqual([
      studyInstanceUid,
      ...study.instances.map(
        (each) => `${studyInstanceUid}/series/${seriesInstanceUid}/instances/${each.sopInstanceUid}`,
      ),
    ]);
  });

  it('retrieves all that is listed, whatever older count the study is listed with', async () => {
    const stale = { ...summary, '00201208': { vr: 'IS', Value: [1] } };
    const { pacs } = await pacsOf(listed(oneByOne, listing, [stale]));
    expect((await each(pacs)).map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(
      study.instances.map(({ sopInstanceUid }) => sopInstanceUid),
    );
  });

  it.each([
    [33_554_432, 1],
    [33_554_433, 2],
  ])('goes by what the pixels would take, at %i bytes in %i requests', async (sizeBytes, requests) => {
    const sized = listing.map((each, index) => ({
      ...each,
      '00280010': { vr: 'US', Value: [index === 0 ? sizeBytes : 0] },
      '00280011': { vr: 'US', Value: [1] },
      '00280008': { vr: 'IS', Value: ['1'] },
      '00280100': { vr: 'US', Value: [8] },
    }));
    const script: Script = (request, response, raw) => {
      if (!request.path.endsWith(studyInstanceUid)) return oneByOne(request, response, raw);
      response.writeHead(200, multipart).end(whole);
    };
    const { pacs, server } = await pacsOf(listed(script, sized));
    await retrieved(pacs);
    expect(server.requests.filter((each) => !each.parameters.has('limit'))).toHaveLength(requests);
  });

  it('counts the instances itself where the server does not tell how many it holds', async () => {
    const { '00201208': _, ...untold } = summary;
    const body = Buffer.concat([parts[0] ?? Buffer.alloc(0), Buffer.from('--b--')]);
    const script: Script = (_request, response) => void response.writeHead(200, multipart).end(body);
    const { pacs } = await pacsOf(listed(script, listing, [untold]));
    expect(errorCodeOf(await errorOf(() => retrieved(pacs)))).toBe('PACS_INCOMPLETE');
    const none = await pacsOf(listed(script, [], []));
    expect(errorCodeOf(await errorOf(() => retrieved(none.pacs)))).toBe('PACS_STUDY_UNKNOWN');
  });

  it('reads parts that tell their length, and bare line feeds', async () => {
    const [one, two] = [single(0), single(1)];
    const forms = [
      Buffer.concat([
        Buffer.from(`--b\r\nContent-Length: ${one.length}\r\n\r\n`),
        one,
        Buffer.from(`\r\n--b\r\nContent-Length: ${two.length}\r\n\r\n`),
        two,
        Buffer.from('\r\n--b--\r\n'),
      ]),
      Buffer.concat([Buffer.from('--b\nX: 1\n\n'), one, Buffer.from('\n--b\nX: 1\n\n'), two, Buffer.from('\n--b--\n')]),
    ];
    for (const form of forms) {
      const { pacs } = await pacsOf(listed((_request, response) => void response.writeHead(200, multipart).end(form)));
      expect(await retrieved(pacs)).toBe(study.instances.reduce((sum, each) => sum + each.dataSet.length, 0));
    }
  });
});

async function* bytes(count: number): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(count);
}

async function drained(response: Parameters<Script>[1]): Promise<void> {
  await new Promise<void>((resolve) => {
    response.setMaxListeners(0);
    response.once('drain', resolve);
    response.once('close', resolve);
  });
}
