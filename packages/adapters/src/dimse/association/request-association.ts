/** Requests an association (PS3.8 9.2, AE-1 to AE-4): connects, proposes, and waits for what the PACS makes of it. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, type Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type { AeTitle } from './ae-title.ts';
import { Association, abortPdu, protocolFailure, type Context } from './association.ts';
import {
  decodeAssociateAccept,
  decodeAssociateReject,
  encodeAssociateRequest,
  type AssociateAccept,
  type AssociateReject,
  type ProposedContext,
  type RoleSelection,
} from './associate.ts';
import {
  ASSOCIATE_TIMEOUT_MS,
  CONNECT_TIMEOUT_MS,
  INACTIVITY_MS,
  MAX_PDU_BYTES,
  MAX_SENT_PDU_BYTES,
  MIN_SENT_PDU_BYTES,
} from '../limits.ts';
import { PDU, type PduType } from './pdu-reader.ts';
import { ABORT_REASONS, ProtocolError } from './protocol-error.ts';
import { clientTls, type TlsIdentity, type TlsServerCheck } from './tls.ts';
import { Wire, type WireHandler } from './wire.ts';

/** Whom to call, and as whom. */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
  readonly calledAe: AeTitle;
  readonly callingAe: AeTitle;
  readonly tls?: TlsIdentity & TlsServerCheck;
}

/** What is proposed. */
export interface AssociationOptions {
  readonly contexts: readonly ProposedContext[];
  readonly roles?: readonly RoleSelection[];
  readonly signal?: AbortSignal | undefined;
  readonly connectTimeoutMs?: number;
  readonly associateTimeoutMs?: number;
  /** Silence of the peer during an operation; default {@link INACTIVITY_MS}. */
  readonly inactivityMs?: number;
}

/** Contexts with odd identifiers in order, for what is wanted. */
export function proposedContexts(wanted: readonly Omit<ProposedContext, 'id'>[]): readonly ProposedContext[] {
  return wanted.map((context, index) => ({ id: 2 * index + 1, ...context }));
}

/**
 * Requests an association. It may have fewer contexts than were proposed, even none.
 *
 * @throws {PacsError} `PACS_UNREACHABLE`, `PACS_UNAUTHORIZED`, `PACS_REFUSED`, `PACS_BUSY`, `PACS_ABORTED`,
 *   `PACS_PROTOCOL`; the signal's reason.
 */
export async function requestAssociation(peer: PeerAddress, options: AssociationOptions): Promise<Association> {
  const { associateTimeoutMs = ASSOCIATE_TIMEOUT_MS, contexts, inactivityMs = INACTIVITY_MS, roles = [] } = options;
  const { signal } = options;
  signal?.throwIfAborted();
  const socket = await connected(peer, options);
  const negotiation = new Negotiation(peer, contexts, roles);
  const wire = new Wire(socket, negotiation, { maxPduBytes: MAX_PDU_BYTES, inactivityMs });
  negotiation.wire = wire;
  const onAbort = (): void => wire.destroy(new PacsError('PACS_ABORTED', { details: { reason: 'aborted-here' } }));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    wire.say(encodeAssociateRequest({ ...peer, contexts, user: ourselves(roles) }));
    return await wire.waitFor(negotiation.association.promise, associateTimeoutMs);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/** What this implementation says of itself in a request or an answer. */
export function ourselves(roles: readonly RoleSelection[]) {
  return {
    maxPduBytes: MAX_PDU_BYTES,
    implementationClassUid: IMPLEMENTATION_CLASS_UID,
    implementationVersionName: IMPLEMENTATION_VERSION_NAME,
    roles,
  };
}

/** The length of PDUs that are sent to a peer that takes so much; 0 means any. */
export function sentPduBytes(maxPduBytes: number): number {
  if (maxPduBytes === 0) return MAX_SENT_PDU_BYTES;
  if (maxPduBytes < MIN_SENT_PDU_BYTES) throw new ProtocolError('pdu-limit-too-small');
  return Math.min(maxPduBytes, MAX_SENT_PDU_BYTES);
}

async function connected(peer: PeerAddress, options: AssociationOptions): Promise<Socket> {
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS, signal } = options;
  const { host, port, tls } = peer;
  const socket = tls === undefined ? connect({ host, port }) : connectTls({ host, port, ...clientTls(tls, host, tls) });
  const { promise, reject, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(unreachable('connect-timeout')), connectTimeoutMs);
  const onAbort = (): void => reject(new Error('aborted'));
  signal?.addEventListener('abort', onAbort, { once: true });
  socket.once(tls === undefined ? 'connect' : 'secureConnect', resolve);
  socket.once('error', (cause) => reject(unreachable(isTlsFailure(cause) ? 'tls' : 'connect', cause)));
  socket.once('close', () => reject(unreachable('connect')));
  try {
    await promise;
    return socket;
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    signal?.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

function unreachable(reason: string, cause?: unknown): PacsError {
  return new PacsError('PACS_UNREACHABLE', { cause, details: { reason } });
}

function isTlsFailure(error: NodeJS.ErrnoException): boolean {
  return /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(error.code ?? '');
}

/** Waits for the answer to a request (Sta5). */
class Negotiation implements WireHandler {
  readonly association = Promise.withResolvers<Association>();
  wire: Wire | undefined;
  readonly #peer: PeerAddress;
  readonly #contexts: readonly ProposedContext[];
  readonly #roles: readonly RoleSelection[];

  constructor(peer: PeerAddress, contexts: readonly ProposedContext[], roles: readonly RoleSelection[]) {
    this.#peer = peer;
    this.#contexts = contexts;
    this.#roles = roles;
    this.association.promise.catch(() => {});
  }

  begin(type: PduType): void {
    if (type === PDU.associateAccept || type === PDU.associateReject || type === PDU.abort) return;
    throw new ProtocolError('pdu-unexpected', ABORT_REASONS.unexpectedPdu);
  }

  pdu(type: PduType, body: Uint8Array): void {
    if (type === PDU.associateAccept) this.#accepted(decodeAssociateAccept(body));
    else if (type === PDU.associateReject) this.#close(rejection(decodeAssociateReject(body)));
    else this.#close(new PacsError('PACS_ABORTED', { details: { reason: 'aborted-in-negotiation' } }));
  }

  fragment(): void {
    throw new ProtocolError('pdu-unexpected', ABORT_REASONS.unexpectedPdu);
  }

  broken(error: unknown): void {
    const reason = error instanceof ProtocolError ? error.abortReason : ABORT_REASONS.notSpecified;
    this.wire?.say(abortPdu(2, reason));
    this.#close(protocolFailure(error));
  }

  closed(error: Error): void {
    this.association.reject(error);
  }

  #close(error: Error): void {
    this.wire?.close(error);
  }

  #accepted({ contexts, user }: AssociateAccept): void {
    const { wire } = this;
    if (wire === undefined) return;
    const { calledAe, callingAe } = this.#peer;
    this.association.resolve(
      new Association(
        {
          role: 'requestor',
          callingAe,
          calledAe,
          contexts: this.#agreed(contexts),
          // Only what was asked for can be granted (PS3.7 D.3.3.4.2).
          reversed: new Set(
            this.#roles
              .filter(
                (role) => role.scp && user.roles.some((each) => each.sopClassUid === role.sopClassUid && each.scp),
              )
              .map((role) => role.sopClassUid),
          ),
          maxSentPduBytes: sentPduBytes(user.maxPduBytes),
          ...(user.implementationVersionName !== undefined && { peerImplementation: user.implementationVersionName }),
        },
        wire,
      ),
    );
  }

  /** Contexts that were accepted in a syntax that was offered; anything else is the peer's mistake and is not used. */
  #agreed(answers: AssociateAccept['contexts']): readonly Context[] {
    return this.#contexts.flatMap(({ abstractSyntax, id, transferSyntaxes }) => {
      const transferSyntax: Uid | undefined = answers.find(
        (answer) => answer.id === id && answer.result === 0,
      )?.transferSyntax;
      if (transferSyntax === undefined || !transferSyntaxes.includes(transferSyntax)) return [];
      return [{ id, abstractSyntax, transferSyntax }];
    });
  }
}

/** What a rejection means (PS3.8 table 9-21): whether another try helps, and who must change something. */
function rejection({ reason, result, source }: AssociateReject): PacsError {
  const details = { reason: `rejected-${result}-${source}-${reason}` };
  if (result === 2 || source === 3) return new PacsError('PACS_BUSY', { details });
  if (source === 1 && reason === 3) return new PacsError('PACS_UNAUTHORIZED', { details });
  return new PacsError('PACS_REFUSED', { details });
}
