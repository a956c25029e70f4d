/**
 * Port: whether this study may go to that member, beyond what the roster says: exclusions, a therapeutic link,
 * confidentiality, consent. Asked before every send and before every pull; several are asked one after another, and the
 * first no is the answer.
 */
import { mayExchange } from '../federation/permissions.ts';
import type { RosterState } from '../federation/roster-state.ts';
import type { MemberId } from '../study/identifiers.ts';
import type { Priority, Purpose, StudyHeader } from '../study/study.ts';

/** What is about to happen. */
export interface AccessRequest {
  /** `send`: the study leaves for `to`. `query`: `from` asks `to` for it. */
  readonly action: 'send' | 'query';
  readonly from: MemberId;
  readonly to: MemberId;
  readonly purpose: Purpose;
  readonly priority: Priority;
  readonly study: StudyHeader;
  readonly nowMs: number;
}

/** The answer. `reason` is a word for logs (`excluded`, `no-consent`), `because` a sentence without patient data. */
export type AccessDecision =
  | { readonly allowed: true; readonly because?: string }
  | { readonly allowed: false; readonly reason: string; readonly because: string };

/** A policy. */
export interface AccessPolicy {
  /**
   * Decides on one request. The answer counts for this request alone and is not kept.
   *
   * @throws Whatever keeps it from answering: a register that is down. The send then waits; it is never taken for a yes.
   *   An aborted signal's reason is rethrown untouched.
   */
  decide(request: AccessRequest, options?: { readonly signal?: AbortSignal }): Promise<AccessDecision>;
}

/** All of these policies, in order; none of them allows everything. */
export function everyPolicy(policies: readonly AccessPolicy[]): AccessPolicy {
  return {
    async decide(request, options = {}) {
      const reasons: string[] = [];
      for (const policy of policies) {
        options.signal?.throwIfAborted();
        const decision = await policy.decide(request, options);
        if (!decision.allowed) return decision;
        if (decision.because !== undefined) reasons.push(decision.because);
      }
      options.signal?.throwIfAborted();
      return reasons.length === 0 ? { allowed: true } : { allowed: true, because: reasons.join('; ') };
    },
  };
}

/**
 * The roster as a policy: what it does not permit need not be offered.
 *
 * @param stateNow - The state at this moment, so that a removal counts at once.
 */
export function rosterPolicy(stateNow: () => RosterState, denied?: ReadonlySet<MemberId>): AccessPolicy {
  return {
    async decide({ action, from, to, purpose, priority, study, nowMs }, options = {}) {
      options.signal?.throwIfAborted();
      const { modalities } = study;
      const limits = denied === undefined ? {} : { denied };
      const permission = mayExchange(stateNow(), { from, to, action, purpose, modalities, priority, nowMs, ...limits });
      if (!permission.allowed) {
        const because = `the roster does not permit it (${permission.reason})`;
        return { allowed: false, reason: permission.reason, because };
      }
      const { alarm } = permission;
      return alarm === undefined ? { allowed: true } : { allowed: true, because: `alarm: ${alarm}` };
    },
  };
}
