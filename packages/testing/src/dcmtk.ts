/**
 * DCMTK's servers as Debian packages them, on loopback and with a folder of their own: `storescp`, which takes whatever is
 * sent to it, and `dcmqrscp`, a small archive with C-FIND, C-MOVE and C-GET.
 *
 * TCP_NODELAY is set for both: as installed they lose 45 ms with each instance (Nagle's algorithm against delayed
 * acknowledgements), which would make every comparison with them a comparison with that.
 */
// oxlint-disable-next-line no-restricted-imports -- this package starts the servers that tests run against
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from './debian.ts';
import { freePorts } from './free-ports.ts';

const PACKAGES = ['dcmtk'];
/** Ports are found and then used; somebody may come between. */
const START_ATTEMPTS = 3;
const READY_WITHIN_MS = 15_000;
const STOP_WITHIN_MS = 5_000;
const POLL_MS = 20;

/** A running server of DCMTK. */
export interface DcmtkServer {
  readonly pid: number;
  readonly port: number;
  readonly aeTitle: string;
  /** Where it keeps what it was given. */
  readonly folder: string;
  /** Paths of the files it holds. */
  files(): Promise<readonly string[]>;
  /** `kill -9`, with all that it forked; what it holds stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with what it holds. */
  restart(): Promise<void>;
  /** Ends the process and removes its folder. Calling it twice is fine. */
  stop(): Promise<void>;
}

/** How `storescp` is started. */
export interface StorescpOptions {
  /** Further words of its command line, such as `--fork`, `+xa`, `--sleep-after`. */
  readonly args?: readonly string[];
  /** Default a temporary one. */
  readonly folder?: string;
  /** A shared library that is loaded before its own. */
  readonly preload?: string;
}

/** Starts a `storescp` that writes what it reads (bit-preserving). @throws {Error} */
export async function startStorescp({ args = [], folder, preload }: StorescpOptions = {}): Promise<DcmtkServer> {
  const program = findProgram('storescp', PACKAGES);
  return await start({
    aeTitle: 'STORESCP',
    command: (root, port) => {
      const words = [program, '+B', '-od', join(root, 'held'), ...args, String(port)];
      return preload === undefined ? words : ['env', `LD_PRELOAD=${preload}`, ...words];
    },
    ...(folder !== undefined && { root: folder }),
  });
}

/** How `dcmqrscp` is started. */
export interface DcmqrscpOptions {
  /** Default `ARCHIVE`. */
  readonly aeTitle?: string;
  /** To whom it may move: AE title, host, port. */
  readonly peers?: readonly (readonly [aeTitle: string, host: string, port: number])[];
  /** Studies it keeps; default 200. It throws the oldest away when there are more. */
  readonly mostStudies?: number;
  /** Bytes of one study it keeps, as it writes them: `1024mb`; default `10gb`. */
  readonly mostStudyBytes?: string;
  /** Further words of its command line, such as `--disable-get`. */
  readonly args?: readonly string[];
}

/** Starts a `dcmqrscp`. @throws {Error} */
export async function startDcmqrscp(options: DcmqrscpOptions = {}): Promise<DcmtkServer> {
  const program = findProgram('dcmqrscp', PACKAGES);
  const { aeTitle = 'ARCHIVE', args = [] } = options;
  return await start({
    aeTitle,
    command: (root, port) => [program, '--config', join(root, 'dcmqrscp.cfg'), ...args, String(port)],
    prepare: async (root) => await writeFile(join(root, 'dcmqrscp.cfg'), configurationOf(options, aeTitle, root)),
  });
}

function configurationOf(
  { mostStudies = 200, mostStudyBytes = '10gb', peers = [] }: DcmqrscpOptions,
  aeTitle: string,
  root: string,
): string {
  const hosts = peers.map(([ae, host, port], index) => `peer${index} = (${ae}, ${host}, ${port})`);
  return [
    'MaxPDUSize = 131072',
    'MaxAssociations = 64',
    'HostTable BEGIN',
    ...hosts,
    'HostTable END',
    'VendorTable BEGIN',
    'VendorTable END',
    'AETable BEGIN',
    `${aeTitle} ${join(root, 'held')} RW (${mostStudies}, ${mostStudyBytes}) ANY`,
    'AETable END',
    '',
  ].join('\n');
}

interface Recipe {
  readonly aeTitle: string;
  /** Default a temporary one, removed at the end. */
  readonly root?: string;
  command(root: string, port: number): readonly string[];
  prepare?(root: string): Promise<void>;
}

async function start(recipe: Recipe): Promise<DcmtkServer> {
  const root = recipe.root ?? (await mkdtemp(join(tmpdir(), 'interhosp-dcmtk-')));
  const held = join(root, 'held');
  await mkdir(held, { recursive: true });
  await recipe.prepare?.(root);
  for (let attempt = 1; ; attempt++) {
    const [port = 0] = await freePorts(1);
    try {
      const server = new Server(recipe, root, held, port);
      await server.restart();
      return server;
    } catch (error) {
      if (attempt < START_ATTEMPTS) continue;
      await rm(root, { force: true, recursive: true });
      throw error;
    }
  }
}

class Server implements DcmtkServer {
  readonly aeTitle: string;
  readonly folder: string;
  readonly port: number;
  readonly #recipe: Recipe;
  readonly #root: string;
  #child: ChildProcess | undefined;
  // Never outlives the test process, however that ends.
  readonly #kill = (): void => this.#signal('SIGKILL');

  constructor(recipe: Recipe, root: string, held: string, port: number) {
    this.aeTitle = recipe.aeTitle;
    this.folder = held;
    this.port = port;
    this.#recipe = recipe;
    this.#root = root;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async files(): Promise<readonly string[]> {
    const names = await readdir(this.folder);
    return names.filter((name) => name !== 'index.dat').map((name) => join(this.folder, name));
  }

  async restart(): Promise<void> {
    await this.kill();
    const [program = '', ...words] = this.#recipe.command(this.#root, this.port);
    const env = { ...process.env, TCP_NODELAY: '1' };
    // In a process group of its own, so that those it forks end with it.
    this.#child = spawn(program, words, { cwd: this.#root, detached: true, env, stdio: 'ignore' });
    process.once('exit', this.#kill);
    await this.#ready();
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    if (this.#recipe.root === undefined) await rm(this.#root, { force: true, recursive: true });
  }

  async #ready(): Promise<void> {
    for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += POLL_MS) {
      const { exitCode, pid } = this.#child ?? {};
      if (pid === undefined || exitCode !== null) throw new Error(`${this.aeTitle} ended at its start`);
      if (await takesConnections(this.port)) return;
      await pause(POLL_MS);
    }
    throw new Error(`${this.aeTitle} does not listen`);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    process.off('exit', this.#kill);
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined) return;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      signalGroup(child.pid, signal);
      const timer = setTimeout(() => signalGroup(child.pid ?? 0, 'SIGKILL'), STOP_WITHIN_MS);
      await ended;
      clearTimeout(timer);
    }
    // Children of a fork may outlive their parent.
    signalGroup(child.pid, 'SIGKILL');
  }

  #signal(signal: NodeJS.Signals): void {
    signalGroup(this.#child?.pid ?? 0, signal);
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  if (pid <= 0) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in it.
  }
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => void setTimeout(resolve, ms));
}
