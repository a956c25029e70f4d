// The small origin server, asked by clients that are not ours.
import { request as httpRequest } from 'node:http';
import { dicomwebServer, type DicomwebServer, type DicomwebServerOptions } from '@interhosp/adapters/dicomweb';
import { memoryPacs, type MemoryPacs } from '@interhosp/adapters/memory';
import { generateLargeInstance, generateStudy } from '@interhosp/core/conformance';
import { part10Header } from '@interhosp/core/dicom';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { all } from './streams.ts';

const study = generateStudy({ instances: 3, pixels: 16 });
const { studyInstanceUid, seriesInstanceUid } = study;
const files = study.instances.map((each) => Buffer.concat([part10Header(each), each.dataSet]));

let pacs: MemoryPacs;
let server: DicomwebServer;

async function restart(options: Partial<DicomwebServerOptions> = {}): Promise<void> {
  await server.stop();
  server = dicomwebServer({ pacs, ...options });
  await server.start();
}

beforeEach(async () => {
  pacs = memoryPacs();
  server = dicomwebServer({ pacs });
  await server.start();
});

afterEach(async () => {
  await server.stop();
});

async function seed(): Promise<void> {
  await pacs.seed(
    study.instances.map((each) => ({ ...each, lengthBytes: each.dataSet.length, dataSet: () => once(each.dataSet) })),
  );
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${server.url}${path}`, { headers });
}

async function studiesFor(parameters: string): Promise<number> {
  const answer = await get(`/studies?${parameters}`);
  if (answer.status === 204) return 0;
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/dicom+json');
  return ((await answer.json()) as unknown[]).length;
}

function multipart(parts: readonly Uint8Array[], headers = ''): Buffer {
  const head = Buffer.from(`--b\r\nContent-Type: application/dicom\r\n${headers}\r\n`);
  return Buffer.concat([...parts.flatMap((part) => [head, part, Buffer.from('\r\n')]), Buffer.from('--b--\r\n')]);
}

async function post(
  body: Uint8Array,
  path = '/studies',
  contentType = 'multipart/related; type="application/dicom"; boundary=b',
): Promise<Response> {
  return await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body: Buffer.from(body),
  });
}

/** A request whose Host header can be chosen. */
async function statusFor(host: string): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const url = new URL(`${server.url}/studies`);
    const request = httpRequest(
      { host: '127.0.0.1', port: url.port, path: url.pathname, headers: { host } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    request.once('error', reject);
    request.end();
  });
}

describe('searching', () => {
  it.each([
    ['', 1],
    ['PatientID=A-104233', 1],
    ['00100020=A-104233', 1],
    ['PatientID=A-1*', 1],
    ['PatientID=?-104233', 1],
    ['PatientID=A-10423', 0],
    ['PatientID=', 1],
    ['IssuerOfPatientID=HOSPITAL-A', 1],
    ['IssuerOfPatientID=HOSPITAL-B', 0],
    ['PatientName=v%C3%A9rit%C3%A9*', 1],
    ['PatientName=Vérité^Anne-Hélène', 1],
    ['PatientName=Anne*', 0],
    ['PatientBirthDate=19610423', 1],
    ['PatientSex=M', 0],
    ['StudyDate=20260314', 1],
    ['StudyDate=20260301-20260331', 1],
    ['StudyDate=20260315-', 0],
    ['StudyDate=-20260313', 0],
    ['ModalitiesInStudy=CT', 1],
    ['ModalitiesInStudy=MR', 0],
    [`StudyInstanceUID=${studyInstanceUid}`, 1],
    [`StudyInstanceUID=1.2.3,${studyInstanceUid}`, 1],
    ['StudyInstanceUID=1.2.3', 0],
    ['PatientID=A-104233&StudyDate=20200101', 0],
    ['includefield=all&fuzzymatching=true&limit=1', 1],
    ['limit=0', 0],
    ['offset=1', 0],
  ])('for %j finds %i', async (parameters, count) => {
    await seed();
    expect(await studiesFor(parameters)).toBe(count);
  });

  it.each(['Nonsense=1', 'limit=-1', 'offset=x', 'StudyDate=yesterday', `PatientID=${'x'.repeat(1025)}`])(
    'refuses %s',
    async (parameters) => {
      await seed();
      expect((await get(`/studies?${parameters.slice(0, 1100)}`)).status).toBe(400);
    },
  );

  it('lists the instances of a study or a series, page by page', async () => {
    await seed();
    const count = async (path: string): Promise<number> => {
      const answer = await get(path);
      return answer.status === 204 ? 0 : ((await answer.json()) as unknown[]).length;
    };
    expect(await count(`/studies/${studyInstanceUid}/instances`)).toBe(3);
    expect(await count(`/studies/${studyInstanceUid}/instances?limit=2&offset=2`)).toBe(1);
    expect(await count(`/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances`)).toBe(3);
    expect(await count(`/studies/${studyInstanceUid}/series/1.2.3/instances`)).toBe(0);
    expect(await count('/studies/1.2.3/instances')).toBe(0);
  });

  it('matches a hostile pattern in reasonable time', async () => {
    await seed();
    expect(await studiesFor(`StudyDescription=${'*a'.repeat(500)}`)).toBe(0);
  });
});

describe('retrieving', () => {
  it('a study, a series or an instance, each data set as it is held', async () => {
    await seed();
    const instance = `/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${study.instances[1]?.sopInstanceUid}`;
    for (const [path, count] of [
      [`/studies/${studyInstanceUid}`, 3],
      [`/studies/${studyInstanceUid}/series/${seriesInstanceUid}`, 3],
      [instance, 1],
    ] as const) {
      const answer = await get(path, { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' });
      expect(answer.status).toBe(200);
      const body = Buffer.from(await answer.arrayBuffer());
      expect(study.instances.filter((each) => body.includes(Buffer.from(each.dataSet)))).toHaveLength(count);
    }
  });

  it.each([
    ['image/jpeg', 406],
    ['multipart/related; type="image/jpeg"', 406],
    ['application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50', 406],
    ['application/dicom; transfer-syntax=1.2.840.10008.1.2.1', 200],
    ['*/*', 200],
    ['image/jpeg, multipart/related; type="application/dicom"', 200],
  ])('answers Accept: %s with %i', async (accept, status) => {
    await seed();
    const answer = await get(`/studies/${studyInstanceUid}`, { accept });
    await answer.arrayBuffer();
    expect(answer.status).toBe(status);
  });

  it('breaks off, without a closing boundary, when the PACS does', async () => {
    await seed();
    pacs.faults = { cutRetrieveAtBytes: 300 };
    const reading = async (): Promise<ArrayBuffer> => (await get(`/studies/${studyInstanceUid}`)).arrayBuffer();
    await expect(reading()).rejects.toBeInstanceOf(TypeError);
  });
});

describe('storing', () => {
  it('takes parts with and without their length', async () => {
    const [one = Buffer.alloc(0), two = Buffer.alloc(0)] = files;
    expect((await post(multipart([one], `Content-Length: ${one.length}\r\n`))).status).toBe(200);
    expect((await post(multipart([two]))).status).toBe(200);
    const held = pacs.held().map((each) => Buffer.concat(each.chunks));
    expect(held.map((each) => each.equals(Buffer.from(study.instances[0]?.dataSet ?? [])))).toContain(true);
    expect(held.map((each) => each.equals(Buffer.from(study.instances[1]?.dataSet ?? [])))).toContain(true);
  });

  it('takes a large part without its length, by way of a file', async () => {
    const large = generateLargeInstance({ lengthBytes: 12_000_000 });
    const dataSet = Buffer.concat(await all(large.dataSet()));
    expect((await post(multipart([Buffer.concat([part10Header(large), dataSet])]))).status).toBe(200);
    const [held] = pacs.held();
    expect(Buffer.concat(held?.chunks ?? []).equals(dataSet)).toBe(true);
  });

  it('accounts for each part', async () => {
    const [one = Buffer.alloc(0), two = Buffer.alloc(0), three = Buffer.alloc(0)] = files;
    await post(multipart([one]));
    pacs.faults = { refuseEvery: 2, refusedStatusCode: 0xa700 };
    const answer = await post(multipart([two, Buffer.from('noise'), three, one]));
    expect(answer.status).toBe(202);
    const body = (await answer.json()) as Record<string, { Value: Record<string, { Value: unknown[] }>[] }>;
    expect(body['00081199']?.Value.map((each) => [each['00081155']?.Value[0], each['00081196']?.Value[0]])).toEqual([
      [study.instances[1]?.sopInstanceUid, undefined],
      [study.instances[0]?.sopInstanceUid, 0x0111],
    ]);
    expect(body['00081198']?.Value.map((each) => each['00081197']?.Value[0])).toEqual([0xa700]);
    expect(body['0008119A']?.Value).toHaveLength(1);
  });

  it('answers 409 when it took nothing', async () => {
    expect((await post(multipart([Buffer.from('noise')]))).status).toBe(409);
  });

  it('refuses instances of another study than the address names', async () => {
    const [one = Buffer.alloc(0)] = files;
    expect((await post(multipart([one]), '/studies/1.2.3')).status).toBe(409);
    expect((await post(multipart([one]), `/studies/${studyInstanceUid}`)).status).toBe(200);
  });

  it.each([
    ['application/dicom', 415],
    ['multipart/related; type="application/dicom+json"; boundary=b', 415],
    ['multipart/related; type="application/dicom"', 415],
    ['multipart/form-data; boundary=b', 415],
  ])('refuses Content-Type: %s with %i', async (contentType, status) => {
    expect((await post(multipart(files), '/studies', contentType)).status).toBe(status);
  });

  it('refuses a body that breaks off, or holds nothing', async () => {
    const body = multipart(files);
    expect((await post(body.subarray(0, -10))).status).toBe(400);
    expect((await post(Buffer.from('--b--'))).status).toBe(400);
  });

  it('says that the PACS is down', async () => {
    pacs.faults = { isDown: true };
    expect((await post(multipart(files))).status).toBe(503);
    expect((await get('/studies')).status).toBe(503);
  });
});

describe('who may ask, and what for', () => {
  it.each([
    ['/elsewhere', 404],
    ['/studies/../../etc/passwd', 404],
    ['/studies/%2e%2e%2f', 400],
    ['/studies/1.2/../../x', 404],
    ['/studies/abc', 400],
    [`/studies/${'1'.repeat(65)}`, 400],
    ['/studies/1.2/series', 404],
    ['/studies/1.2/series/1.3/instances/1.4/frames/1', 404],
    ['/studies/1.2/metadata', 404],
    ['/studies/1.2', 404],
  ])('%s is answered with %i', async (path, status) => {
    expect((await get(path)).status).toBe(status);
  });

  it('has a limit on addresses', async () => {
    expect((await get(`/studies?PatientID=${'x'.repeat(15_000)}`)).status).toBe(400);
    expect([414, 431]).toContain((await get(`/studies?PatientID=${'x'.repeat(16_500)}`)).status);
  });

  it('does nothing but search, retrieve and store', async () => {
    await seed();
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      expect((await fetch(`${server.url}/studies`, { method })).status).toBe(405);
    }
    expect(pacs.held()).toHaveLength(3);
  });

  it('is asked by a loopback name only, so that no web page reaches it', async () => {
    expect(await statusFor('127.0.0.1:1')).toBe(204);
    expect(await statusFor('localhost')).toBe(204);
    expect(await statusFor('[::1]:80')).toBe(204);
    expect(await statusFor('attacker.example')).toBe(403);
    expect(await statusFor('127.0.0.1.attacker.example')).toBe(403);
    expect((await get('/studies')).headers.get('access-control-allow-origin')).toBe(null);
  });

  it('listens beyond this machine only with a token', async () => {
    expect(() => dicomwebServer({ pacs, host: '0.0.0.0' })).toThrow(/CONFIG_INVALID/);
    expect(() => dicomwebServer({ pacs, host: '0.0.0.0', token: '' })).toThrow(/CONFIG_INVALID/);
    await restart({ token: 'abc' });
    expect((await get('/studies')).status).toBe(401);
    expect((await get('/studies', { authorization: 'Bearer abcd' })).status).toBe(401);
    expect((await get('/studies', { authorization: 'Bearer abc' })).status).toBe(204);
  });

  it('tells nothing of what went wrong but a code', async () => {
    await seed();
    pacs.faults = { isLocked: true };
    const answer = await get('/studies');
    expect([answer.status, await answer.text()]).toEqual([502, 'PACS_UNAUTHORIZED\n']);
  });

  it('stops in the middle of an answer, and can be started anew', async () => {
    await seed();
    pacs.faults = { delayMs: 600_000 };
    const asked = get('/studies').then(
      () => 'answered',
      () => 'broken off',
    );
    await new Promise<void>((resolve) => void setTimeout(resolve, 50));
    await server.stop();
    expect(await asked).toBe('broken off');
    pacs.faults = {};
    await server.start();
    await server.start();
    expect((await get('/studies')).status).toBe(200);
  });
});
