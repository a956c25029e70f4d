/** Answers a request for an association (PS3.8 9.2, AE-5 to AE-8): waits for it under ARTIM, lets a policy decide, agrees. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import { Association, abortPdu, protocolFailure } from './association.ts';
import {
  CONTEXT_RESULTS,
  decodeAssociateRequest,
  encodeAssociateAccept,
  encodeAssociateReject,
  REJECTIONS,
  type AnsweredContext,
  type AssociateReject,
  type AssociateRequest,
  type RequestedContext,
  type RoleSelection,
} from './associate.ts';
import { ARTIM_MS, INACTIVITY_MS, MAX_PDU_BYTES } from '../limits.ts';
import { PDU, type PduType } from './pdu-reader.ts';
import { ABORT_REASONS, ProtocolError } from './protocol-error.ts';
import { ourselves, sentPduBytes } from './request-association.ts';
import { normalFingerprint } from './tls.ts';
import { Wire, type WireHandler } from './wire.ts';

/** Who calls, as far as the connection tells. */
export interface Caller {
  /** IP address. */
  readonly address: string;
  /** SHA-256 of the client's certificate, upper-case hexadecimal digits; absent without TLS. */
  readonly fingerprint?: string;
}

/** What an acceptor makes of a request. */
export type Verdict =
  | { readonly reject: AssociateReject }
  | { readonly contexts: readonly AnsweredContext[]; readonly roles: readonly RoleSelection[] };

/** Options of {@link acceptAssociation}. */
export interface AcceptOptions {
  /** Decides on a request that is DICOM's; may count associations. */
  decide(request: AssociateRequest, caller: Caller): Verdict;
  readonly artimMs?: number;
  readonly inactivityMs?: number;
}

/**
 * Waits for the request on a new connection and answers it.
 *
 * @returns Undefined when there is no association: nothing came in time, or it was rejected.
 */
export async function acceptAssociation(socket: Socket, options: AcceptOptions): Promise<Association | undefined> {
  const { artimMs = ARTIM_MS, inactivityMs = INACTIVITY_MS } = options;
  const waiting = new Waiting(options, callerOf(socket));
  const wire = new Wire(socket, waiting, { maxPduBytes: MAX_PDU_BYTES, inactivityMs });
  waiting.wire = wire;
  // Not on silence but in all: a request that drips in byte by byte is none (AA-2).
  const artim = setTimeout(
    () => wire.destroy(new PacsError('PACS_ABORTED', { details: { reason: 'artim' } })),
    artimMs,
  );
  try {
    return await waiting.association.promise;
  } finally {
    clearTimeout(artim);
  }
}

/** Who is at the other end of a connection. */
export function callerOf(socket: Socket): Caller {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:(?=[\d.]+$)/i, '');
  if (!('getPeerCertificate' in socket)) return { address };
  const { fingerprint256 } = (socket as TLSSocket).getPeerCertificate();
  return fingerprint256 === undefined ? { address } : { address, fingerprint: normalFingerprint(fingerprint256) };
}

/** Connection open, request not there yet (Sta2). */
class Waiting implements WireHandler {
  readonly association = Promise.withResolvers<Association | undefined>();
  wire: Wire | undefined;
  readonly #options: AcceptOptions;
  readonly #caller: Caller;

  constructor(options: AcceptOptions, caller: Caller) {
    this.#options = options;
    this.#caller = caller;
  }

  begin(type: PduType): void {
    if (type !== PDU.associateRequest && type !== PDU.abort) {
      throw new ProtocolError('pdu-before-request', ABORT_REASONS.unexpectedPdu);
    }
  }

  pdu(type: PduType, body: Uint8Array): void {
    if (type === PDU.abort) return this.#close('aborted-by-user');
    const request = decodeAssociateRequest(body);
    const verdict = this.#verdict(request);
    if ('reject' in verdict) {
      this.wire?.say(encodeAssociateReject(verdict.reject));
      return this.#close('rejected-here');
    }
    this.#accept(request, verdict.contexts, verdict.roles);
  }

  #verdict(request: AssociateRequest): Verdict {
    if (request.isDicom) return this.#options.decide(request, this.#caller);
    return { reject: request.isVersion1 ? REJECTIONS.applicationContext : REJECTIONS.protocolVersion };
  }

  fragment(): void {
    throw new ProtocolError('pdu-before-request', ABORT_REASONS.unexpectedPdu);
  }

  broken(error: unknown): void {
    const reason = error instanceof ProtocolError ? error.abortReason : ABORT_REASONS.notSpecified;
    this.wire?.say(abortPdu(2, reason));
    this.wire?.close(protocolFailure(error));
  }

  closed(): void {
    this.association.resolve(undefined);
  }

  #close(reason: string): void {
    this.wire?.close(new PacsError('PACS_ABORTED', { details: { reason } }));
  }

  #accept(request: AssociateRequest, contexts: readonly AnsweredContext[], roles: readonly RoleSelection[]): void {
    const { wire } = this;
    if (wire === undefined) return;
    const maxSentPduBytes = sentPduBytes(request.user.maxPduBytes);
    const agreed = contexts.flatMap(({ id, result, transferSyntax }) => {
      const abstractSyntax: Uid | undefined = request.contexts.find((each) => each.id === id)?.abstractSyntax;
      if (result !== CONTEXT_RESULTS.acceptance || abstractSyntax === undefined || transferSyntax === undefined)
        return [];
      return [{ id, abstractSyntax, transferSyntax }];
    });
    wire.say(encodeAssociateAccept(request, { contexts, user: ourselves(roles) }));
    this.association.resolve(
      new Association(
        {
          role: 'acceptor',
          callingAe: request.callingAe,
          calledAe: request.calledAe,
          contexts: agreed,
          reversed: new Set(roles.filter((role) => role.scp).map((role) => role.sopClassUid)),
          maxSentPduBytes,
          ...(request.user.implementationVersionName !== undefined && {
            peerImplementation: request.user.implementationVersionName,
          }),
        },
        wire,
      ),
    );
  }
}

/**
 * How one of the offered transfer syntaxes is chosen: a list of what is taken, most wanted first; or a function of those that
 * are offered, in their order, that is undefined when none is taken.
 */
export type SyntaxChoice = readonly Uid[] | ((offered: readonly Uid[]) => Uid | undefined);

/**
 * Answers each proposed context by what is supported (PS3.8 9.3.3.2 leaves the choice of the transfer syntax to the acceptor).
 *
 * @param syntaxesOf - How the transfer syntax is chosen for an abstract syntax; undefined when it is not supported.
 */
export function answerContexts(
  requested: readonly RequestedContext[],
  syntaxesOf: (abstractSyntax: Uid) => SyntaxChoice | undefined,
): readonly AnsweredContext[] {
  return requested.map(({ abstractSyntax, id, transferSyntaxes }) => {
    const choice = abstractSyntax === undefined ? undefined : syntaxesOf(abstractSyntax);
    if (choice === undefined) return { id, result: CONTEXT_RESULTS.abstractSyntaxNotSupported };
    const transferSyntax = chosen(choice, transferSyntaxes);
    if (transferSyntax === undefined) return { id, result: CONTEXT_RESULTS.transferSyntaxesNotSupported };
    return { id, result: CONTEXT_RESULTS.acceptance, transferSyntax };
  });
}

function chosen(choice: SyntaxChoice, offered: readonly Uid[]): Uid | undefined {
  return typeof choice === 'function' ? choice(offered) : choice.find((each) => offered.includes(each));
}
