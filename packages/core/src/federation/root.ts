/**
 * The root: which keys speak for the federation, and in which role. The first root's hash *is* the federation ID, so a
 * member that knows the ID (printed, scanned, told on the telephone) can check everything else by itself.
 */
import { toHex } from '../study/hex.ts';
import { sha256, type Crypto } from '../world/crypto.ts';
import { fromBase64url } from './base64url.ts';
import { hexDigest, instant, line, previousHash, publicKeyText, readDocument, version } from './document-fields.ts';
import { keyIdOf, type TrustedKeys } from './envelope.ts';
import { MAX_ROOT_KEYS } from './limits.ts';
import { at, integer, list, Misfit, nullable, object, oneOf, optional, table, text, type Read } from './shape.ts';

/** Payload type of a root. */
export const ROOT_TYPE = 'interhosp/root@1';
/** The roles a root may fill. A small federation fills `root` and `roster`. */
export const ROLES = ['root', 'roster', 'heartbeat', 'witness'] as const;
/** A role of keys. */
export type Role = (typeof ROLES)[number];

const keyEntry = object({ alg: oneOf(['ed25519']), pub: publicKeyText, holder: line(120) });
const roleKeys = object({
  keyids: list(hexDigest, { min: 1, max: MAX_ROOT_KEYS, unique: (keyid) => keyid }),
  threshold: integer(1, MAX_ROOT_KEYS),
});
/** Switches that keep their place in the format until the rules that read them exist; absent means the default. */
const policy = object({
  /** Members that must countersign an addition: 0 below four members, else a third. */
  cosigners: optional(integer(0, 2000)),
  heartbeatHours: optional(integer(1, 168)),
  /** Oldest software that may take part. */
  minClientVersion: optional(text({ maxCharacters: 32, pattern: /^[0-9][0-9a-z.+-]*$/ })),
});
const rootFields = object({
  /** Null in the first root, whose hash it is. */
  fedId: nullable(hexDigest),
  name: line(120),
  version,
  issued: instant,
  expires: instant,
  prev: previousHash,
  roles: object({
    root: roleKeys,
    roster: roleKeys,
    heartbeat: optional(roleKeys),
    witness: optional(roleKeys),
  }),
  keys: table(keyEntry, { keys: /^[0-9a-f]{64}$/, max: MAX_ROOT_KEYS }),
  policy: optional(policy),
});

/** The keys of a role and how many of them must sign. */
export type RoleKeys = ReturnType<typeof roleKeys>;
/** A root as read. */
export type Root = ReturnType<typeof rootFields>;
/** One key of a root. */
export type RootKey = ReturnType<typeof keyEntry>;

/**
 * Reads the payload of a root whose signatures are still to be checked: the first root carries its own keys.
 *
 * @throws {FederationError} `FEDERATION_ENVELOPE_INVALID`, `FEDERATION_LIMIT`.
 */
export function readRoot(payload: unknown, crypto: Crypto): Root {
  const read: Read<Root> = (value, path) => {
    const root = rootFields(value, path);
    checkKeys(root, crypto);
    checkRoles(root);
    const isFirst = root.version === 1;
    if (isFirst !== (root.fedId === null)) throw new Misfit('fedId', 'rule');
    if (isFirst !== (root.prev === null)) throw new Misfit('prev', 'rule');
    if (root.expires <= root.issued) throw new Misfit('expires', 'rule');
    return root;
  };
  return readDocument(read, payload, 'root');
}

/** The keys that may sign in a role, with how many must; an unfilled role has none and can never be reached. */
export function trustedFor(root: Root, role: Role): { readonly keys: TrustedKeys; readonly threshold: number } {
  const filled = root.roles[role];
  if (filled === undefined) return { keys: new Map(), threshold: 1 };
  const keys = new Map(filled.keyids.map((keyid) => [keyid, fromBase64url(root.keys.get(keyid)?.pub ?? '')]));
  return { keys, threshold: filled.threshold };
}

/** The federation ID: SHA-256 of the first root's bytes, 64 hex digits. */
export function federationIdOf(firstRootBytes: Uint8Array, crypto: Crypto): string {
  return toHex(sha256(crypto, firstRootBytes));
}

function checkKeys(root: Root, crypto: Crypto): void {
  for (const [keyid, key] of root.keys) {
    if (keyIdOf(fromBase64url(key.pub), crypto) !== keyid) throw new Misfit(at('keys', keyid), 'rule');
  }
}

function checkRoles(root: Root): void {
  for (const role of ROLES) {
    const filled = root.roles[role];
    if (filled === undefined) continue;
    if (filled.threshold > filled.keyids.length) throw new Misfit(`roles.${role}.threshold`, 'rule');
    if (!filled.keyids.every((keyid) => root.keys.has(keyid))) throw new Misfit(`roles.${role}.keyids`, 'rule');
  }
}
