/**
 * The adapter under `interhosp start`: two members whose PACS are archives of this example, named by a relative path in
 * their configurations. A study goes from one file into the other.
 */
import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generateStudy } from '@interhosp/core/conformance';
import { archivePacs } from '../src/archive-pacs.ts';

const INTERHOSP = fileURLToPath(new URL('../../../packages/node/src/cli/main.ts', import.meta.url));
const ADAPTER = fileURLToPath(new URL('../src/adapter.ts', import.meta.url));
const node = ['--conditions=@interhosp/source', INTERHOSP];
/** A limit against hanging. */
const LIMIT_MS = 60_000;

const made = generateStudy({
  instances: 3,
  patient: {
    patientId: { id: 'A-1', issuer: 'NORTH' },
    name: { alphabetic: { family: 'Vérité', given: 'Anne', middle: '', prefix: '', suffix: '' } },
    birthDate: '1961-04-23',
    sex: 'F',
    nationalNumber: '61042312410',
  },
});

let root = '';
const members: ChildProcess[] = [];
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'archive-members-'));
});
after(async () => {
  for (const member of members) {
    const ended = new Promise((resolve) => member.once('exit', resolve));
    if (member.exitCode === null && member.kill('SIGTERM')) await ended;
  }
  await rm(root, { recursive: true });
});

test('a study goes from one archive to another, under the local patient', async () => {
  const federation = join(root, 'federation');
  const key = join(root, 'operator-key.json');
  const { federationId } = await interhosp('roster', 'create', federation, '--operator-key', key);
  const joins = [await prepare('north', String(federationId)), await prepare('south', String(federationId))];
  await interhosp('roster', 'sign', ...joins, '--folder', federation, '--operator-key', key);
  await fill(join(root, 'north', 'archive.bin'));
  for (const member of ['north', 'south']) await start(member, federation);

  const config = join(root, 'north', 'interhosp.yaml');
  const sent = await interhosp('send', made.studyInstanceUid, '--to', 'be-south', '--wait', '--config', config);
  assert.equal(sent['state'], 'CLOSED', JSON.stringify(sent));

  const south = archivePacs({ file: join(root, 'south', 'archive.bin') });
  await south.start();
  const studies = [];
  for await (const study of south.findStudies({})) studies.push(study);
  await south.stop();
  assert.deepEqual(
    studies.map(({ instances, patient, studyInstanceUid }) => ({ instances, id: patient.patientId, studyInstanceUid })),
    [{ instances: 3, id: { id: 'S-1', issuer: 'SOUTH' }, studyInstanceUid: made.studyInstanceUid }],
  );
});

/** Makes a member's folder; returns its request to join. */
async function prepare(name: string, federationId: string): Promise<string> {
  const folder = join(root, name);
  const address = `/ip4/127.0.0.1/tcp/${await freePort()}`;
  await interhosp(
    'init',
    folder,
    '--member',
    `be-${name}`,
    '--name',
    name,
    '--federation',
    federationId,
    '--listen',
    address,
  );
  const config = join(folder, 'interhosp.yaml');
  const issuer = name.toUpperCase();
  await writeFile(
    config,
    `
member: be-${name}
name: ${name}
passphraseFile: ./passphrase
federation: { id: '${federationId}' }
listen: [${address}]
pacs:
  main: { use: '${relative(folder, ADAPTER)}', file: ./archive.bin }
source: main
destination: main
patients: { use: '@interhosp/adapters/patients-csv', file: ./patients.csv, issuer: ${issuer} }
reconciliation: { profile: be, mode: automatic, nationalNumberIssuers: [NATIONAL-NUMBER] }
spool: { lowWaterBytes: 1000000 }
`,
  );
  const patient = `${issuer.charAt(0)}-1,61042312410,Vérité,Anne,1961-04-23,F`;
  await writeFile(join(folder, 'patients.csv'), `id,national_id,family,given,birth_date,sex\n${patient}\n`);
  const file = join(root, `${name}.join.json`);
  await interhosp('roster', 'join', '--config', config, '--out', file);
  return file;
}

async function start(name: string, federation: string): Promise<void> {
  const folder = join(root, name);
  for (const file of ['root.json', 'roster.json'])
    await copyFile(join(federation, file), join(folder, 'federation', file));
  const args = [...node, 'start', '--json', '--log-level', 'warn', '--config', join(folder, 'interhosp.yaml')];
  const member = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  members.push(member);
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: member.stdout }).once('line', resolve);
    member.once('exit', () => reject(new Error(`the member of ${name} ended`)));
  });
  assert.equal((JSON.parse(line) as { event?: string }).event, 'ready');
}

/** Puts the study into an archive, as a modality would. */
async function fill(file: string): Promise<void> {
  const pacs = archivePacs({ file });
  await pacs.start();
  const instances = made.instances.map(({ dataSet, ...identity }) => ({
    ...identity,
    lengthBytes: dataSet.length,
    async *dataSet() {
      yield dataSet;
    },
  }));
  for await (const { status } of pacs.store(instances)) assert.equal(status, 'stored');
  await pacs.stop();
}

/** Runs a command; its last line of JSON. */
async function interhosp(...args: readonly string[]): Promise<Record<string, unknown>> {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [...node, ...args, '--json'], { timeout: LIMIT_MS });
  const line = stdout.trimEnd().split('\n').at(-1) ?? '{}';
  return JSON.parse(line) as Record<string, unknown>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
