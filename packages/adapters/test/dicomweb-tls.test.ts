// Mutual TLS: real handshakes with nginx in front of Orthanc, and with a server that ends them itself.
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { dicomwebPacs, type TlsMaterial } from '@interhosp/adapters/dicomweb';
import { generateStudy } from '@interhosp/core/conformance';
import type { StorableInstance } from '@interhosp/core/pacs';
import {
  createCertificateAuthority,
  debianIsMissing,
  startOrthanc,
  startTlsFront,
  type Orthanc,
  type TlsFront,
} from '@interhosp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { all } from './streams.ts';

const authority = createCertificateAuthority('Hospital');
const stranger = createCertificateAuthority('Somebody else');
const server = authority.issue({ name: 'pacs', hosts: ['127.0.0.1'] });
const client = authority.issue({ name: 'interhosp' });
const past = { notBefore: new Date('2020-01-01'), notAfter: new Date('2020-02-01') };
const future = { notBefore: new Date('2048-01-01'), notAfter: new Date('2049-01-01') };

/** What a service that asks for certificates must not let in. */
const refused: ReadonlyArray<readonly [string, TlsMaterial]> = [
  ['no certificate', { ca: authority.cert }],
  ["another authority's certificate", { ca: authority.cert, ...stranger.issue({ name: 'interhosp' }) }],
  ['an expired certificate', { ca: authority.cert, ...authority.issue({ name: 'interhosp', ...past }) }],
  ['a certificate of the future', { ca: authority.cert, ...authority.issue({ name: 'interhosp', ...future }) }],
];

const study = generateStudy({ instances: 2, pixels: 16 });
const instances: readonly StorableInstance[] = study.instances.map((each) => ({
  ...each,
  lengthBytes: each.dataSet.length,
  async *dataSet() {
    yield each.dataSet;
  },
}));

async function errorOf(baseUrl: string, tls: TlsMaterial, action: 'echo' | 'store' = 'echo'): Promise<unknown> {
  const pacs = dicomwebPacs({ baseUrl, tls });
  try {
    await (action === 'echo' ? pacs.echo() : all(pacs.store(instances)));
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await pacs.stop();
  }
}

describe.skipIf(debianIsMissing())('Orthanc behind nginx that asks for certificates', () => {
  let orthanc: Orthanc;
  let front: TlsFront;
  beforeAll(async () => {
    orthanc = await startOrthanc();
    front = await startTlsFront({ upstream: orthanc.url, certificate: server, clientAuthority: authority.cert });
  });
  afterAll(async () => {
    await front?.stop();
    await orthanc?.stop();
  });
  const url = (): string => `${front.url}/dicom-web`;

  it('takes a study and gives it back to a client with its certificate', async () => {
    const pacs = dicomwebPacs({ baseUrl: url(), tls: { ca: authority.cert, ...client } });
    expect((await all(pacs.store(instances))).map((each) => each.status)).toEqual(['stored', 'stored']);
    const sizes: number[] = [];
    for await (const { dataSet } of pacs.retrieve(study.studyInstanceUid)) {
      sizes.push(Buffer.concat(await all(dataSet)).length);
    }
    expect(new Set(sizes)).toEqual(new Set(instances.map((each) => each.lengthBytes)));
    expect(sizes).toHaveLength(2);
    await pacs.stop();
  });

  it.each(refused)('does not let a client in with %s, and no instance is to blame', async (_name, tls) => {
    await orthanc.clear();
    const expected = { code: 'PACS_UNAUTHORIZED', details: { status: 400, reason: 'certificate' } };
    expect(await errorOf(url(), tls)).toMatchObject(expected);
    expect(await errorOf(url(), tls, 'store')).toMatchObject(expected);
    expect(await (await fetch(`${orthanc.url}/patients`)).json()).toEqual([]);
  });
});

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a service that ends the handshake itself, %s', (version) => {
  let https: Server;
  let url = '';
  let asked = 0;
  beforeAll(async () => {
    const asks = { requestCert: true, rejectUnauthorized: true, ca: [authority.cert] };
    https = createServer({ ...server, ...asks, minVersion: version, maxVersion: version }, (_request, response) => {
      asked++;
      response.writeHead(200, { 'content-type': 'application/dicom+json' }).end('[]');
    });
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    url = `https://127.0.0.1:${(https.address() as AddressInfo).port}/dicom-web`;
  });
  afterAll(async () => {
    https.closeAllConnections();
    https.close();
    await once(https, 'close');
  });

  it('answers a client with its certificate', async () => {
    expect(await errorOf(url, { ca: authority.cert, ...client })).toBe(undefined);
    expect(asked).toBe(1);
  });

  it.each(refused)('does not answer a client with %s', async (_name, tls) => {
    expect(await errorOf(url, tls)).toMatchObject({ code: 'PACS_UNREACHABLE', retry: 'later' });
    expect(asked).toBe(1);
  });
});

describe('a token endpoint', () => {
  it('is trusted by the authority of the hospital, and not shown our certificate', async () => {
    const shown: boolean[] = [];
    const answered = { requestCert: true, rejectUnauthorized: false };
    const issuer = createServer({ ...server, ...answered }, (request, response) => {
      shown.push('getPeerCertificate' in request.socket && Object.keys(peerOf(request.socket)).length > 0);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":"t"}');
    });
    issuer.listen(0, '127.0.0.1');
    await once(issuer, 'listening');
    await using service = await plainService(server);
    const tokenUrl = `https://127.0.0.1:${(issuer.address() as AddressInfo).port}/token`;
    const auth = { kind: 'oauth2', tokenUrl, clientId: 'a', clientSecret: 'b' } as const;
    const pacs = dicomwebPacs({ baseUrl: service.url, auth, tls: { ca: authority.cert, ...client } });
    await pacs.echo();
    await pacs.stop();
    issuer.closeAllConnections();
    issuer.close();
    await once(issuer, 'close');
    expect([shown, service.asked()]).toEqual([[false], 1]);
  });
});

function peerOf(socket: object): object {
  return (socket as TLSSocket).getPeerCertificate();
}

describe('a service that shows a certificate which is not right', () => {
  it.each<[string, TlsMaterial, string]>([
    ['of an authority that is not trusted', { ca: stranger.cert }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['of an authority that the system does not know', {}, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ])('%s is not asked', async (_name, tls, reason) => {
    await using service = await plainService(server);
    expect(await errorOf(service.url, tls)).toMatchObject({ code: 'PACS_UNREACHABLE', details: { reason } });
    expect(service.asked()).toBe(0);
  });

  it.each([
    ['of another host', { hosts: ['pacs.hospital.example'] }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that has expired', { hosts: ['127.0.0.1'], ...past }, 'CERT_HAS_EXPIRED'],
    ['that is not valid yet', { hosts: ['127.0.0.1'], ...future }, 'CERT_NOT_YET_VALID'],
  ])('%s is not asked', async (_name, made, reason) => {
    await using service = await plainService(authority.issue({ name: 'pacs', ...made }));
    for (const action of ['echo', 'store'] as const) {
      const error = await errorOf(service.url, { ca: authority.cert }, action);
      expect(error).toMatchObject({ code: 'PACS_UNREACHABLE', details: { reason } });
    }
    expect(service.asked()).toBe(0);
  });
});

/** A service that asks no certificate of its clients. */
async function plainService(
  certificate: typeof server,
): Promise<AsyncDisposable & { readonly url: string; asked(): number }> {
  let asked = 0;
  const https = createServer(certificate, (_request, response) => {
    asked++;
    response.writeHead(204).end();
  });
  https.listen(0, '127.0.0.1');
  await once(https, 'listening');
  return {
    url: `https://127.0.0.1:${(https.address() as AddressInfo).port}`,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      https.closeAllConnections();
      https.close();
      await once(https, 'close');
    },
  };
}
