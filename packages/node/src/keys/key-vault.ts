/**
 * The keys of one member, in one folder: a master key wrapped under the passphrase, and sealed under it the node's
 * identity, the key for records that belong to no exchange, and one random key per exchange. Erasing an exchange's key
 * erases what was written about it, wherever copies of the ciphertext lie.
 */
import { ConfigError, StorageError } from '@interhosp/core/errors';
import { fromHex, toHex, type ExchangeId } from '@interhosp/core/study';
import type { Crypto, Disk, Log, Random, Signer } from '@interhosp/core/world';
import { ed25519Signer, KEY_BYTES } from '../world/crypto.ts';
import type { NodeDisk } from '../world/disk.ts';
import { readWhole, UNFINISHED_SUFFIX, writeWhole } from '../world/whole-file.ts';
import { unwrapMasterKey, wrapMasterKey, type ScryptCost } from './master-key.ts';
import { refuseExposed } from './passphrase.ts';
import { ERASING_SUFFIX, eraseFile, finishErasing, openKey, sealKey, type KeyName } from './sealed-key-file.ts';

/** What journal, spool and store need of a vault. */
export interface ExchangeKeys {
  /** For what belongs to no exchange; 32 bytes. */
  readonly recordsKey: Uint8Array;
  /**
   * The key of an exchange, 32 bytes; undefined once it was erased, or before it was made.
   *
   * @throws {StorageError} `STORAGE_KEY_DAMAGED`
   */
  key(exchange: ExchangeId): Promise<Uint8Array | undefined>;
}

/** The keys of one member. */
export interface KeyVault extends ExchangeKeys {
  /** Signs as this node. */
  readonly identity: Signer;
  /** The Ed25519 seed behind {@link KeyVault.identity}, for the peer host; 32 bytes. */
  readonly identitySeed: Uint8Array;
  /** Makes the key of a new exchange, durable on return. One that exists is kept, so that a repeated step is harmless. */
  createKey(exchange: ExchangeId): Promise<Uint8Array>;
  /** Erases a key for good, durable on return. Erasing what is not there is fine. */
  eraseKey(exchange: ExchangeId): Promise<void>;
  /** Exchanges that have a key, sorted. */
  exchanges(): Promise<readonly ExchangeId[]>;
  /** Rewraps the master key; the old passphrase no longer opens this folder. */
  changePassphrase(passphrase: Uint8Array): Promise<void>;
}

/** What a vault needs of the world. */
export interface KeyVaultOptions {
  /** A simulated disk has no permissions to check. */
  readonly disk: Disk & Partial<Pick<NodeDisk, 'permissionsOf'>>;
  readonly folder: string;
  readonly passphrase: Uint8Array;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly log: Log;
  /** Only for tests: a cheap derivation. */
  readonly cost?: ScryptCost;
}

/**
 * Makes the keys of a new member.
 *
 * @throws {ConfigError} `CONFIG_EXISTS`: an identity is never overwritten.
 */
export async function createKeyVault(options: KeyVaultOptions): Promise<KeyVault> {
  const { disk, folder, random } = options;
  for (const file of [MASTER_FILE, IDENTITY_FILE, RECORDS_FILE]) {
    if (await disk.exists(`${folder}/${file}`)) throw new ConfigError('CONFIG_EXISTS', { details: { file: folder } });
  }
  await disk.makeFolder(folder);
  const masterKey = random.bytes(KEY_BYTES);
  for (const [file, name] of [
    [IDENTITY_FILE, IDENTITY],
    [RECORDS_FILE, RECORDS],
  ] as const) {
    await writeWhole(disk, folder, file, sealKey(random.bytes(KEY_BYTES), name, masterKey, options));
  }
  // Last, so that where this file is, the others are.
  await writeWhole(disk, folder, MASTER_FILE, await wrapMasterKey(masterKey, options.passphrase, options));
  return await openKeyVault(options);
}

/**
 * Opens the keys of a member, and finishes what a crash left half erased.
 *
 * @throws {ConfigError} `CONFIG_PASSPHRASE`, `CONFIG_KEY_EXPOSED`; `CONFIG_UNREADABLE` when there is no vault.
 * @throws {StorageError} `STORAGE_KEY_DAMAGED`, `STORAGE_VERSION`.
 */
export async function openKeyVault(options: KeyVaultOptions): Promise<KeyVault> {
  const { disk, folder, passphrase, crypto } = options;
  const wrapped = await readGuarded(options, MASTER_FILE);
  if (wrapped === undefined)
    throw new ConfigError('CONFIG_UNREADABLE', { details: { file: `${folder}/${MASTER_FILE}` } });
  const { permissionsOf } = disk;
  if (permissionsOf !== undefined) await refuseExposed(folder, { permissionsOf });
  const masterKey = await unwrapMasterKey(wrapped, passphrase, crypto);
  const seed = await readSecret(options, IDENTITY_FILE, IDENTITY, masterKey);
  const recordsKey = await readSecret(options, RECORDS_FILE, RECORDS, masterKey);
  await tidy(options);
  return new FolderVault(options, { masterKey, seed, recordsKey });
}

const MASTER_FILE = 'vault.key';
const IDENTITY_FILE = 'identity.key';
const RECORDS_FILE = 'records.key';
const NO_ID = new Uint8Array(16);
const IDENTITY: KeyName = { kind: 'identity', id: NO_ID };
const RECORDS: KeyName = { kind: 'records', id: NO_ID };
const EXCHANGE_FILE = /^([0-9a-f]{32})\.key$/;
/** Keys kept in memory, 32 bytes each and a file read to get one back. */
const MAX_CACHED_KEYS = 4_096;

interface Secrets {
  readonly masterKey: Uint8Array;
  readonly seed: Uint8Array;
  readonly recordsKey: Uint8Array;
}

class FolderVault implements KeyVault {
  readonly recordsKey: Uint8Array;
  readonly identity: Signer;
  readonly identitySeed: Uint8Array;
  readonly #options: KeyVaultOptions;
  readonly #masterKey: Uint8Array;
  /** In order of use, the oldest first. */
  readonly #cache = new Map<ExchangeId, Uint8Array>();
  /** One change at a time, so that a key being made and erased at once has one end. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: KeyVaultOptions, { masterKey, seed, recordsKey }: Secrets) {
    this.#options = options;
    this.#masterKey = masterKey;
    this.recordsKey = recordsKey;
    this.identitySeed = seed;
    this.identity = ed25519Signer(seed);
  }

  async key(exchange: ExchangeId): Promise<Uint8Array | undefined> {
    return this.#cached(exchange) ?? (await this.#inTurn(() => this.#read(exchange)));
  }

  createKey(exchange: ExchangeId): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      const existing = this.#cached(exchange) ?? (await this.#read(exchange));
      if (existing !== undefined) return existing;
      const { disk, folder, random } = this.#options;
      const secret = random.bytes(KEY_BYTES);
      const bytes = sealKey(secret, nameOf(exchange), this.#masterKey, this.#options);
      await writeWhole(disk, folder, fileOf(exchange), bytes);
      this.#remember(exchange, secret);
      return secret;
    });
  }

  eraseKey(exchange: ExchangeId): Promise<void> {
    return this.#inTurn(async () => {
      const { disk, folder, random } = this.#options;
      // The bytes are not overwritten in memory: a pack that is still open would go on under a key of zeros.
      this.#cache.delete(exchange);
      await eraseFile(disk, folder, fileOf(exchange), random);
    });
  }

  async exchanges(): Promise<readonly ExchangeId[]> {
    const files = await this.#options.disk.list(this.#options.folder);
    return files.flatMap((file) => (EXCHANGE_FILE.exec(file)?.[1] as ExchangeId | undefined) ?? []);
  }

  changePassphrase(passphrase: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      const { disk, folder } = this.#options;
      await writeWhole(disk, folder, MASTER_FILE, await wrapMasterKey(this.#masterKey, passphrase, this.#options));
    });
  }

  async #read(exchange: ExchangeId): Promise<Uint8Array | undefined> {
    const bytes = await readGuarded(this.#options, fileOf(exchange));
    if (bytes === undefined) return undefined;
    const secret = openKey(bytes, nameOf(exchange), this.#masterKey, this.#options.crypto);
    this.#remember(exchange, secret);
    return secret;
  }

  #cached(exchange: ExchangeId): Uint8Array | undefined {
    const secret = this.#cache.get(exchange);
    if (secret !== undefined) this.#remember(exchange, secret);
    return secret;
  }

  #remember(exchange: ExchangeId, secret: Uint8Array): void {
    this.#cache.delete(exchange);
    this.#cache.set(exchange, secret);
    if (this.#cache.size <= MAX_CACHED_KEYS) return;
    for (const oldest of this.#cache.keys()) {
      this.#cache.delete(oldest);
      break;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}

async function readSecret(
  options: KeyVaultOptions,
  file: string,
  name: KeyName,
  masterKey: Uint8Array,
): Promise<Uint8Array> {
  const bytes = await readGuarded(options, file);
  if (bytes === undefined) throw new StorageError('STORAGE_KEY_DAMAGED', { details: { kind: name.kind } });
  return openKey(bytes, name, masterKey, options.crypto);
}

async function readGuarded({ disk, folder }: KeyVaultOptions, file: string): Promise<Uint8Array | undefined> {
  const path = `${folder}/${file}`;
  const bytes = await readWhole(disk, path);
  const { permissionsOf } = disk;
  if (bytes !== undefined && permissionsOf !== undefined) await refuseExposed(path, { permissionsOf });
  return bytes;
}

async function tidy({ disk, folder, random, log }: KeyVaultOptions): Promise<void> {
  for (const file of await disk.list(folder)) {
    if (file.endsWith(UNFINISHED_SUFFIX)) await disk.remove(`${folder}/${file}`);
    if (!file.endsWith(ERASING_SUFFIX)) continue;
    await finishErasing(disk, folder, file, random);
    log.write('info', 'keys.erasure-finished');
  }
}

function nameOf(exchange: ExchangeId): KeyName {
  return { kind: 'exchange', id: fromHex(exchange) };
}

function fileOf(exchange: ExchangeId): string {
  // Whoever calls has parsed the id; a path is still not the place to take that on trust.
  return `${toHex(fromHex(exchange))}.key`;
}
