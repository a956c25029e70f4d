// The matching as a hospital tries it: what is decided, what is shown, and what is left behind.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interhospIn } from '../../../test/cli/command.ts';

const REGISTRY = `id,national_id,family,given,birth_date,sex,street,postcode
L1,85.07.30-033.28,Van den Berghe,Jan,1985-07-30,M,Kerkstraat 12,9000
L2,42012205181,Peeters,Louis,1942-01-22,M,Rue Grétry 1,4000
`;
/** Jan by his number; perhaps his twin; nobody. */
const INCOMING = `id,national_id,family,given,birth_date,sex
A1,85073003328,VANDENBERGHE,JAN,1985-07-30,M
A2,,VANDENBERGHE,KAREL,1985-07-30,M
A3,,Lefèvre,Irène,1971-09-27,F
`;
const TRUTH = 'incoming_id,registry_id,also_ok\nA1,L1,\nA2,,\n';
const FILES = ['--registry=registry.csv', '--incoming=incoming.csv', '--out=out.csv'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-reconcile-'));
  await put('registry.csv', REGISTRY);
  await put('incoming.csv', INCOMING);
  await put('truth.csv', TRUTH);
});
afterAll(() => rm(folder, { recursive: true }));

const put = (name: string, text: string) => writeFile(join(folder, name), text);
const read = (name: string) => readFile(join(folder, name), 'utf8');

async function reconcile(...args: readonly string[]) {
  const result = await interhospIn(folder, 'reconcile', ...FILES, '--day=2025-12-31', ...args);
  const lines = args.includes('--json') ? result.out.split('\n').filter(Boolean) : [];
  return { ...result, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('interhosp reconcile', () => {
  it('decides every arrival, and writes the decisions and nothing else', async () => {
    const before = await readdir(folder);
    const { code, err, out } = await reconcile('--profile=be');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('3 arrivals against 2 patients, profile be, policy strict: 1 link, 1 review, 1 new');
    expect(await read('out.csv')).toMatch(
      /^incoming_id,decision,registry_id,probability\nA1,link,L1,0\.9\d{8}\nA2,review,L1,0\.\d{9}\nA3,new,,0\.\d{9}\n$/,
    );
    expect((await readdir(folder)).filter((name) => !before.includes(name))).toEqual(['out.csv']);
  });

  it('prints one object with --json, and none of the patients', async () => {
    const { lines, out } = await reconcile('--json', '--profile=be', '--policy=standard');
    expect(lines).toEqual([
      {
        arrivals: 3,
        registered: 2,
        decisions: { link: 1, review: 1, new: 1 },
        profile: 'be',
        policy: 'standard',
        modelVersion: expect.any(String) as string,
      },
    ]);
    expect(out).not.toMatch(/berghe|1985/i);
  });

  it('judges the decisions by the truth, and says what it could not judge', async () => {
    const { code, err, lines } = await reconcile('--json', '--profile=be', '--truth=truth.csv');
    expect(code).toBe(0);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.['quality']).toMatchObject({
      arrivals: 2,
      known: 1,
      autoLinkShare: 1,
      falseMatches: 0,
      falseMatchesPer100000Most: expect.closeTo(77_639, 0) as number,
      reviewShare: 0.5,
      falseNewShare: 0,
      calibration: expect.arrayContaining([expect.objectContaining({ confirmed: 1 })]) as unknown,
      surprises: [
        expect.objectContaining({ arrivalId: 'A2', candidateId: 'L1', truth: [] }),
        expect.objectContaining({ arrivalId: 'A1', candidateId: 'L1', truth: ['L1'] }),
      ],
      unjudged: 1,
      notRegistered: 0,
    });
    expect(err).toContain('no row in the truth, and are not judged: 1');
  });

  it('shows people the figures as tables', async () => {
    await put('elsewhere.csv', 'incoming_id,registry_id\nA1,L9\nA2,\nA3,\n');
    const { err, out } = await reconcile('--profile=be', '--truth=elsewhere.csv');
    expect(out).toMatch(/^false match: linked to somebody else +1 +33333\.3 per 100,000; at most 86465\.0 with 95 %/m);
    expect(out).toMatch(/^0\.99999 to 1 +\d +0\.9999\d\d +0\.000000$/m);
    expect(out).toMatch(/^A1 +link +L1 +0\.9999\d\d +not registered /m);
    expect(err).toContain('the registry does not hold, so that their arrivals count as not registered: 1');
  });

  it('says why with --explain, in sentences or in one object a decision', async () => {
    const [text, json] = await Promise.all([
      reconcile('--explain', '--profile=be'),
      reconcile('--explain', '--profile=be', '--json', '--out=other.csv'),
    ]);
    expect(text.out).toMatch(
      /^A1 {2}link {2}L1\n- Linked to a local patient\.\n(- .*\n)*- National number 85073003328 equal/m,
    );
    expect(json.lines.map(({ decision, incomingId }) => [incomingId, decision])).toEqual([
      ['A1', 'link'],
      ['A2', 'review'],
      ['A3', 'new'],
      [undefined, undefined],
    ]);
    expect(json.lines[0]?.['explanation']).toContain('Linked to a local patient.');
  });

  it('tells line and column of a bad file, and none of its values, and leaves no decisions', async () => {
    await put('bad.csv', 'id,family\nA1,Secret\n,Secret\n');
    const { code, err, lines } = await reconcile('--incoming=bad.csv', '--out=none.csv', '--json');
    expect(code).toBe(1);
    expect(lines).toEqual([
      {
        error: 'RECONCILIATION_FILE_INVALID',
        details: { field: 'id', file: join(folder, 'bad.csv'), line: 3, reason: 'id-missing' },
      },
    ]);
    expect(err).not.toContain('Secret');
    expect((await readdir(folder)).filter((name) => name.startsWith('none') || name.endsWith('.part'))).toEqual([]);
  });

  it('never writes over what it reads, nor over anything else', async () => {
    const { code, lines } = await reconcile('--json', '--out=registry.csv');
    expect([code, lines[0]?.['error']]).toEqual([3, 'CONFIG_OVERWRITES']);
    expect(await read('registry.csv')).toBe(REGISTRY);
  });

  it('is not understood with a profile, a policy or a day that there is not', async () => {
    const options = ['--profile=fr', '--policy=bold', '--day=2025-02-30', '--day=yesterday'];
    const results = await Promise.all(options.map((option) => reconcile(option)));
    expect(results.map(({ code, out }) => [code, out])).toEqual(options.map(() => [2, '']));
  });
});
