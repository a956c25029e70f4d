/**
 * `interhosp roster`: the operator's work on a federation with one operator key, and a hospital's request to join.
 * Every change is a new version, checked by the same reducer that every member applies before it is written.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, FederationError } from '@interhosp/core/errors';
import {
  acceptRoster,
  addMember,
  createRoot,
  createRoster,
  createRosterState,
  encodeEnvelope,
  federationIdOf,
  fromBase64url,
  joinRequest,
  memberFromCard,
  nodesOf,
  openJoinRequest,
  parseJcs,
  ROOT_TYPE,
  rosterHeads,
  rosterStanding,
  ROSTER_TYPE,
  setMemberState,
  signEnvelope,
  decodeEnvelope,
  type NextState,
  type Organisation,
  type RosterState,
} from '@interhosp/core/federation';
import { parseMemberId } from '@interhosp/core/study';
import type { Signer } from '@interhosp/core/world';
import { Option, type Command } from 'commander';
import { openKeyVault, readPassphrase } from '../../keys/index.ts';
import { createLog } from '../../observe/logger.ts';
import { nodeCrypto, nodeDisk, nodeRandom } from '../../world/index.ts';
import {
  action,
  callerConfig,
  callerPath,
  withConfigOption,
  withGlobalOptions,
  type GlobalOptions,
} from '../context.ts';
import { federationArgument, multiaddrArgument } from '../arguments.ts';
import { createOperatorKey, readOperatorKey } from '../operator-key.ts';
import { table, type Output } from '../output.ts';

/** A node's key is replaced at the latest after so long. */
const NODE_VALID_MS = 2 * 365 * 86_400_000;
const crypto = nodeCrypto();

/** Registers the command and its subcommands. */
export function rosterCommands(program: Command): void {
  const roster = program.command('roster').description('make, change and check the signed list of members');
  withGlobalOptions(roster.command('create <folder>'))
    .description('found a federation (operator): writes its key, root.json and roster.json into the folder')
    .requiredOption(
      '--operator-key <file>',
      'where the new key is written; keep it off line, it decides who is a member',
    )
    .option('--name <text>', 'name of the federation', 'Interhosp federation')
    .option('--holder <text>', 'who holds the key, for the record', 'operator')
    .action(action(create));
  withConfigOption(roster.command('join'))
    .description('ask to join (hospital): writes a signed request to send to the operator')
    .option('--out <file>', 'where the request is written', 'join.json')
    .option(
      '--address <multiaddr...>',
      'where other members reach this one (default: the addresses it listens on)',
      multiaddrArgument,
    )
    .action(action(join_));
  operatorCommand(roster, 'sign <join...>', 'admit members (operator), by the files that roster join wrote').action(
    action(sign),
  );
  const change = (name: string, what: string) =>
    operatorCommand(roster, `${name} <member>`, what).addOption(
      new Option('--reason <reason>', 'why, as the roster says it')
        .choices(['error', 'left', 'compromised'])
        .default(name === 'revoke' ? 'left' : 'error'),
    );
  change('suspend', 'start no new transfers with a member (operator); running ones go on').action(action(suspend));
  change('revoke', 'take a member out (operator)').action(action(revoke));
  operatorCommand(roster, 'readmit <member>', 'take a suspended member back (operator)').action(action(readmit));
  withGlobalOptions(roster.command('show [folder]'))
    .description('list the members that a folder holds (default folder: federation); checks it against itself only')
    .action(action(show));
  withGlobalOptions(roster.command('verify [folder]'))
    .description('check every signature in a folder (default: federation) against the federation ID')
    .requiredOption('--federation <id>', 'the federation ID you were told, 64 hex digits', federationArgument)
    .action(action(verify));
}

interface OperatorOptions extends GlobalOptions {
  readonly folder: string;
  readonly operatorKey: string;
  readonly reason?: 'error' | 'left' | 'compromised';
}

function operatorCommand(roster: Command, name: string, what: string): Command {
  return withGlobalOptions(roster.command(name))
    .description(what)
    .requiredOption('--folder <folder>', 'the folder that roster create made')
    .requiredOption('--operator-key <file>', 'file of the operator’s key');
}

type CreateOptions = GlobalOptions & { readonly operatorKey: string; readonly name: string; readonly holder: string };

async function create(output: Output, options: CreateOptions, folder: string): Promise<void> {
  const path = callerPath(folder);
  const disk = nodeDisk();
  await disk.makeFolder(path);
  if (await disk.exists(join(path, 'root.json'))) throw new ConfigError('CONFIG_EXISTS', { details: { file: path } });
  const signer = await createOperatorKey(callerPath(options.operatorKey));
  const role = { holders: [{ holder: options.holder, publicKey: signer.publicKey }] };
  const root = createRoot({ issuedMs: Date.now(), name: options.name, roles: { root: role, roster: role } }, crypto);
  const envelope = await signEnvelope(ROOT_TYPE, root, [signer]);
  const federationId = federationIdOf(fromBase64url(envelope.payload), crypto);
  await writeFile(join(path, 'root.json'), encodeEnvelope(envelope), { flag: 'wx' });
  const state = accepted(createRosterState(federationId), [encodeEnvelope(envelope)]);
  await writeRoster(path, state, [], signer);
  output.record(
    { federationId, folder: path },
    `federation ${federationId}\ntell it to each hospital: it pins it when it joins`,
  );
}

type JoinOptions = GlobalOptions & { readonly out: string; readonly address?: readonly string[] };

async function join_(output: Output, options: JoinOptions): Promise<void> {
  const { config, resolvePath } = await callerConfig(options);
  const disk = nodeDisk();
  const vault = await openKeyVault({
    crypto,
    disk,
    folder: join(resolvePath(config.data), 'keys'),
    log: createLog({ level: 'warn' }),
    passphrase: await readPassphrase(resolvePath(config.passphraseFile), disk),
    random: nodeRandom(),
  });
  const addrs = [...(options.address ?? config.listen)];
  const card = { addrs, displayName: config.name, fedId: config.federation.id, orgId: config.member };
  const file = callerPath(options.out);
  await writeFile(file, encodeEnvelope(await joinRequest(card, vault.identity, Date.now())));
  output.record(
    { file, member: config.member },
    `${file}: send it to the operator, and confirm by telephone that it is yours`,
  );
}

async function sign(output: Output, options: OperatorOptions, joins: readonly string[]): Promise<void> {
  await change(output, options, async (state) => {
    let orgs = membersOf(state);
    for (const file of joins) {
      const card = openJoinRequest(await readFile(callerPath(file)), crypto);
      if (card.fedId !== undefined && card.fedId !== state.fedId) throw new FederationError('FEDERATION_FOREIGN');
      const nowMs = Date.now();
      orgs = addMember(orgs, memberFromCard(card, { validFromMs: nowMs - 60_000, validToMs: nowMs + NODE_VALID_MS }));
      output.notice(`admitting ${card.orgId} (${card.displayName}), node ${card.peerId}`);
    }
    return orgs;
  });
}

function suspend(output: Output, options: OperatorOptions, member: string): Promise<void> {
  return changeState(output, options, member, {
    reason: options.reason ?? 'error',
    sinceMs: Date.now(),
    state: 'suspended',
  });
}

function revoke(output: Output, options: OperatorOptions, member: string): Promise<void> {
  return changeState(output, options, member, { reason: options.reason ?? 'left', sinceMs: Date.now(), state: 'left' });
}

function readmit(output: Output, options: OperatorOptions, member: string): Promise<void> {
  return changeState(output, options, member, { state: 'active' });
}

function changeState(output: Output, options: OperatorOptions, member: string, next: NextState): Promise<void> {
  return change(output, options, async (state) => setMemberState(membersOf(state), parseMemberId(member), next));
}

/** Writes the version that follows, with the members that `edit` makes of those in force. */
async function change(
  output: Output,
  options: OperatorOptions,
  edit: (state: RosterState) => Promise<readonly Organisation[]>,
): Promise<void> {
  const folder = callerPath(options.folder);
  const signer = await readOperatorKey(callerPath(options.operatorKey));
  const state = await readFolder(folder);
  const next = await writeRoster(folder, state, await edit(state), signer);
  const { rosterVersion } = rosterHeads(next);
  const members = membersOf(next).map(({ orgId, state: standing }) => ({ member: orgId, state: standing }));
  output.record(
    { members, rosterVersion },
    `roster version ${rosterVersion} written; give ${join(folder, 'roster.json')} to any member`,
  );
}

async function writeRoster(
  folder: string,
  state: RosterState,
  orgs: readonly Organisation[],
  signer: Signer,
): Promise<RosterState> {
  const roster = createRoster(state, orgs, { issuedMs: Date.now() });
  const bytes = encodeEnvelope(await signEnvelope(ROSTER_TYPE, roster, [signer]));
  const next = accepted(state, [bytes]);
  // A member that missed a version needs those between; the folder keeps them all.
  await writeFile(join(folder, `roster-${rosterHeads(next).rosterVersion}.json`), bytes);
  await writeFile(join(folder, 'roster.json'), bytes);
  return next;
}

async function show(output: Output, _options: GlobalOptions, folder = 'federation'): Promise<void> {
  const state = await readFolder(callerPath(folder));
  const roster = state.roster?.document;
  const rows = membersOf(state).map((org) => [
    org.orgId,
    org.displayName,
    org.state,
    nodesOf(org)
      .map(({ peerId }) => peerId)
      .join(' '),
  ]);
  const standing = rosterStanding(state, Date.now());
  output.record(
    {
      expires: roster?.expires,
      federationId: state.fedId,
      members: membersOf(state),
      standing,
      version: roster?.version,
    },
    [
      `federation ${state.fedId}`,
      `roster version ${roster?.version ?? 0}, ${standing}, expires ${roster?.expires ?? 'never'}`,
      '',
      table([['member', 'name', 'state', 'nodes'], ...rows]),
    ].join('\n'),
  );
}

async function verify(
  output: Output,
  options: GlobalOptions & { readonly federation: string },
  folder = 'federation',
): Promise<void> {
  const state = accepted(createRosterState(options.federation), await envelopesIn(callerPath(folder)));
  const heads = rosterHeads(state);
  if (heads.rosterVersion === 0) throw new FederationError('FEDERATION_CHAIN_BROKEN', { details: { kind: 'roster' } });
  output.record({ ...heads, verified: true }, `verified: root ${heads.rootVersion}, roster ${heads.rosterVersion}`);
}

function membersOf(state: RosterState): readonly Organisation[] {
  return state.roster?.document.orgs ?? [];
}

/** Reads a folder on its own word: the operator's own, whose anchor is the root in it. */
async function readFolder(folder: string): Promise<RosterState> {
  const envelopes = await envelopesIn(folder);
  const first = envelopes.find((envelope) => {
    const { payload, payloadType } = decodeEnvelope(envelope);
    const root = parseJcs(fromBase64url(payload)) as { version?: number };
    return payloadType === ROOT_TYPE && root.version === 1;
  });
  if (first === undefined) throw new ConfigError('CONFIG_UNREADABLE', { details: { file: join(folder, 'root.json') } });
  const federationId = federationIdOf(fromBase64url(decodeEnvelope(first).payload), crypto);
  return accepted(createRosterState(federationId), envelopes);
}

async function envelopesIn(folder: string): Promise<readonly Uint8Array[]> {
  const names = (await nodeDisk().list(folder)).filter((name) => /^(?:root|roster).*\.json$/.test(name));
  return Promise.all(names.map(async (name) => Buffer.from((await readFile(join(folder, name), 'utf8')).trim())));
}

function accepted(state: RosterState, envelopes: readonly Uint8Array[]): RosterState {
  const result = acceptRoster(state, envelopes, { crypto, nowMs: Date.now() });
  const [problem] = result.refused;
  if (problem !== undefined) throw problem;
  return result.state;
}
