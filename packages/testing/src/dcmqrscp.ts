/**
 * A real `dcmqrscp` of DCMTK, as Debian packages it, on loopback and with a storage folder of its own: a PACS that knows
 * C-STORE, C-FIND, C-MOVE and C-GET, keeps files as they came, and knows destinations from a table alone.
 */
// oxlint-disable-next-line no-restricted-imports -- this package starts the servers that tests run against
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from './debian.ts';
import { freePorts } from './free-ports.ts';

const PACKAGES = ['dcmtk'];
const START_ATTEMPTS = 3;
const READY_WITHIN_MS = 15_000;
const POLL_MS = 25;

/** How a dcmqrscp is started. */
export interface DcmqrscpOptions {
  /** AE title of its one storage area; default `QRSCP`. */
  readonly aeTitle?: string;
  /** Where it may move to: AE title to port, on this machine. */
  readonly destinations?: Readonly<Record<string, number>>;
  /** More command line options. */
  readonly args?: readonly string[];
}

/** A running dcmqrscp. */
export interface Dcmqrscp {
  readonly pid: number;
  readonly dicomPort: number;
  readonly aeTitle: string;
  /** Where it keeps its files and its index. */
  readonly storage: string;
  /** Ends it and those it forked at once, as a power cut would; `stop` is still to be called. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with what it holds. */
  restart(): Promise<void>;
  /** Ends the processes and removes the storage. Calling it twice is fine. */
  stop(): Promise<void>;
}

/** Starts a dcmqrscp and waits until it listens. @throws {Error} when it is not installed or does not come up. */
export async function startDcmqrscp(options: DcmqrscpOptions = {}): Promise<Dcmqrscp> {
  const program = findProgram('dcmqrscp', PACKAGES);
  const { aeTitle = 'QRSCP' } = options;
  const folder = await mkdtemp(join(tmpdir(), 'interhosp-dcmqrscp-'));
  const storage = join(folder, 'storage');
  await mkdir(storage);
  for (let attempt = 1; ; attempt++) {
    const [port = 0] = await freePorts(1);
    const config = join(folder, 'dcmqrscp.cfg');
    await writeFile(config, configurationOf(options, { aeTitle, port, storage }));
    const start = (): Promise<ChildProcess> => startOnce(program, config, port, options.args ?? []);
    try {
      return running(await start(), start, { aeTitle, folder, port, storage });
    } catch (error) {
      if (attempt < START_ATTEMPTS) continue;
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }
}

interface Place {
  readonly aeTitle: string;
  readonly port: number;
  readonly storage: string;
}

function running(
  first: ChildProcess,
  start: () => Promise<ChildProcess>,
  { aeTitle, folder, port, storage }: Place & { readonly folder: string },
): Dcmqrscp {
  let child = first;
  // Never outlives the test process, however that ends.
  const killNow = (): void => killGroup(child);
  process.once('exit', killNow);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    killNow();
    await ended;
  };
  return {
    get pid() {
      return child.pid ?? 0;
    },
    dicomPort: port,
    aeTitle,
    storage,
    kill,
    restart: async () => {
      await kill();
      child = await start();
    },
    stop: async () => {
      await kill();
      process.off('exit', killNow);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** It forks one process for each association: all of its group end. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone by itself.
  }
}

function configurationOf({ destinations = {} }: DcmqrscpOptions, { aeTitle, port, storage }: Place): string {
  const hosts = Object.entries(destinations).map(
    ([title, destination], index) => `host${index} = (${title}, localhost, ${destination})`,
  );
  return `
NetworkTCPPort  = ${port}
MaxPDUSize      = 131072
MaxAssociations = 32
HostTable BEGIN
${hosts.join('\n')}
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
${aeTitle} ${storage} RW (2000, 16384mb) ANY
AETable END
`;
}

async function startOnce(
  program: string,
  config: string,
  port: number,
  args: readonly string[],
): Promise<ChildProcess> {
  const child = spawn(program, ['-c', config, '-q', ...args, String(port)], {
    stdio: 'ignore',
    detached: true,
    // Otherwise it waits 40 ms for each acknowledgement.
    env: { ...process.env, TCP_NODELAY: '1' },
  });
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += POLL_MS) {
    if (child.exitCode !== null || child.pid === undefined) throw new Error('dcmqrscp ended');
    if (await accepts(port)) return child;
    await new Promise<void>((resolve) => void setTimeout(resolve, POLL_MS));
  }
  killGroup(child);
  throw new Error('dcmqrscp does not listen');
}

async function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: '127.0.0.1', port });
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  const isThere = await promise;
  socket.destroy();
  return isThere;
}

/** The DICOM files that a storage folder holds. */
export async function storedFiles({ storage }: Pick<Dcmqrscp, 'storage'>): Promise<readonly string[]> {
  const names = await readdir(storage);
  return names.filter((name) => name.endsWith('.dcm')).map((name) => join(storage, name));
}
