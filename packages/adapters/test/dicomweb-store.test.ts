// What servers answer to stores, and what becomes of each instance.
import { dicomwebPacs, type DicomwebPacsOptions } from '@interhosp/adapters/dicomweb';
import { generateStudy } from '@interhosp/core/conformance';
import { errorCodeOf } from '@interhosp/core/errors';
import type { Pacs, StorableInstance, StoreOutcome } from '@interhosp/core/pacs';
import { afterEach, describe, expect, it } from 'vitest';
import { json, scriptedServer, type Script, type ScriptedServer } from './scripted-server.ts';
import { all } from './streams.ts';

const study = generateStudy({ instances: 4, pixels: 16 });
const instances: readonly StorableInstance[] = study.instances.map((each) => ({
  ...each,
  lengthBytes: each.dataSet.length,
  async *dataSet() {
    yield each.dataSet;
  },
}));
const uids = instances.map((each) => each.sopInstanceUid);
const [first = '', second = '', third = ''] = uids;

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function pacsOf(
  script: Script,
  options: Partial<DicomwebPacsOptions> = {},
  reading?: { readonly readsBody: boolean },
): Promise<{ readonly pacs: Pacs; readonly server: ScriptedServer }> {
  const server = await scriptedServer(script, reading);
  const pacs = dicomwebPacs({ baseUrl: server.url, ...options });
  closing.push(
    () => pacs.stop(),
    () => server.close(),
  );
  return { pacs, server };
}

async function outcomes(pacs: Pacs, given = instances): Promise<StoreOutcome[]> {
  const list = await all(pacs.store(given));
  return list.toSorted((a, b) => uids.indexOf(a.sopInstanceUid) - uids.indexOf(b.sopInstanceUid));
}

async function statuses(pacs: Pacs, given = instances): Promise<string[]> {
  return (await outcomes(pacs, given)).map((each) => each.status);
}

function stored(uid: string, warning?: number): object {
  return {
    '00081155': { vr: 'UI', Value: [uid] },
    ...(warning !== undefined && { '00081196': { vr: 'US', Value: [warning] } }),
  };
}

function failed(uid: string, reason?: number): object {
  return {
    '00081155': { vr: 'UI', Value: [uid] },
    ...(reason !== undefined && { '00081197': { vr: 'US', Value: [reason] } }),
  };
}

function storeAnswer(taken: readonly object[], refused: readonly object[] = []): object {
  return { '00081199': { vr: 'SQ', Value: taken }, '00081198': { vr: 'SQ', Value: refused } };
}

/** An instance of our study as a search lists it. */
function listed(uid: string): object {
  return {
    '0020000E': { vr: 'UI', Value: [study.seriesInstanceUid] },
    '00080018': { vr: 'UI', Value: [uid] },
  };
}

/** Which of our instances a request carries. */
function carried(body: Buffer): string[] {
  return uids.filter((uid) => body.includes(uid));
}

describe('a store over DICOMweb', () => {
  it('sends a batch with its length, part by part with theirs', async () => {
    const { pacs, server } = await pacsOf((_request, response) =>
      json(response, storeAnswer(uids.map((uid) => stored(uid)))),
    );
    expect(await statuses(pacs)).toEqual(['stored', 'stored', 'stored', 'stored']);
    const [request, ...more] = server.requests;
    expect(more).toEqual([]);
    expect(request?.method).toBe('POST');
    expect(request?.path).toBe('/studies');
    expect(request?.headers['transfer-encoding']).toBe(undefined);
    expect(Number(request?.headers['content-length'])).toBe(request?.body.length);
    expect(request?.headers['content-type']).toMatch(/^multipart\/related; type="application\/dicom"; boundary=\S+$/);
    for (const { dataSet } of study.instances) expect(request?.body.includes(Buffer.from(dataSet))).toBe(true);
    expect(request?.body.toString('latin1').match(/Content-Length: \d+/g)).toHaveLength(4);
  });

  it('accounts for each instance, and is in doubt of those that are in no list', async () => {
    const { pacs } = await pacsOf((_request, response) => {
      json(response, storeAnswer([stored(first), stored(second, 0xb000)], [failed(third, 0xa700)]), 202);
    });
    expect(await outcomes(pacs)).toEqual([
      { sopInstanceUid: uids[0], status: 'stored' },
      { sopInstanceUid: uids[1], status: 'warned', statusCode: 0xb000 },
      { sopInstanceUid: uids[2], status: 'refused', retry: 'later', statusCode: 0xa700 },
      { sopInstanceUid: uids[3], status: 'unknown', retry: 'later' },
    ]);
  });

  it.each<[number, string, string | undefined]>([
    [0x0110, 'refused', 'later'],
    [0x0111, 'duplicate', undefined],
    [0x0122, 'refused', 'no'],
    [0x0124, 'refused', 'no'],
    [0xa701, 'refused', 'later'],
    [0xa900, 'refused', 'no'],
    [0xc000, 'refused', 'no'],
  ])('makes of failure reason %i: %s, %s', async (reason, status, retry) => {
    const { pacs } = await pacsOf((_request, response) =>
      json(response, storeAnswer([], [failed(first, reason)]), 409),
    );
    const [outcome] = await outcomes(pacs, instances.slice(0, 1));
    expect(outcome).toEqual({
      sopInstanceUid: first,
      status,
      statusCode: reason,
      ...(retry !== undefined && { retry }),
    });
  });

  it('does not call stored what is in both lists', async () => {
    const { pacs } = await pacsOf((_request, response) =>
      json(response, storeAnswer([stored(first)], [failed(first)]), 202),
    );
    expect(await outcomes(pacs, instances.slice(0, 1))).toEqual([
      { sopInstanceUid: first, status: 'refused', retry: 'no' },
    ]);
  });

  it.each<[string, Script]>([
    ['an empty body', (_request, response) => void response.writeHead(200).end()],
    ['no content', (_request, response) => void response.writeHead(204).end()],
    ['a body that cannot be read', (_request, response) => void response.writeHead(200).end('<html>ok</html>')],
    ['JSON that breaks off', (_request, response) => void response.writeHead(200).end('{"00081199":')],
    ['other UIDs', (_request, response) => json(response, storeAnswer([stored('1.2.3')]))],
    ['an internal error', (_request, response) => void response.writeHead(500).end()],
    ['a gateway that gave up', (_request, response) => void response.writeHead(504).end()],
  ])('is in doubt after %s', async (_name, script) => {
    const { pacs } = await pacsOf(script);
    expect(await outcomes(pacs, instances.slice(0, 2))).toEqual([
      { sopInstanceUid: uids[0], status: 'unknown', retry: 'later' },
      { sopInstanceUid: uids[1], status: 'unknown', retry: 'later' },
    ]);
  });

  it('reads an answer in XML', async () => {
    const item = (uid: string, more = '') =>
      `<Item number="1"><DicomAttribute tag="00081155" vr="UI"><Value number="1">${uid}</Value></DicomAttribute>${more}</Item>`;
    const reason = '<DicomAttribute vr="US" tag="00081197"><Value number="1">42752</Value></DicomAttribute>';
    const { pacs } = await pacsOf((_request, response) => {
      response.writeHead(202, { 'content-type': 'application/dicom+xml' }).end(
        `<?xml version="1.0" encoding="UTF-8"?><!-- ok --><dcm:NativeDicomModel xmlns:dcm="x">
         <DicomAttribute tag="00081199" vr="SQ">${item(first)}${item(second)}</DicomAttribute>
         <DicomAttribute tag="00081198" vr="SQ">${item(third, reason)}</DicomAttribute></dcm:NativeDicomModel>`,
      );
    });
    expect((await outcomes(pacs)).map((each) => [each.status, each.statusCode])).toEqual([
      ['stored', undefined],
      ['stored', undefined],
      ['refused', 0xa700],
      ['unknown', undefined],
    ]);
  });

  it('asks again one by one when a whole batch is refused, so that one bad instance stands alone', async () => {
    const { pacs, server } = await pacsOf(({ body }, response) => {
      // As Orthanc: status 400 as soon as one is bad, the good ones listed.
      const here = carried(body);
      const good = here.filter((uid) => uid !== second);
      response
        .writeHead(here.includes(second) ? 400 : 200)
        .end(JSON.stringify(storeAnswer(good.map((uid) => stored(uid)))));
    });
    expect(await statuses(pacs)).toEqual(['stored', 'refused', 'stored', 'stored']);
    expect(server.requests.map((each) => carried(each.body).length)).toEqual([4, 1]);
  });

  it('asks again one by one when a batch is too large for the server', async () => {
    const { pacs, server } = await pacsOf(({ body }, response) => {
      const here = carried(body);
      if (here.length > 1) response.writeHead(413).end();
      else json(response, storeAnswer(here.map((uid) => stored(uid))));
    });
    expect(await statuses(pacs)).toEqual(['stored', 'stored', 'stored', 'stored']);
    expect(server.requests).toHaveLength(5);
    const small = await pacsOf((_request, response) => void response.writeHead(413).end());
    expect((await outcomes(small.pacs, instances.slice(0, 1)))[0]).toMatchObject({ status: 'refused', retry: 'no' });
  });

  it.each([429, 503, 507])('may repeat later what is answered with status %i', async (status) => {
    const { pacs } = await pacsOf((_request, response) => void response.writeHead(status).end());
    const list = await outcomes(pacs);
    expect(list.every((each) => each.status === 'refused' && each.retry === 'later')).toBe(true);
  });

  it.each([
    [401, 'PACS_UNAUTHORIZED'],
    [403, 'PACS_REFUSED'],
    [404, 'PACS_REFUSED'],
    [307, 'PACS_REDIRECTED'],
  ])('ends when the server answers status %i to everything', async (status, code) => {
    const { pacs, server } = await pacsOf((_request, response) => void response.writeHead(status).end());
    const error: unknown = await statuses(pacs).catch((thrown: unknown) => thrown);
    expect(errorCodeOf(error)).toBe(code);
    expect(server.requests).toHaveLength(1);
  });

  it('is in doubt when the connection breaks after the request, having tried twice', async () => {
    let attempts = 0;
    const { pacs } = await pacsOf(({ method }, response) => {
      if (method === 'POST') attempts++;
      response.destroy();
    });
    expect(await statuses(pacs)).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
    expect(attempts).toBe(2);
  });

  it('stores when only the first connection breaks, reading every instance again', async () => {
    let attempts = 0;
    const { pacs, server } = await pacsOf((_request, response) => {
      if (++attempts === 1) response.destroy();
      else json(response, storeAnswer(uids.map((uid) => stored(uid))));
    });
    expect(await statuses(pacs)).toEqual(['stored', 'stored', 'stored', 'stored']);
    const bodies = server.requests.map((each) => each.body);
    for (const { dataSet } of study.instances)
      expect(bodies.every((body) => body.includes(Buffer.from(dataSet)))).toBe(true);
  });

  it.each<[string, boolean]>([
    ['lists of UIDs', true],
    ['one UID at a time', false],
  ])('looks for what nobody answered for, with %s', async (_name, knowsLists) => {
    const held = new Set(uids.slice(0, 2));
    const { pacs, server } = await pacsOf(({ method, parameters }, response) => {
      if (method === 'POST') return void response.writeHead(200).end();
      const asked = parameters.get('SOPInstanceUID')?.split(',') ?? [];
      const isAnswered = parameters.get('offset') === '0' && (knowsLists || asked.length === 1);
      const found = isAnswered ? asked.filter((uid) => held.has(uid as (typeof uids)[number])) : [];
      // Beside them one that nobody asked for.
      json(response, found.length === 0 ? [] : [...found, '1.2.3'].map((uid) => listed(uid)));
    });
    expect((await outcomes(pacs)).map((each) => [each.status, each.retry])).toEqual([
      ['duplicate', undefined],
      ['duplicate', undefined],
      ['unknown', 'later'],
      ['unknown', 'later'],
    ]);
    const searches = server.requests.filter(({ method }) => method === 'GET');
    expect(new Set(searches.map(({ path }) => path))).toEqual(
      new Set([`/studies/${study.studyInstanceUid}/instances`]),
    );
    expect(searches[0]?.parameters.get('SOPInstanceUID')).toBe(uids.join(','));
  });

  it('stays in doubt where the search is refused, and stops looking when it is told to', async () => {
    const { pacs } = await pacsOf(({ method }, response) => {
      response.writeHead(method === 'POST' ? 200 : 500).end();
    });
    expect(await statuses(pacs, instances.slice(0, 1))).toEqual(['unknown']);
    const stopping = new AbortController();
    const reason = new Error('enough');
    const { pacs: silent } = await pacsOf(({ method }, response) => {
      if (method === 'POST') return void response.writeHead(200).end();
      stopping.abort(reason);
    });
    await expect(all(silent.store(instances, { signal: stopping.signal }))).rejects.toBe(reason);
  });

  it('is in doubt when the server does not answer', async () => {
    const { pacs } = await pacsOf(() => new Promise(() => {}), { inactivityMs: 300 });
    expect(await statuses(pacs)).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
  });

  it('takes an answer that comes before the whole request was sent', async () => {
    const big = { ...(instances[0] as StorableInstance), lengthBytes: 50_000_000, dataSet: () => endless(50_000_000) };
    const { pacs } = await pacsOf(
      (_request, response) => void response.writeHead(413, { connection: 'close' }).end(),
      {},
      { readsBody: false },
    );
    const [outcome] = await outcomes(pacs, [big]);
    expect(outcome?.status === 'refused' || outcome?.status === 'unknown').toBe(true);
  });

  it('keeps to the limits of a request', async () => {
    const answer: Script = ({ body }, response) => json(response, storeAnswer(carried(body).map((uid) => stored(uid))));
    const byCount = await pacsOf(answer, { batchInstances: 3 });
    expect(await statuses(byCount.pacs)).toEqual(['stored', 'stored', 'stored', 'stored']);
    expect(byCount.server.requests.map((each) => carried(each.body).length)).toEqual([3, 1]);
    const lengthBytes = instances[0]?.lengthBytes ?? 0;
    const byBytes = await pacsOf(answer, { batchBytes: lengthBytes * 2 + 10 });
    await statuses(byBytes.pacs);
    expect(byBytes.server.requests.map((each) => carried(each.body).length)).toEqual([2, 2]);
    const tiny = await pacsOf(answer, { batchBytes: 1 });
    await statuses(tiny.pacs);
    expect(tiny.server.requests).toHaveLength(4);
  });

  it('does not wait for a source that is still receiving', async () => {
    const { pacs } = await pacsOf(({ body }, response) =>
      json(response, storeAnswer(carried(body).map((uid) => stored(uid)))),
    );
    let told: (() => void) | undefined;
    const untilTold = new Promise<void>((resolve) => (told = resolve));
    async function* arriving(): AsyncGenerator<StorableInstance> {
      yield instances[0] as StorableInstance;
      await untilTold;
      yield instances[1] as StorableInstance;
    }
    const list: string[] = [];
    for await (const outcome of pacs.store(arriving())) {
      list.push(outcome.status);
      // The second instance comes only once the first was answered for.
      told?.();
    }
    expect(list).toEqual(['stored', 'stored']);
  });

  it("rethrows a source's own error as it is", async () => {
    const failure = new Error('the spool cannot be read');
    const broken: StorableInstance = {
      ...(instances[1] as StorableInstance),
      // oxlint-disable-next-line require-yield -- it fails before it yields
      async *dataSet() {
        throw failure;
      },
    };
    const { pacs } = await pacsOf((_request, response) => json(response, storeAnswer([])));
    await expect(statuses(pacs, [instances[0] as StorableInstance, broken])).rejects.toBe(failure);
    async function* brokenList(): AsyncGenerator<StorableInstance> {
      yield instances[0] as StorableInstance;
      throw failure;
    }
    await expect(all(pacs.store(brokenList()))).rejects.toBe(failure);
  });
});

async function* endless(bytes: number): AsyncGenerator<Uint8Array> {
  for (let left = bytes; left > 0; left -= 65_536) yield new Uint8Array(Math.min(65_536, left));
}
