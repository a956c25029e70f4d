/** `interhosp init`: identity, data folder and a configuration to complete. */
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '@interhosp/core/errors';
import { parsePeerId, peerIdOf } from '@interhosp/core/federation';
import type { MemberId } from '@interhosp/core/study';
import type { Command } from 'commander';
import { createKeyVault, newPassphrase, readPassphrase } from '../../keys/index.ts';
import { createLog } from '../../observe/logger.ts';
import { nodeCrypto, nodeDisk, nodeRandom } from '../../world/index.ts';
import { action, callerPath, withGlobalOptions, type GlobalOptions } from '../context.ts';
import { federationArgument, memberArgument, multiaddrArgument, nameArgument } from '../arguments.ts';
import type { Output } from '../output.ts';

interface InitOptions extends GlobalOptions {
  readonly member: MemberId;
  readonly name: string;
  readonly federation: string;
  readonly listen?: readonly string[];
}

/** Every address of the machine, at the port that hospitals open. */
const LISTEN = ['/ip4/0.0.0.0/tcp/4450'];

/** Registers the command. */
export function initCommand(program: Command): void {
  withGlobalOptions(program.command('init'))
    .description('make a new member: its identity, its data folder and an interhosp.yaml to complete')
    .argument('[folder]', 'where; never over a member that is there (default: the current folder)')
    .requiredOption('--member <id>', 'how the roster shall name this organisation, as be-chu-liege', memberArgument)
    .requiredOption('--name <text>', 'how people name it, as "CHU de Liège"', nameArgument)
    .requiredOption('--federation <id>', 'federation ID, 64 hex digits, as the operator told it', federationArgument)
    .option('--listen <multiaddr...>', `where this member listens (default: ${LISTEN.join(' ')})`, multiaddrArgument)
    .action(action(init));
}

async function init(output: Output, options: InitOptions, folder = '.'): Promise<void> {
  const root = callerPath(folder);
  const { member } = options;
  const file = join(root, 'interhosp.yaml');
  if (await exists(file)) throw new ConfigError('CONFIG_EXISTS', { details: { file } });
  await mkdir(join(root, 'federation'), { recursive: true });
  const disk = nodeDisk();
  const passphraseFile = join(root, 'passphrase');
  if (!(await exists(passphraseFile)))
    await writeFile(passphraseFile, newPassphrase(nodeRandom()), { flag: 'wx', mode: 0o600 });
  await disk.makeFolder(join(root, 'data'));
  const vault = await createKeyVault({
    crypto: nodeCrypto(),
    disk,
    folder: join(root, 'data', 'keys'),
    log: createLog({ level: 'warn' }),
    passphrase: await readPassphrase(passphraseFile, disk),
    random: nodeRandom(),
  });
  const peerId = parsePeerId(peerIdOf(vault.identity.publicKey));
  await writeFile(file, template(options), { flag: 'wx' });
  output.record({ config: file, member, peerId }, nextSteps(file, peerId));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function template(options: InitOptions): string {
  // A JSON string is a YAML string, whatever is in it; bare text may be read as a number, a comment or a mapping.
  const { federation, listen = LISTEN, member, name } = options;
  return `# A member of an Interhosp federation. Paths are relative to this file.
member: ${JSON.stringify(member)}
name: ${JSON.stringify(name)}
data: ./data
# Keep this file outside the data folder and its backups: it opens the keys.
passphraseFile: ./passphrase
federation:
  id: ${JSON.stringify(federation)}
  documents: ./federation
listen: ${JSON.stringify(listen)}
# Your PACS. Other adapters: @interhosp/adapters/folder, /memory, or a module of your own.
pacs:
  main:
    use: '@interhosp/adapters/dicomweb'
    baseUrl: http://127.0.0.1:8042/dicom-web
source: main
destination: main
# Your patients, as CSV: id,national_id,family,given,middle,birth_date,sex,street,postcode,city,phone
patients:
  use: '@interhosp/adapters/patients-csv'
  file: ./patients.csv
  issuer: ${JSON.stringify(member)}
# Rules that send studies by themselves (docs/operating.md). Without them nothing leaves but by interhosp send.
# routing:
#   rules: ./rules.yaml
# practitioners: ./practitioners.csv
reconciliation:
  profile: generic
  policy: strict
  # shadow and confirmed: a person confirms every link; automatic: those beyond doubt are filed.
  mode: confirmed
`;
}

function nextSteps(file: string, peerId: string): string {
  return [
    `identity made: ${peerId}`,
    `configuration:  ${file}`,
    '',
    'next: complete the configuration (PACS, patients), then',
    '  interhosp roster join --out join.json      and send join.json to the federation operator',
    '  put the root.json and roster.json that come back into the folder federation/',
    '  interhosp start',
  ].join('\n');
}
