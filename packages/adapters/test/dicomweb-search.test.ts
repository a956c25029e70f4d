// What servers answer to searches, as they do and as they should not.
import { dicomwebPacs, type DicomwebPacsOptions } from '@interhosp/adapters/dicomweb';
import { errorCodeOf } from '@interhosp/core/errors';
import { parseUid } from '@interhosp/core/dicom';
import type { Pacs, PatientQuery, StudyQuery } from '@interhosp/core/pacs';
import { afterEach, describe, expect, it } from 'vitest';
import { all } from './streams.ts';
import { json, scriptedServer, type Script, type ScriptedServer } from './scripted-server.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function pacsOf(
  script: Script,
  options: Partial<DicomwebPacsOptions> = {},
): Promise<{ readonly pacs: Pacs; readonly server: ScriptedServer }> {
  const server = await scriptedServer(script);
  const pacs = dicomwebPacs({ baseUrl: `${server.url}/dicom-web`, ...options });
  closing.push(
    () => pacs.stop(),
    () => server.close(),
  );
  return { pacs, server };
}

async function studies(pacs: Pacs, query: StudyQuery = {}): Promise<string[]> {
  const list: string[] = [];
  for await (const study of pacs.findStudies(query)) list.push(study.studyInstanceUid);
  return list;
}

function study(number: number, more: object = {}): object {
  return { '0020000D': { vr: 'UI', Value: [`1.2.${number}`] }, '00100020': { vr: 'LO', Value: ['P'] }, ...more };
}

async function codeOf(action: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return errorCodeOf(error) ?? String(error);
  }
}

describe('a search over DICOMweb', () => {
  it('asks page by page until one is empty, and for the fields it needs', async () => {
    const { pacs, server } = await pacsOf(({ parameters }, response) => {
      const offset = Number(parameters.get('offset'));
      const all = [1, 2, 3, 4, 5, 6, 7].map((number) => study(number));
      // Servers may answer less than the limit.
      json(response, all.slice(offset, offset + 3));
    });
    expect(await studies(pacs)).toHaveLength(7);
    expect(server.requests.map((each) => each.parameters.get('offset'))).toEqual(['0', '3', '6', '7']);
    const [first] = server.requests;
    expect(first?.path).toBe('/dicom-web/studies');
    expect(first?.parameters.getAll('includefield')).toContain('00100021');
    expect(first?.headers.accept).toBe('application/dicom+json');
  });

  it('ends with a server that ignores the offset', async () => {
    const { pacs, server } = await pacsOf((_request, response) => json(response, [study(1), study(2)]));
    expect(await studies(pacs)).toHaveLength(2);
    expect(server.requests).toHaveLength(2);
  });

  it('gives up on a server whose answers never end', async () => {
    let number = 0;
    const { pacs } = await pacsOf((_request, response) => {
      json(
        response,
        Array.from({ length: 40_000 }, () => ({ '0020000D': { Value: [`1.2.${number++}`] } })),
      );
    });
    expect(await codeOf(() => studies(pacs))).toBe('PACS_TOO_MANY');
  });

  it('says of a service that finds too many what it says of its own limit, so that less is asked for at once', async () => {
    const { pacs } = await pacsOf((_request, response) => void response.writeHead(413).end());
    expect(await codeOf(() => studies(pacs))).toBe('PACS_TOO_MANY');
  });

  it('finds each patient once by their studies, and sorts out what a server answers that ignores keys', async () => {
    const born = (date: string) => ({ '00100030': { vr: 'DA', Value: [date] } });
    const someoneElse = { '00100020': { vr: 'LO', Value: ['P2'] } };
    const { pacs, server } = await pacsOf(({ parameters }, response) => {
      const all = [
        study(1, born('19700105')),
        study(2, born('19700105')),
        study(3, born('19700106')),
        study(4, { ...someoneElse, ...born('19700105') }),
      ];
      json(response, parameters.get('offset') === '0' ? all : []);
    });
    const found = async (query: PatientQuery) => {
      const patients: string[] = [];
      for await (const { birthDate, patientId } of pacs.findPatients?.(query) ?? [])
        patients.push(`${patientId.id} ${birthDate}`);
      return patients;
    };
    expect(await found({ birthDate: '1970-01-05' })).toEqual(['P 1970-01-05', 'P2 1970-01-05']);
    expect(await found({ patientId: 'P', name: 'Claes*^A*' })).toEqual(['P 1970-01-05', 'P 1970-01-06']);
    const asked = server.requests.map(({ parameters }) => parameters);
    expect(asked[0]?.get('PatientBirthDate')).toBe('19700105');
    expect(asked.at(-1)?.get('PatientName')).toBe('Claes*A*');
  });

  it('sorts out what a server answers that ignores keys', async () => {
    const other = study(2, { '00100020': { vr: 'LO', Value: ['PQ'] }, '00080020': { vr: 'DA', Value: ['20240110'] } });
    const { pacs, server } = await pacsOf(({ parameters }, response) => {
      json(response, parameters.get('offset') === '0' ? [study(1), other] : []);
    });
    expect(await studies(pacs, { patientId: 'P' })).toEqual(['1.2.1']);
    expect(await studies(pacs, { studyInstanceUid: parseUid('1.2.2') })).toEqual(['1.2.2']);
    expect(await studies(pacs, { studyDateFrom: '2024-01-10' })).toEqual(['1.2.2']);
    expect(server.requests.map((each) => each.parameters.get('StudyDate')).filter(Boolean)).toContain('20240110-');
    expect(await studies(pacs, { accessionNumber: 'A&limit=1' })).toEqual([]);
    expect(server.requests.at(-1)?.parameters.get('AccessionNumber')).toBe('A&limit=1');
  });

  it('asks nothing when nothing can match', async () => {
    const { pacs, server } = await pacsOf((_request, response) => json(response, []));
    expect(await studies(pacs, { studyDateFrom: '2024-02-01', studyDateTo: '2024-01-01' })).toEqual([]);
    expect(server.requests).toHaveLength(0);
  });

  it.each<[string, (response: Parameters<Script>[1]) => void]>([
    ['204', (response) => response.writeHead(204).end()],
    ['an empty array', (response) => json(response, [])],
    ['an empty body', (response) => response.writeHead(200).end()],
  ])('takes %s for no match', async (_name, answer) => {
    const { pacs } = await pacsOf((_request, response) => answer(response));
    expect(await studies(pacs)).toEqual([]);
  });

  it('takes 404 for no match below a study, and for no service at its root', async () => {
    const { pacs } = await pacsOf((_request, response) => void response.writeHead(404).end());
    const list: unknown[] = [];
    for await (const each of pacs.findInstances(parseUid('1.2'))) list.push(each);
    expect(list).toEqual([]);
    expect(await codeOf(() => studies(pacs))).toBe('PACS_REFUSED');
  });

  it('reads values in each of the forms servers write', async () => {
    const forms = [
      study(1, { '00201208': { vr: 'IS', Value: [3] }, '00100010': { vr: 'PN', Value: [{ Alphabetic: 'A^B' }] } }),
      study(2, { '00201208': { vr: 'IS', Value: ['3'] }, '00100010': { vr: 'PN', Value: ['A^B'] } }),
      study(3, {
        '00201208': { vr: 'IS' },
        '00100010': { vr: 'PN', Value: [] },
        '00100040': { vr: 'CS', Value: ['?'] },
      }),
      study(4, { '00080061': { vr: 'CS', Value: ['MR\\CT', 'CT'] }, '00201208': { vr: 'IS', Value: ['-3'] } }),
      { '0020000d': { vr: 'UI', Value: ['1.2.5 '] }, '00100021': { vr: 'LO', Value: [null, 'X'] } },
    ];
    const { pacs } = await pacsOf(({ parameters }, response) => {
      json(response, parameters.get('offset') === '0' ? [...forms, { nonsense: 1 }] : []);
    });
    const found = await all(pacs.findStudies({}));
    expect(found.map((each) => each.instances)).toEqual([3, 3, undefined, undefined, undefined]);
    expect(found.map((each) => each.patient.name?.alphabetic.family)).toEqual([
      'A',
      'A',
      undefined,
      undefined,
      undefined,
    ]);
    expect(found[2]?.patient.sex).toBe(undefined);
    expect(found[3]?.header.modalities).toEqual(['CT', 'MR']);
    expect(found[4]).toMatchObject({ studyInstanceUid: '1.2.5', patient: { patientId: { id: '', issuer: 'X' } } });
  });

  it.each<[string, string]>([
    ['no JSON', '<html>'],
    ['a number', '5'],
    ['an array of numbers', '[1,2]'],
    ['null', 'null'],
    ['brackets in brackets', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['a nest just beyond the limit', `[${'{"a":['.repeat(32)}${']}'.repeat(32)}]`],
  ])('refuses %s', async (_name, body) => {
    const { pacs } = await pacsOf((_request, response) => void response.writeHead(200).end(body));
    expect(await codeOf(() => studies(pacs))).toBe('PACS_PROTOCOL');
  });

  it('takes a nest at the limit, and brackets in texts', async () => {
    const nested = `[{"0020000D":{"Value":["1.2.3"]},"a":${'[{"b":'.repeat(31)}"[[\\"[["${'}]'.repeat(31)}}]`;
    const { pacs } = await pacsOf((_request, response) => void response.writeHead(200).end(nested));
    expect(await studies(pacs)).toEqual(['1.2.3']);
  });

  it('stops reading an answer that does not end', async () => {
    let sent = 0;
    const { pacs } = await pacsOf(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/dicom+json' });
      response.write('[');
      const piece = ' '.repeat(65_536);
      for (; sent < 200_000_000 && !response.destroyed; sent += piece.length) {
        if (!response.write(piece)) {
          await new Promise<void>((resolve) => {
            response.once('drain', resolve);
            response.req.socket.once('close', resolve).setMaxListeners(0);
          });
        }
      }
    });
    expect(await codeOf(() => studies(pacs))).toBe('PACS_PROTOCOL');
    expect(sent).toBeLessThan(60_000_000);
  });

  it('refuses a compressed answer, which it did not ask for', async () => {
    const { pacs, server } = await pacsOf((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    });
    expect(await codeOf(() => studies(pacs))).toBe('PACS_PROTOCOL');
    expect(server.requests[0]?.headers['accept-encoding']).toBe('identity');
  });

  it.each([
    [401, 'PACS_UNAUTHORIZED'],
    [403, 'PACS_REFUSED'],
    [400, 'PACS_REFUSED'],
    [429, 'PACS_BUSY'],
    [500, 'PACS_PROTOCOL'],
    [503, 'PACS_BUSY'],
    [504, 'PACS_BUSY'],
    [302, 'PACS_REDIRECTED'],
  ])('makes of status %i the error %s, without what the server wrote', async (status, code) => {
    const { pacs } = await pacsOf((_request, response) => void response.writeHead(status).end('Lemaître^Zoé'));
    for (const action of [() => studies(pacs), () => pacs.echo()]) {
      const error: unknown = await action().catch((thrown: unknown) => thrown);
      expect(errorCodeOf(error)).toBe(code);
      expect(String(error)).not.toContain('Zo');
    }
  });

  it('asks once more when an idle connection turns out to be closed', async () => {
    let closes = true;
    const { pacs } = await pacsOf((_request, response, raw) => {
      if (closes) raw.socket.destroy();
      else json(response, []);
      closes = !closes;
    });
    expect(await studies(pacs)).toEqual([]);
  });

  it('keeps its connection where the server announces that it waits for a second, as Orthanc does', async () => {
    const { pacs, server } = await pacsOf(({ parameters }, response) => {
      response.setHeader('connection', 'keep-alive').setHeader('keep-alive', 'timeout=1');
      const offset = Number(parameters.get('offset'));
      json(response, offset < 10 ? [study(offset)] : []);
    });
    expect(await studies(pacs)).toHaveLength(10);
    expect(server.requests).toHaveLength(11);
    // A second one where the next request comes before the first connection is seen to be free.
    expect(server.connections()).toBeLessThan(4);
  });

  it('waits for a server that is slow, and not for one that is silent', async () => {
    const slow: Script = async (_request, response) => {
      for (const character of '[                    ]') {
        response.write(character);
        await new Promise<void>((resolve) => void setTimeout(resolve, 30));
      }
      response.end();
    };
    const { pacs } = await pacsOf(slow, { inactivityMs: 400 });
    expect(await studies(pacs)).toEqual([]);
    const silent = await pacsOf(() => new Promise(() => {}), { inactivityMs: 400 });
    expect(await codeOf(() => studies(silent.pacs))).toBe('PACS_UNREACHABLE');
    const halting = await pacsOf((_request, response) => void response.write('['), { inactivityMs: 400 });
    expect(await codeOf(() => studies(halting.pacs))).toBe('PACS_INCOMPLETE');
  });

  it('says that it is stopped', async () => {
    const { pacs } = await pacsOf((_request, response) => json(response, []));
    await pacs.echo();
    await pacs.stop();
    expect(await codeOf(() => pacs.echo())).toBe('PACS_UNREACHABLE');
    await pacs.start();
    await pacs.echo();
  });
});
