/**
 * Starts the PACS of a hospital: the embedded one, or a real Orthanc with its DICOMweb plugin, on a free port of
 * loopback, with its storage in the demonstration's folder.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError, type DemoOptions, type PacsKind, type PacsProtocol } from './options.ts';
import { sourceArgs, type Processes, type Running } from './processes.ts';

/** A PACS that answers. */
export interface StartedPacs {
  readonly running: Running;
  /** DICOMweb root. */
  readonly url: string;
  /** Present where the member is to speak DIMSE. */
  readonly dimse?: DimseAccess;
}

/** How a member and its PACS reach each other over DIMSE. */
export interface DimseAccess {
  readonly port: number;
  readonly aeTitle: string;
  /** The member's own, known to the PACS: instances are moved to it. */
  readonly memberPort: number;
  readonly memberAeTitle: string;
}

/** Where Orthanc is. */
export interface OrthancPrograms {
  readonly program: string;
  readonly plugin: string;
}

const PROGRAM = fileURLToPath(new URL('pacs-program.ts', import.meta.url));
/** Where Debian's packages put the plugin. */
const PLUGINS = ['/usr/share/orthanc/plugins', '/usr/lib/orthanc/plugins', '/usr/local/share/orthanc/plugins'];
const PLUGIN = 'libOrthancDicomWeb.so';
const ORTHANC_ROOT = '/dicom-web';
/** Orthanc opens its database within a second or two. */
const ANSWER_MS = 60_000;
const ASK_EVERY_MS = 100;

/** Says what has to be installed for this kind of PACS. @throws {UsageError} when something is missing. */
export function checkPacsInstalled(kind: PacsKind): void {
  if (kind === 'orthanc') orthancOfThisMachine();
}

/** Starts one PACS; its files go to `folder`. */
export async function startPacs(
  { pacs: kind, protocol }: Pick<DemoOptions, 'pacs' | 'protocol'>,
  title: string,
  folder: string,
  processes: Processes,
): Promise<StartedPacs> {
  await mkdir(folder, { recursive: true });
  const logFile = join(folder, 'pacs.log');
  if (kind === 'orthanc') return startOrthanc({ title, folder, logFile, protocol }, processes);
  const running = processes.start({ title, command: process.execPath, args: sourceArgs(PROGRAM), logFile });
  const { url } = await running.ready();
  return { running, url: String(url) };
}

/** A TCP port of loopback that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

interface OrthancPlace {
  readonly title: string;
  readonly folder: string;
  readonly logFile: string;
  readonly protocol: PacsProtocol;
}

async function startOrthanc(
  { folder, logFile, protocol, title }: OrthancPlace,
  processes: Processes,
): Promise<StartedPacs> {
  const { plugin, program } = orthancOfThisMachine();
  const port = await freePort();
  const file = join(folder, 'orthanc.json');
  const storage = join(folder, 'orthanc');
  const dimse = protocol === 'dimse' ? await dimseAccess() : undefined;
  const configuration = { ...orthancConfiguration(title, storage, port, plugin), ...dimseConfiguration(dimse) };
  await writeFile(file, JSON.stringify(configuration, undefined, 2));
  const running = processes.start({ title, command: program, args: [file], logFile });
  await Promise.race([answers(`http://127.0.0.1:${port}/system`, title), running.died]);
  return { running, url: `http://127.0.0.1:${port}${ORTHANC_ROOT}`, ...(dimse !== undefined && { dimse }) };
}

async function dimseAccess(): Promise<DimseAccess> {
  return { port: await freePort(), aeTitle: 'PACS', memberPort: await freePort(), memberAeTitle: 'INTERHOSP' };
}

/** Orthanc moves instances only to whom it knows. */
function dimseConfiguration(dimse: DimseAccess | undefined): object {
  if (dimse === undefined) return { DicomServerEnabled: false };
  return {
    DicomServerEnabled: true,
    DicomPort: dimse.port,
    DicomAet: dimse.aeTitle,
    DicomModalities: { member: [dimse.memberAeTitle, '127.0.0.1', dimse.memberPort] },
    UnknownSopClassAccepted: true,
  };
}

function orthancOfThisMachine(): OrthancPrograms {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return findOrthanc(folders, PLUGINS);
}

/**
 * Looks for Orthanc and its DICOMweb plugin.
 *
 * @throws {UsageError} which says what to install.
 */
export function findOrthanc(folders: readonly string[], pluginFolders: readonly string[]): OrthancPrograms {
  const program = folders.map((folder) => join(folder, 'Orthanc')).find((file) => existsSync(file));
  const plugin = pluginFolders.map((folder) => join(folder, PLUGIN)).find((file) => existsSync(file));
  if (program !== undefined && plugin !== undefined) return { plugin, program };
  const missing = [
    ...(program === undefined ? ['orthanc'] : []),
    ...(plugin === undefined ? ['orthanc-dicomweb'] : []),
  ];
  throw new UsageError(
    `--pacs orthanc needs ${missing.join(' and ')}. On Debian and Ubuntu:\n` +
      `  sudo apt-get install --no-install-recommends ${missing.join(' ')}\n` +
      'Without --pacs, the demonstration brings a small PACS of its own.',
  );
}

function orthancConfiguration(name: string, storage: string, port: number, plugin: string): object {
  return {
    Name: name,
    StorageDirectory: storage,
    IndexDirectory: storage,
    HttpPort: port,
    HttpServerEnabled: true,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    Plugins: [plugin],
    DicomWeb: { Enable: true, Root: `${ORTHANC_ROOT}/` },
    // Received data sets are kept byte for byte.
    StorageCompression: false,
    StableAge: 1,
  };
}

async function answers(address: string, title: string): Promise<void> {
  const until = performance.now() + ANSWER_MS;
  while (performance.now() < until) {
    const response = await fetch(address).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  throw new Error(`${title} did not answer within ${ANSWER_MS / 1000} s`);
}
