/**
 * The contract of the `AccessPolicy` port as a test suite. A policy is asked before every send and every pull, so it must
 * answer the same question alike, keep patient data out of its reasons, and never turn trouble into permission.
 */
import type { AccessPolicy, AccessRequest } from '../routing/access-policy.ts';
import { check, equal, rejectsWith, type TestRunner } from './expect.ts';

/** What the suite is told about a policy. */
export interface AccessPolicyConformanceOptions {
  /** Title of the suite. */
  readonly name: string;
  /** Makes a policy that answers. */
  readonly create: () => Promise<AccessPolicy>;
  /** A request that it allows, about a study whose texts are all among `canaries`. */
  readonly allowed: AccessRequest;
  /** A request that it refuses; leave out for a policy that refuses nothing. */
  readonly refused?: AccessRequest;
  /** Values of the study that no reason may hold. */
  readonly canaries: readonly string[];
  /** Makes a policy whose register is down; leave out for one that asks nobody. */
  readonly createUnreachable?: () => Promise<AccessPolicy>;
}

/** Form of a reason: a word for logs and metrics. */
const REASON = /^[a-z][a-z0-9-]{0,63}$/;

/** Registers the suite. */
export function accessPolicyConformance({ describe, it }: TestRunner, options: AccessPolicyConformanceOptions): void {
  const { name, create, allowed, refused, canaries, createUnreachable } = options;
  describe(`access policy: ${name}`, () => {
    it('allows what it should allow', async () => {
      const decision = await (await create()).decide(allowed);
      check(decision.allowed, 'the request given as allowed is allowed');
      keepsQuiet(decision, canaries);
    });

    it('answers the same question alike, also when asked at the same time', async () => {
      const policy = await create();
      const [first, second] = await Promise.all([policy.decide(allowed), policy.decide(allowed)]);
      equal(second, first, 'two answers to one question are equal');
      equal(await policy.decide(allowed), first, 'a later answer is equal too');
    });

    it('leaves the request as it was', async () => {
      const before = JSON.stringify(allowed);
      await (await create()).decide(allowed);
      equal(JSON.stringify(allowed), before, 'a policy changes nothing in the request');
    });

    it('rethrows the reason of a signal that has aborted', async () => {
      const policy = await create();
      const reason = { aborted: true };
      await rejectsWith(
        () => policy.decide(allowed, { signal: AbortSignal.abort(reason) }),
        reason,
        "an aborted signal's reason comes through untouched",
      );
    });

    if (refused !== undefined) {
      it('refuses what it should refuse, with a word and a sentence', async () => {
        const decision = await (await create()).decide(refused);
        check(!decision.allowed, 'the request given as refused is refused');
        check(REASON.test(decision.reason), 'a reason is one word of lower-case letters, digits and hyphens');
        check(decision.because.length > 0, 'a refusal has a sentence for people');
        keepsQuiet(decision, canaries);
      });
    }

    if (createUnreachable !== undefined) {
      it('throws when it cannot answer, and never allows', async () => {
        const policy = await createUnreachable();
        const outcome = await policy.decide(allowed).then(
          () => 'answered',
          () => 'threw',
        );
        equal(outcome, 'threw', 'a policy that cannot ask its register throws');
      });
    }
  });
}

function keepsQuiet(decision: unknown, canaries: readonly string[]): void {
  const text = JSON.stringify(decision);
  for (const canary of canaries) check(!text.includes(canary), 'no reason holds a value of the study');
}
