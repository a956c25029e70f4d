/**
 * Two real members of one federation, each a process of its own as `interhosp start` runs it, with folders as PACS.
 * Set up by the same commands that hospitals type, so that nothing but the programs themselves is measured or tested.
 */
// oxlint-disable-next-line no-restricted-imports -- this package starts the programs that tests run against
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { access, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePorts } from './free-ports.ts';

/** As built: stripping types at every start costs a member 40 MB that no hospital pays. */
const COMMAND = fileURLToPath(new URL('../../node/bin/interhosp.js', import.meta.url));
const BUILT = fileURLToPath(new URL('../../node/dist/cli/main.js', import.meta.url));
/** Adapters are resolved from the repository's root. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 15_000;
const POLL_MS = 100;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const run = promisify(execFile);

/** What a process has used since it began. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  /** Largest resident set (VmHWM), in MB of 10^6 bytes. */
  readonly peakRssMb: number;
}

/** One hospital: a running member and its folders. */
export interface Hospital {
  readonly member: string;
  /** Folder that stands for the PACS studies are taken from. */
  readonly outFolder: string;
  /** Folder that studies are filed in. */
  readonly inFolder: string;
  readonly pid: number;
  /** @throws {Error} where there is no /proc, as on systems other than Linux. */
  usage(): Promise<ProcessUsage>;
  /** What the member has logged: one JSON object a line. */
  readonly log: string;
}

/** Two hospitals that know each other. */
export interface TwoHospitals {
  readonly a: Hospital;
  readonly b: Hospital;
  /**
   * Sends a study from a to b and waits until b's PACS has confirmed it.
   *
   * @throws {Error} with the state and the reason when it ends in any other way.
   */
  send(studyInstanceUid: string, options?: { readonly withinMs?: number }): Promise<void>;
  /** Ends both processes and removes their folders. Calling it twice is fine. */
  stop(): Promise<void>;
}

/** How two hospitals are started. */
export interface TwoHospitalsOptions {
  /** Patients of both: `id,national_id,family,given,middle,birth_date,sex,street,postcode,city,phone` a line. */
  readonly patients: readonly string[];
  /** Options of Node for both members, e.g. `--cpu-prof`. */
  readonly nodeOptions?: readonly string[];
  /** Where their folders are made; default the system's folder for temporary files. */
  readonly below?: string;
}

/** Founds a federation of two and starts both. @throws {Error} with the end of a member's log when it does not come up. */
export async function startTwoHospitals(options: TwoHospitalsOptions): Promise<TwoHospitals> {
  await access(BUILT).catch((cause: unknown) => {
    throw new Error('the packages are not built: run npx -y pnpm@10 build', { cause });
  });
  const folder = await mkdtemp(join(options.below ?? tmpdir(), 'interhosp-hospitals-'));
  const started: Member[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((each) => each.stop()));
    await rm(folder, { force: true, recursive: true });
  };
  try {
    const sites = await foundFederation(folder, options.patients);
    for (const site of sites) started.push(new Member(site, options.nodeOptions ?? []));
    const [a, b] = started as [Member, Member];
    await Promise.all(started.map((each) => each.logged('"event":"peer.connected"')));
    const send = (studyInstanceUid: string, { withinMs = 600_000 } = {}): Promise<void> =>
      sendStudy(a, b, studyInstanceUid, withinMs);
    return { a, b, send, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Site {
  readonly folder: string;
  readonly member: string;
  readonly config: string;
}

async function foundFederation(folder: string, patients: readonly string[]): Promise<readonly Site[]> {
  const operator = join(folder, 'operator');
  const key = join(folder, 'operator.key');
  const { federationId } = await interhosp('roster', 'create', operator, '--operator-key', key);
  const ports = await freePorts(2);
  const sites = await Promise.all(
    ['a', 'b'].map(async (name, index) => {
      const site = join(folder, name);
      const settings = { federationId: String(federationId), name, patients, port: ports[index] ?? 0 };
      return await foundSite(site, settings);
    }),
  );
  const joins = sites.map((site) => `${site.folder}.json`);
  await interhosp('roster', 'sign', ...joins, '--folder', operator, '--operator-key', key);
  for (const site of sites) {
    for (const name of ['root.json', 'roster-1.json', 'roster.json']) {
      await copyFile(join(operator, name), join(site.folder, 'federation', name));
    }
  }
  return sites;
}

async function foundSite(
  folder: string,
  settings: {
    readonly federationId: string;
    readonly name: string;
    readonly patients: readonly string[];
    readonly port: number;
  },
): Promise<Site> {
  const { federationId, name, patients, port } = settings;
  const member = `be-${name}`;
  const listen = `/ip4/127.0.0.1/tcp/${port}`;
  const about = ['--member', member, '--name', `Hospital ${name}`, '--federation', federationId, '--listen', listen];
  await interhosp('init', folder, ...about);
  const config = join(folder, 'interhosp.yaml');
  await mkdir(join(folder, 'out'));
  await mkdir(join(folder, 'in'));
  await writeFile(config, configuration(member, federationId, listen));
  const heading = 'id,national_id,family,given,middle,birth_date,sex,street,postcode,city,phone';
  await writeFile(join(folder, 'patients.csv'), `${[heading, ...patients].join('\n')}\n`);
  await interhosp('roster', 'join', '--config', config, '--out', `${folder}.json`);
  return { config, folder, member };
}

function configuration(member: string, federationId: string, listen: string): string {
  return `member: ${member}
name: Hospital ${member}
passphraseFile: ./passphrase
federation: { id: ${federationId} }
listen: [${listen}]
pacs:
  main: { use: '@interhosp/adapters/folder', watch: ./out, write: ./in }
source: main
destination: main
patients: { use: '@interhosp/adapters/patients-csv', file: ./patients.csv, issuer: ${member.toUpperCase()} }
reconciliation: { profile: be, policy: standard, mode: automatic, nationalNumberIssuers: [NATIONAL-NUMBER] }
spool: { lowWaterBytes: 0, keepHours: 0 }
`;
}

/** Runs a command to its end. @returns Its one JSON record. @throws {Error} with what it said, when it fails. */
async function interhosp(...words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { stdout } = await run(process.execPath, [COMMAND, ...words, '--json'], {
    cwd: ROOT,
    env: environment(),
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, unknown>;
}

/** Ours, without what a test runner or pnpm tells its own processes. */
function environment(): NodeJS.ProcessEnv {
  const { INIT_CWD: _caller, NODE_OPTIONS: _options, ...rest } = process.env;
  return rest;
}

async function sendStudy(a: Member, b: Member, studyInstanceUid: string, withinMs: number): Promise<void> {
  const sending = ['send', studyInstanceUid, '--to', b.member, '--config', a.config, '--json'];
  const ended = run(process.execPath, [COMMAND, ...sending, '--wait'], {
    cwd: ROOT,
    env: environment(),
    timeout: withinMs,
  });
  const { stdout } = await ended.catch((error: { stdout?: string; stderr?: string }) => {
    const said = `${error.stdout ?? ''}${error.stderr ?? ''}`;
    throw new Error(`the study did not arrive: ${said}\na: ${tail(a.log)}\nb: ${tail(b.log)}`);
  });
  if (!/"state":"(?:CLOSED|EXPUNGED)"/.test(stdout)) throw new Error(`the study did not arrive: ${stdout}`);
}

class Member implements Hospital {
  readonly member: string;
  readonly config: string;
  readonly outFolder: string;
  readonly inFolder: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  #log = '';

  constructor({ config, folder, member }: Site, nodeOptions: readonly string[]) {
    this.member = member;
    this.config = config;
    this.outFolder = join(folder, 'out');
    this.inFolder = join(folder, 'in');
    const words = [...nodeOptions, COMMAND, 'start', '--config', config, '--json'];
    this.#child = spawn(process.execPath, words, {
      cwd: ROOT,
      env: environment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    this.pid = this.#child.pid ?? 0;
    // Never outlives the test process, however that ends.
    process.once('exit', () => this.#child.kill('SIGKILL'));
  }

  get log(): string {
    return this.#log;
  }

  async logged(text: string): Promise<void> {
    for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += POLL_MS) {
      if (this.#log.includes(text)) return;
      if (this.#child.exitCode !== null) break;
      await pause(POLL_MS);
    }
    throw new Error(`the member ${this.member} did not come up:\n${tail(this.#log)}`);
  }

  async usage(): Promise<ProcessUsage> {
    return await usageOf(this.pid);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
    await ended;
    clearTimeout(timer);
  }
}

/** What a process has used so far, as Linux counts it. @throws {Error} when it has ended, or there is no /proc. */
export async function usageOf(pid: number): Promise<ProcessUsage> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may hold spaces; user and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (peak === undefined) throw new Error(`process ${pid} has ended`);
  return { cpuSeconds: ticks / TICKS_PER_SECOND, peakRssMb: (Number(peak) * 1024) / 1e6 };
}

/** USER_HZ: the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

function tail(text: string): string {
  return text.split('\n').slice(-6).join('\n');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
