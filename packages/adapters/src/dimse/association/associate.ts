/**
 * The PDUs that make an association (PS3.8 9.3.2 to 9.3.4, annex D; PS3.7 D.3): what two application entities propose,
 * accept and refuse, as values, and those values as bytes. What the two sides may do follows from here alone.
 */
import type { Uid } from '@interhosp/core/dicom';
import { tryParseUid } from '@interhosp/core/dicom';
import type { AeTitle } from './ae-title.ts';
import { ByteReader, ByteWriter } from './byte-cursor.ts';
import { MAX_CONTEXTS, MAX_CONTEXT_SYNTAXES, MAX_USER_ITEMS } from '../limits.ts';
import { PDU, type PduType } from './pdu-reader.ts';
import { ProtocolError } from './protocol-error.ts';

/** A presentation context as proposed: one kind of service or object, and the syntaxes offered for it. */
export interface ProposedContext {
  /** Odd, 1 to 255. */
  readonly id: number;
  readonly abstractSyntax: Uid;
  readonly transferSyntaxes: readonly Uid[];
}

/** As received: an abstract syntax that is no UID is none. */
export interface RequestedContext extends Omit<ProposedContext, 'abstractSyntax'> {
  readonly abstractSyntax: Uid | undefined;
}

/** Results for a presentation context (PS3.8 table 9-18). */
export const CONTEXT_RESULTS = {
  acceptance: 0,
  userRejection: 1,
  noReason: 2,
  abstractSyntaxNotSupported: 3,
  transferSyntaxesNotSupported: 4,
} as const;

/** One of {@link CONTEXT_RESULTS}. */
export type ContextResult = (typeof CONTEXT_RESULTS)[keyof typeof CONTEXT_RESULTS];

/** What became of a proposed context. */
export interface AnsweredContext {
  readonly id: number;
  readonly result: ContextResult;
  /** The one syntax that is to be used; only with acceptance. */
  readonly transferSyntax?: Uid;
}

/** Which of the two roles the requestor takes for a SOP class (PS3.7 D.3.3.4); without it, SCU alone. */
export interface RoleSelection {
  readonly sopClassUid: Uid;
  readonly scu: boolean;
  readonly scp: boolean;
}

/** What each side says of itself (PS3.7 D.3.3). */
export interface UserInformation {
  /** Longest P-DATA-TF the sender of this takes; 0 means any. */
  readonly maxPduBytes: number;
  readonly implementationClassUid?: Uid;
  readonly implementationVersionName?: string;
  readonly roles: readonly RoleSelection[];
}

/** A-ASSOCIATE-RQ. The titles are as received, blanks removed: nobody has checked them. */
export interface AssociateRequest {
  readonly calledAe: string;
  readonly callingAe: string;
  readonly contexts: readonly RequestedContext[];
  readonly user: UserInformation;
  /** Whether bit 0 of the protocol version is set (PS3.8 9.3.2). */
  readonly isVersion1: boolean;
  /** Whether it is, and the application context is DICOM's. */
  readonly isDicom: boolean;
}

/** A-ASSOCIATE-AC. */
export interface AssociateAccept {
  readonly contexts: readonly AnsweredContext[];
  readonly user: UserInformation;
}

/** A-ASSOCIATE-RJ (PS3.8 table 9-21). */
export interface AssociateReject {
  /** 1 permanent, 2 transient. */
  readonly result: number;
  /** 1 service user, 2 service provider (ACSE), 3 service provider (presentation). */
  readonly source: number;
  readonly reason: number;
}

/** The rejections we give. */
export const REJECTIONS = {
  applicationContext: { result: 1, source: 1, reason: 2 },
  callingAe: { result: 1, source: 1, reason: 3 },
  calledAe: { result: 1, source: 1, reason: 7 },
  protocolVersion: { result: 1, source: 2, reason: 2 },
  localLimit: { result: 2, source: 3, reason: 2 },
} as const satisfies Readonly<Record<string, AssociateReject>>;

const APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1';

const ITEM = {
  applicationContext: 0x10,
  requestedContext: 0x20,
  answeredContext: 0x21,
  abstractSyntax: 0x30,
  transferSyntax: 0x40,
  userInformation: 0x50,
  maxLength: 0x51,
  implementationClassUid: 0x52,
  role: 0x54,
  implementationVersionName: 0x55,
} as const;

/** What is proposed in an A-ASSOCIATE-RQ. */
export interface Proposal {
  readonly calledAe: AeTitle;
  readonly callingAe: AeTitle;
  readonly contexts: readonly ProposedContext[];
  readonly user: UserInformation;
}

/** An A-ASSOCIATE-RQ as bytes, header included. @throws {RangeError} for more contexts than there are identifiers. */
export function encodeAssociateRequest({ calledAe, callingAe, contexts, user }: Proposal): Uint8Array {
  if (contexts.length === 0 || contexts.length > MAX_CONTEXTS) throw new RangeError('1 to 128 presentation contexts');
  const body = beginAssociate(calledAe, callingAe);
  for (const { id, abstractSyntax, transferSyntaxes } of contexts) {
    const context = new ByteWriter().uint8(id).zeros(3).item(ITEM.abstractSyntax, text(abstractSyntax));
    for (const syntax of transferSyntaxes) context.item(ITEM.transferSyntax, text(syntax));
    body.item(ITEM.requestedContext, context.bytes());
  }
  body.item(ITEM.userInformation, encodeUser(user));
  return encodePdu(PDU.associateRequest, body.bytes());
}

/**
 * An A-ASSOCIATE-AC as bytes, header included.
 *
 * @param request - Its titles are sent back as they came (PS3.8 table 9-17).
 */
export function encodeAssociateAccept(
  request: Pick<AssociateRequest, 'calledAe' | 'callingAe'>,
  { contexts, user }: AssociateAccept,
): Uint8Array {
  const body = beginAssociate(request.calledAe, request.callingAe);
  for (const { id, result, transferSyntax } of contexts) {
    // A transfer syntax is sent with refusals too, where it means nothing; some readers insist on the item.
    const syntax = text(transferSyntax ?? '1.2.840.10008.1.2');
    const context = new ByteWriter().uint8(id).zeros(1).uint8(result).zeros(1).item(ITEM.transferSyntax, syntax);
    body.item(ITEM.answeredContext, context.bytes());
  }
  body.item(ITEM.userInformation, encodeUser(user));
  return encodePdu(PDU.associateAccept, body.bytes());
}

/** An A-ASSOCIATE-RJ as bytes, header included. */
export function encodeAssociateReject({ result, source, reason }: AssociateReject): Uint8Array {
  return encodePdu(PDU.associateReject, Uint8Array.of(0, result, source, reason));
}

/** A PDU with its header. */
export function encodePdu(type: PduType, body: Uint8Array): Uint8Array {
  return new ByteWriter().uint8(type).zeros(1).uint32(body.length).raw(body).bytes();
}

/** Reads the body of an A-ASSOCIATE-RQ. @throws {ProtocolError} */
export function decodeAssociateRequest(body: Uint8Array): AssociateRequest {
  const reader = new ByteReader(body);
  const { version, calledAe, callingAe } = readHead(reader);
  const contexts: RequestedContext[] = [];
  const ids = new Set<number>();
  let applicationContext = '';
  let user: UserInformation | undefined;
  for (const { type, bytes } of reader.items()) {
    if (type === ITEM.applicationContext) applicationContext = asText(bytes);
    else if (type === ITEM.userInformation) user = decodeUser(bytes);
    else if (type === ITEM.requestedContext) {
      const context = decodeRequestedContext(bytes);
      if (context.id % 2 === 0 || ids.has(context.id)) throw new ProtocolError('context-id');
      ids.add(context.id);
      contexts.push(context);
    }
    // Other items are of later versions and mean nothing here (PS3.8 9.3.1).
  }
  const isVersion1 = (version & 1) === 1;
  const isDicom = isVersion1 && applicationContext === APPLICATION_CONTEXT;
  return { calledAe, callingAe, contexts, user: user ?? NOTHING_SAID, isVersion1, isDicom };
}

/** Reads the body of an A-ASSOCIATE-AC. @throws {ProtocolError} */
export function decodeAssociateAccept(body: Uint8Array): AssociateAccept {
  const reader = new ByteReader(body);
  readHead(reader);
  const contexts: AnsweredContext[] = [];
  let user: UserInformation | undefined;
  for (const { type, bytes } of reader.items()) {
    if (type === ITEM.userInformation) user = decodeUser(bytes);
    else if (type === ITEM.answeredContext) contexts.push(decodeAnsweredContext(bytes));
  }
  if (contexts.length > MAX_CONTEXTS) throw new ProtocolError('context-count');
  return { contexts, user: user ?? NOTHING_SAID };
}

/** Reads the body of an A-ASSOCIATE-RJ. @throws {ProtocolError} */
export function decodeAssociateReject(body: Uint8Array): AssociateReject {
  const reader = new ByteReader(body);
  reader.skip(1);
  return { result: reader.uint8(), source: reader.uint8(), reason: reader.uint8() };
}

/** No limit said: 16 kB is what everybody takes. */
const NOTHING_SAID: UserInformation = { maxPduBytes: 16_384, roles: [] };

function beginAssociate(calledAe: string, callingAe: string): ByteWriter {
  return new ByteWriter()
    .uint16(1)
    .zeros(2)
    .raw(text(calledAe.padEnd(16)))
    .raw(text(callingAe.padEnd(16)))
    .zeros(32)
    .item(ITEM.applicationContext, text(APPLICATION_CONTEXT));
}

function encodeUser({ implementationClassUid, implementationVersionName, maxPduBytes, roles }: UserInformation) {
  const user = new ByteWriter().item(ITEM.maxLength, new ByteWriter().uint32(maxPduBytes).bytes());
  if (implementationClassUid !== undefined) user.item(ITEM.implementationClassUid, text(implementationClassUid));
  for (const { sopClassUid, scp, scu } of roles) {
    const uid = text(sopClassUid);
    const role = new ByteWriter().uint16(uid.length).raw(uid).uint8(Number(scu)).uint8(Number(scp));
    user.item(ITEM.role, role.bytes());
  }
  // In the order of types: some readers take no other (PS3.7 D.3.3 says nothing of order).
  if (implementationVersionName !== undefined) {
    user.item(ITEM.implementationVersionName, text(implementationVersionName.slice(0, 16)));
  }
  return user.bytes();
}

function readHead(reader: ByteReader): {
  readonly version: number;
  readonly calledAe: string;
  readonly callingAe: string;
} {
  const version = reader.uint16();
  reader.skip(2);
  const calledAe = asText(reader.take(16));
  const callingAe = asText(reader.take(16));
  reader.skip(32);
  return { version, calledAe, callingAe };
}

function decodeRequestedContext(bytes: Uint8Array): RequestedContext {
  const reader = new ByteReader(bytes);
  const id = reader.uint8();
  reader.skip(3);
  let abstractSyntax: Uid | undefined;
  const transferSyntaxes: Uid[] = [];
  for (const item of reader.items()) {
    if (item.type === ITEM.abstractSyntax) abstractSyntax = asUid(item.bytes);
    const syntax = item.type === ITEM.transferSyntax ? asUid(item.bytes) : undefined;
    if (syntax !== undefined) transferSyntaxes.push(syntax);
    if (transferSyntaxes.length > MAX_CONTEXT_SYNTAXES) throw new ProtocolError('syntax-count');
  }
  return { id, abstractSyntax, transferSyntaxes };
}

function decodeAnsweredContext(bytes: Uint8Array): AnsweredContext {
  const reader = new ByteReader(bytes);
  const id = reader.uint8();
  reader.skip(1);
  const answered = reader.uint8();
  reader.skip(1);
  const result = isContextResult(answered) ? answered : CONTEXT_RESULTS.noReason;
  if (result !== CONTEXT_RESULTS.acceptance) return { id, result };
  let transferSyntax: Uid | undefined;
  for (const item of reader.items()) if (item.type === ITEM.transferSyntax) transferSyntax = asUid(item.bytes);
  if (transferSyntax === undefined) throw new ProtocolError('context-syntax');
  return { id, result, transferSyntax };
}

function isContextResult(result: number): result is ContextResult {
  return result <= CONTEXT_RESULTS.transferSyntaxesNotSupported;
}

function decodeUser(bytes: Uint8Array): UserInformation {
  const roles: RoleSelection[] = [];
  let said: Omit<UserInformation, 'roles'> = { maxPduBytes: NOTHING_SAID.maxPduBytes };
  let count = 0;
  for (const { type, bytes: value } of new ByteReader(bytes).items()) {
    if (++count > MAX_USER_ITEMS) throw new ProtocolError('user-items');
    if (type === ITEM.maxLength) said = { ...said, maxPduBytes: new ByteReader(value).uint32() };
    else if (type === ITEM.implementationVersionName) said = { ...said, implementationVersionName: asText(value) };
    else if (type === ITEM.implementationClassUid) {
      const implementationClassUid = asUid(value);
      if (implementationClassUid !== undefined) said = { ...said, implementationClassUid };
    } else if (type === ITEM.role) roles.push(...decodeRole(value));
  }
  return { ...said, roles };
}

function decodeRole(bytes: Uint8Array): readonly RoleSelection[] {
  const reader = new ByteReader(bytes);
  const sopClassUid = asUid(reader.take(reader.uint16()));
  const scu = reader.uint8() === 1;
  const scp = reader.uint8() === 1;
  return sopClassUid === undefined ? [] : [{ sopClassUid, scu, scp }];
}

function text(value: string): Uint8Array {
  return Uint8Array.from(value, (character) => character.charCodeAt(0) & 0x7f);
}

/** Padding is for elements, not for items (PS3.8 annex F); it is met all the same. */
function asText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes).replace(/^ +|[ \0]+$/g, '');
}

function asUid(bytes: Uint8Array): Uid | undefined {
  return tryParseUid(asText(bytes));
}
