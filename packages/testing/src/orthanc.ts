/**
 * A real Orthanc with its DICOMweb plugin, as Debian packages it, on loopback and with a storage folder of its own.
 *
 * Tests share one and empty it between them: starting takes about a second, emptying some milliseconds.
 */
// oxlint-disable-next-line no-restricted-imports -- this package starts the servers that tests run against
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findInstalledFile, findProgram } from './debian.ts';
import { freePorts } from './free-ports.ts';

const PACKAGES = ['orthanc', 'orthanc-dicomweb'];
const DICOMWEB_PLUGIN = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';
/** Ports are found and then used; somebody may come between. */
const START_ATTEMPTS = 3;
const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;
const POLL_MS = 50;

/** How an Orthanc is started. */
export interface OrthancOptions {
  /** AE title of its DIMSE side; default `ORTHANC`. */
  readonly aeTitle?: string;
  /** What Orthanc calls `DicomModalities`: name to [AE title, host, port]. */
  readonly modalities?: Readonly<Record<string, readonly [aeTitle: string, host: string, port: number]>>;
  /** Anything else of its configuration, taking precedence over ours. */
  readonly configuration?: Readonly<Record<string, unknown>>;
}

/** A running Orthanc. */
export interface Orthanc {
  /** Of its process at this moment. */
  readonly pid: number;
  /** Its own REST API, without a slash at the end. */
  readonly url: string;
  /** Root of its DICOMweb services, without a slash at the end. */
  readonly dicomwebUrl: string;
  readonly dicomPort: number;
  readonly aeTitle: string;
  /** Deletes every patient. */
  clear(): Promise<void>;
  /** `kill -9`; what it holds stays. Calling it twice is fine. */
  kill(): Promise<void>;
  /** Starts it again on the same ports, with what it holds. @throws {Error} when it does not come up. */
  restart(): Promise<void>;
  /** Ends the process and removes its storage. Calling it twice is fine. */
  stop(): Promise<void>;
}

/** Starts an Orthanc and waits until it answers. @throws {Error} when it is not installed or does not come up. */
export async function startOrthanc(options: OrthancOptions = {}): Promise<Orthanc> {
  const program = findProgram('Orthanc', PACKAGES);
  findInstalledFile(DICOMWEB_PLUGIN, PACKAGES);
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(program, options);
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function startOnce(program: string, options: OrthancOptions): Promise<Orthanc> {
  const { aeTitle = 'ORTHANC' } = options;
  const [httpPort = 0, dicomPort = 0] = await freePorts(2);
  const folder = await mkdtemp(join(tmpdir(), 'interhosp-orthanc-'));
  const file = join(folder, 'orthanc.json');
  await writeFile(file, JSON.stringify(configurationOf(options, { folder, httpPort, dicomPort, aeTitle })));
  const log = join(folder, 'orthanc.log');
  const url = `http://127.0.0.1:${httpPort}`;
  let child = launch();
  function launch(): ChildProcess {
    return spawn(program, [`--logfile=${log}`, file], { stdio: 'ignore', cwd: folder });
  }
  // Never outlives the test process, however that ends.
  const die = (): void => void child.kill('SIGKILL');
  process.once('exit', die);
  const stop = async (): Promise<void> => {
    // Not in order: its folder goes, and what it still had to write with it.
    await end(child, 'SIGKILL');
    process.off('exit', die);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await ready(child, `${url}/system`);
  } catch (error) {
    const lines = (await readFile(log, 'utf8').catch(() => '')).split('\n').slice(-5).join('\n');
    await stop();
    throw new Error(`Orthanc did not start:\n${lines}`, { cause: error });
  }
  return {
    get pid() {
      return child.pid ?? 0;
    },
    url,
    dicomwebUrl: `${url}/dicom-web`,
    dicomPort,
    aeTitle,
    clear: () => clear(url),
    kill: () => end(child, 'SIGKILL'),
    async restart() {
      await end(child, 'SIGKILL');
      child = launch();
      await ready(child, `${url}/system`);
    },
    stop,
  };
}

interface Place {
  readonly folder: string;
  readonly httpPort: number;
  readonly dicomPort: number;
  readonly aeTitle: string;
}

function configurationOf({ modalities = {}, configuration = {} }: OrthancOptions, place: Place): object {
  return {
    Name: 'Interhosp test',
    StorageDirectory: join(place.folder, 'storage'),
    IndexDirectory: join(place.folder, 'index'),
    StorageCompression: false,
    Plugins: [DICOMWEB_PLUGIN],
    HttpPort: place.httpPort,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    DicomPort: place.dicomPort,
    DicomAet: place.aeTitle,
    DicomCheckCalledAet: false,
    DicomAlwaysAllowEcho: true,
    DicomAlwaysAllowStore: true,
    DicomAlwaysAllowFind: true,
    DicomAlwaysAllowGet: true,
    DicomAlwaysAllowMove: true,
    UnknownSopClassAccepted: true,
    DicomModalities: modalities,
    // One file more or less on a disk that is thrown away.
    SyncStorageArea: false,
    StoreDicom: true,
    OverwriteInstances: false,
    DicomWeb: { Enable: true, Root: '/dicom-web/', EnableWado: false, StudiesMetadata: 'Full', SeriesMetadata: 'Full' },
    ...configuration,
  };
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += POLL_MS) {
    if (child.exitCode !== null || child.pid === undefined) throw new Error('the process ended');
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok === true) return;
    await pause(POLL_MS);
  }
  throw new Error('it does not answer');
}

async function clear(url: string): Promise<void> {
  const patients = (await (await fetch(`${url}/patients`)).json()) as readonly string[];
  for (const id of patients) await (await fetch(`${url}/patients/${id}`, { method: 'DELETE' })).arrayBuffer();
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}

async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => void setTimeout(resolve, ms));
}
