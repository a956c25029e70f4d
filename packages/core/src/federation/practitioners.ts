/**
 * Practitioner directories: which physicians practise at a member, said and signed by that member. Routing asks them where
 * a prescriber works; nobody else's word counts, so a directory is believed only under keys of the member it speaks for.
 */
import { FederationError } from '../errors/interhosp-error.ts';
import { toHex } from '../study/hex.ts';
import type { MemberId } from '../study/identifiers.ts';
import { sha256, type Crypto } from '../world/crypto.ts';
import { fromBase64url } from './base64url.ts';
import { epochMs, hexDigest, instant, line, memberId, readDocument, version } from './document-fields.ts';
import { decodeEnvelope, openEnvelope } from './envelope.ts';
import { parseJcs } from './jcs.ts';
import { MAX_PRACTITIONERS, MAX_PRACTITIONERS_BYTES } from './limits.ts';
import { keysOfMember } from './permissions.ts';
import { memberById, type RosterState } from './roster-state.ts';
import { list, Misfit, object, optional, text, type Read } from './shape.ts';

/** Payload type of a practitioner directory. */
export const PRACTITIONERS_TYPE = 'interhosp/practitioners@1';

const practitioner = object({
  /** National professional number as usually written; in Belgium the NIHDI number. */
  number: text({ maxCharacters: 32, pattern: /^[0-9A-Za-z][0-9A-Za-z ./-]*$/ }),
  family: line(64),
  given: line(64),
  /** Sites and departments, for people. */
  places: optional(list(line(120), { max: 16 })),
});
const directoryFields = object({
  fedId: hexDigest,
  orgId: memberId,
  version,
  issued: instant,
  /** After this instant the directory only proposes: people move. */
  expires: instant,
  practitioners: list(practitioner, { max: MAX_PRACTITIONERS }),
});

/** One physician at one member. */
export type Practitioner = ReturnType<typeof practitioner>;
/** A directory as it is signed. */
export type PractitionerDocument = ReturnType<typeof directoryFields>;

/** One member's directory, ready to be asked. */
export interface PractitionerDirectory {
  readonly member: MemberId;
  readonly version: number;
  /** SHA-256 of the signed bytes, 64 hex digits. */
  readonly hash: string;
  /** The envelope as it came, to be kept and handed on. */
  readonly envelope: Uint8Array;
  readonly expiresMs: number;
  readonly practitioners: readonly Practitioner[];
}

/** Every directory that is believed, by member. */
export type PractitionerDirectories = ReadonlyMap<MemberId, PractitionerDirectory>;

/**
 * Reads the payload of a directory; to check one's own before signing it, too.
 *
 * @throws {FederationError} `FEDERATION_ENVELOPE_INVALID`, `FEDERATION_LIMIT`.
 */
export function readPractitioners(payload: unknown): PractitionerDocument {
  const read: Read<PractitionerDocument> = (value, path) => {
    const directory = directoryFields(value, path);
    if (directory.expires <= directory.issued) throw new Misfit('expires', 'rule');
    return directory;
  };
  return readDocument(read, payload, 'practitioners');
}

/**
 * The directories with a newer one taken in; the same ones when it is held already.
 *
 * @throws {FederationError} `FEDERATION_MEMBER_UNKNOWN` when its member is not in the roster or left it,
 *   `FEDERATION_SIGNATURE_INVALID`, `FEDERATION_FOREIGN`, `FEDERATION_ROLLBACK`, `FEDERATION_EQUIVOCATION`,
 *   `FEDERATION_LIMIT`, `FEDERATION_ENVELOPE_INVALID`.
 */
export function acceptPractitioners(
  directories: PractitionerDirectories,
  envelope: Uint8Array,
  options: { readonly state: RosterState; readonly crypto: Crypto },
): PractitionerDirectories {
  const { state, crypto } = options;
  const { payload } = decodeEnvelope(envelope, { maxBytes: MAX_PRACTITIONERS_BYTES });
  const directory = readPractitioners(parseJcs(fromBase64url(payload), { maxBytes: MAX_PRACTITIONERS_BYTES }));
  const { fedId, orgId: member, version: newVersion } = directory;
  if (fedId !== state.fedId) throw new FederationError('FEDERATION_FOREIGN');
  const org = memberById(state, member);
  if (org === undefined || org.state === 'left')
    throw new FederationError('FEDERATION_MEMBER_UNKNOWN', { details: { member } });
  const { bytes } = openEnvelope({
    envelope,
    payloadType: PRACTITIONERS_TYPE,
    keys: keysOfMember(state, member, crypto),
    threshold: 1,
    crypto,
    maxBytes: MAX_PRACTITIONERS_BYTES,
  });
  const hash = toHex(sha256(crypto, bytes));
  const held = directories.get(member);
  const details = { kind: 'practitioners', member, version: newVersion };
  if (held !== undefined && newVersion < held.version) throw new FederationError('FEDERATION_ROLLBACK', { details });
  if (held?.version === newVersion) {
    if (held.hash === hash) return directories;
    throw new FederationError('FEDERATION_EQUIVOCATION', { details });
  }
  const { practitioners, expires } = directory;
  const entry = { member, version: newVersion, hash, envelope, expiresMs: epochMs(expires), practitioners };
  return new Map([...directories, [member, entry]]);
}
