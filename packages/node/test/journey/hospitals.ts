/**
 * A federation and its hospitals for the tests of the whole journey: real processes started by the command line, on free
 * ports and in a folder of their own. Everything is ended by its process ID, and every wait has an end.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '@interhosp/testing';
import { adminClient } from '../../src/admin/client.ts';
import type { JobDetail, JobSummary, MemberApi } from '../../src/member/member-api.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
/** A command that takes longer hangs; the machine of the gate is shared. */
const COMMAND_WITHIN_MS = 120_000;
const START_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 20_000;
const POLL_MS = 50;
/** Against hanging, not a measure: processors are shared. */
const WAIT_WITHIN_MS = 120_000;
/** The same for a whole test. */
export const TEST_WITHIN_MS = 600_000;

/** What a command left behind. */
export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one `interhosp` command to its end. */
export async function interhosp(...args: readonly string[]): Promise<CommandResult> {
  const child = spawnCommand(args, {});
  const out = gather(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_WITHIN_MS);
  const exitCode = await ended(child);
  clearTimeout(timer);
  return { exitCode, ...out };
}

/** The records that a command printed with `--json`. @throws {Error} when it failed. */
export async function interhospJson(...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const { exitCode, stderr, stdout } = await interhosp(...args, '--json');
  if (exitCode !== 0) throw new Error(`interhosp ${args.join(' ')} ended with ${exitCode}:\n${stderr}`);
  return linesOf(stdout).map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** How a hospital differs from the usual one: sections of `interhosp.yaml`. */
export type HospitalConfig = Readonly<Record<string, unknown>>;

/** Patients of a hospital's own directory, lines of `patients.csv` without the heading. */
const PATIENTS = ['P1,,Vérité,Anne-Hélène,,1961-04-23,F,,,,', 'P2,,Dupont,Jean,,1970-01-01,M,,,,'];
const PATIENTS_HEADING = 'id,national_id,family,given,middle,birth_date,sex,street,postcode,city,phone';

/** One federation with one operator; its hospitals are stopped and its folder removed at the end. */
export class Federation implements AsyncDisposable {
  readonly id: string;
  readonly folder: string;
  readonly documents: string;
  readonly #hospitals: Hospital[] = [];

  private constructor(id: string, folder: string) {
    this.id = id;
    this.folder = folder;
    this.documents = join(folder, 'documents');
  }

  static async found(): Promise<Federation> {
    const folder = await mkdtemp(join(tmpdir(), 'interhosp-journey-'));
    const documents = join(folder, 'documents');
    const [made] = await interhospJson('roster', 'create', documents, '--operator-key', join(folder, 'operator.key'));
    return new Federation(String(made?.['federationId']), folder);
  }

  /** Two hospitals, `be-a` and `be-b`, admitted and not started. */
  static async ofTwo(configs: readonly [HospitalConfig?, HospitalConfig?] = []) {
    const federation = await Federation.found();
    const [a, b] = await Promise.all([federation.hospital('a', configs[0]), federation.hospital('b', configs[1])]);
    await federation.admit(a, b);
    return { a, b, federation };
  }

  /** Makes identity, folders and configuration of a hospital that is no member yet. */
  async hospital(name: string, config: HospitalConfig = {}, federationId = this.id): Promise<Hospital> {
    const [port] = await freePorts(1);
    const root = join(this.folder, name);
    const listen = `/ip4/127.0.0.1/tcp/${port}`;
    const member = `be-${name}`;
    const identity = ['--member', member, '--name', `Hospital ${name}`, '--federation', federationId];
    await interhospJson('init', root, ...identity, '--listen', listen);
    const hospital = new Hospital(root, member);
    for (const folder of [hospital.out, hospital.in]) await mkdir(folder, { recursive: true });
    await hospital.configure({
      federation: { id: federationId },
      listen: [listen],
      name: `Hospital ${name}`,
      ...config,
    });
    await hospital.registerPatients(PATIENTS);
    this.#hospitals.push(hospital);
    return hospital;
  }

  /** Signs the hospitals into the roster, and hands the documents to every one that was made so far. */
  async admit(...hospitals: readonly Hospital[]): Promise<void> {
    const requests = await Promise.all(
      hospitals.map(async ({ configFile, root }) => {
        const out = join(root, 'join.json');
        await interhospJson('roster', 'join', '--config', configFile, '--out', out);
        return out;
      }),
    );
    await this.change('sign', ...requests);
    await Promise.all(this.#hospitals.map((hospital) => this.give(hospital)));
  }

  /** One more version of the roster, which no hospital has yet. */
  async change(...args: readonly string[]): Promise<void> {
    const key = join(this.folder, 'operator.key');
    await interhospJson('roster', ...args, '--folder', this.documents, '--operator-key', key);
  }

  /** Drops the documents of now into a hospital's folder. */
  async give(hospital: Hospital): Promise<void> {
    for (const name of await readdir(this.documents)) {
      await cp(join(this.documents, name), join(hospital.root, 'federation', name));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#hospitals.map((hospital) => hospital.kill()));
    await rm(this.folder, { force: true, recursive: true });
  }
}

/** How a member's process is started. */
export interface StartOptions {
  /** As the environment variable `INTERHOSP_CRASHPOINT`. */
  readonly crashpoint?: string;
}

/** One hospital: its folders, and its member's process while it runs. */
export class Hospital {
  readonly root: string;
  readonly member: string;
  readonly out: string;
  readonly in: string;
  readonly data: string;
  readonly configFile: string;
  #config: HospitalConfig = {};
  #process: ChildProcess | undefined;
  #output = { stderr: '', stdout: '' };

  constructor(root: string, member: string) {
    this.root = root;
    this.member = member;
    this.out = join(root, 'out');
    this.in = join(root, 'in');
    this.data = join(root, 'data');
    this.configFile = join(root, 'interhosp.yaml');
  }

  /** Writes the configuration: quick settings, then what was given before, then these sections. JSON is YAML. */
  async configure(sections: HospitalConfig): Promise<void> {
    this.#config = { ...this.#config, ...sections };
    const quick = {
      destination: 'main',
      discovery: { pollSeconds: 0.3, quietSeconds: 0.3, windowDays: 'all' },
      limits: { retryFirstSeconds: 0.1, retryMostSeconds: 1 },
      member: this.member,
      pacs: {
        main: { rescanMs: 100, stableMs: 200, use: '@interhosp/adapters/folder', watch: './out', write: './in' },
      },
      passphraseFile: './passphrase',
      patients: {
        file: './patients.csv',
        issuer: `HOSP-${this.member}`,
        pollMs: 200,
        use: '@interhosp/adapters/patients-csv',
      },
      reconciliation: {
        mode: 'automatic',
        nationalNumberIssuers: ['NATIONAL-NUMBER'],
        policy: 'standard',
        profile: 'be',
      },
      source: 'main',
      spool: { lowWaterBytes: 0 },
    };
    await writeFile(this.configFile, JSON.stringify({ ...quick, ...this.#config }, undefined, 2));
  }

  /** Writes `patients.csv`. */
  async registerPatients(lines: readonly string[]): Promise<void> {
    await writeFile(join(this.root, 'patients.csv'), `${[PATIENTS_HEADING, ...lines].join('\n')}\n`);
  }

  /** Starts the member and waits until it is ready. @throws {Error} with its log when it ends before. */
  async start(options: StartOptions = {}): Promise<void> {
    const isReady = await this.tryStart(options);
    if (!isReady) throw new Error(`${this.member} did not start:\n${this.log.slice(-4000)}`);
  }

  /** As {@link Hospital.start}; false when the process ended before it was ready. */
  async tryStart({ crashpoint }: StartOptions = {}): Promise<boolean> {
    if (this.isRunning) throw new Error(`${this.member} runs already`);
    const env = crashpoint === undefined ? {} : { INTERHOSP_CRASHPOINT: crashpoint };
    const child = spawnCommand(['start', '--config', this.configFile, '--json'], env);
    this.#process = child;
    this.#output = gather(child);
    const output = this.#output;
    await waitFor(
      `${this.member} to start`,
      () => output.stdout.includes('"event":"ready"') || !this.isRunning || undefined,
      { withinMs: START_WITHIN_MS },
    );
    return this.isRunning && output.stdout.includes('"event":"ready"');
  }

  get isRunning(): boolean {
    const child = this.#process;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** What the process wrote since its last start: its log, one JSON object a line. */
  get log(): string {
    return `${this.#output.stdout}${this.#output.stderr}`;
  }

  /** The records of the log with this event. */
  logged(event: string): readonly Record<string, unknown>[] {
    return linesOf(this.log).flatMap((line) => {
      if (!line.startsWith('{') || !line.includes(event)) return [];
      const record = JSON.parse(line) as Record<string, unknown>;
      return Object.values(record).includes(event) ? [record] : [];
    });
  }

  /** The running member. */
  get api(): Promise<MemberApi> {
    return adminClient(this.data);
  }

  /** Ends the process in an orderly way; its exit code. */
  async stop(): Promise<number | null> {
    const child = this.#process;
    if (child === undefined || !this.isRunning) return child?.exitCode ?? null;
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    child.kill('SIGTERM');
    const code = await ended(child);
    clearTimeout(timer);
    return code;
  }

  /** `kill -9`, and waits until the process is gone. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || !this.isRunning) return;
    child.kill('SIGKILL');
    await ended(child);
  }

  /** Waits until the process has ended by itself. */
  async died(): Promise<void> {
    await waitFor(`${this.member} to die`, () => (this.isRunning ? undefined : true));
  }

  /** Sends a study, as often as it takes the PACS to list it. */
  async send(studyInstanceUid: string, to: Hospital): Promise<string> {
    return await waitFor(`${this.member} to accept ${studyInstanceUid}`, async () => {
      const api = await this.api;
      const { exchangeId } = await api
        .send({ by: 'tester', studyInstanceUid, to: to.member })
        .catch(ignore('PACS_STUDY_UNKNOWN'));
      return exchangeId;
    });
  }

  /** The exchange, once this member knows it. */
  async find(exchangeId: string): Promise<JobSummary | undefined> {
    return (await (await this.api).jobs()).find((job) => job.exchangeId === exchangeId);
  }

  /** Waits until an exchange is in this state. @throws {Error} with what it was last. */
  async reaches(exchangeId: string, state: string, options: WaitOptions = {}): Promise<JobDetail> {
    let last: unknown;
    const job = await waitFor(
      `${this.member} to reach ${state}`,
      async () => {
        const found = await this.find(exchangeId).catch(() => undefined);
        last = found;
        return found?.state === state || found?.patientState === state ? found : undefined;
      },
      { ...options, about: () => `${JSON.stringify(last)}\n${this.log.slice(-3000)}` },
    );
    return await (await this.api).job(job.exchangeId);
  }
}

/** How long, and what to say when it was too long. */
export interface WaitOptions {
  readonly withinMs?: number;
  readonly about?: () => string;
}

/** Asks until there is an answer. @throws {Error} after a time. */
export async function waitFor<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  { about = () => '', withinMs = WAIT_WITHIN_MS }: WaitOptions = {},
): Promise<T> {
  const endMs = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > endMs) throw new Error(`waited too long for ${what}\n${about()}`);
    await pause(POLL_MS);
  }
}

/** Milliseconds of rest. */
export async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => void setTimeout(resolve, ms));
}

function ignore(code: string): (error: unknown) => { readonly exchangeId: undefined } {
  return (error) => {
    if (error instanceof Error && 'code' in error && error.code === code) return { exchangeId: undefined };
    throw error;
  };
}

function spawnCommand(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const { INTERHOSP_CRASHPOINT: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--conditions=@interhosp/source', MAIN, ...args], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Never outlives the test process, however that ends.
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}

function gather(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stderr: '', stdout: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  return output;
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('close', (code) => resolve(code)));
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
