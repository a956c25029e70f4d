/** How sure a hospital wants to be before a study is filed without a person. */

/** Thresholds of one site; data, recorded by name with each decision. */
export interface ReconciliationPolicy {
  readonly name: string;
  /** Least posterior probability of a single link. What that means for all arrivals is measured: docs/reconciliation.md. */
  readonly linkProbability: number;
  /** Most posterior probability of the best candidate at which a patient may still be declared new. */
  readonly newProbability: number;
  /** Others with the same name that are tolerated before one more trait must agree, when no number does. */
  readonly namesakesAllowed: number;
  /**
   * Whether the posterior, which knows of twins and other relatives who are not registered, is believed without one more
   * trait: for a mistyped given name; a slip in the birth date of somebody of the same name; another family name at one home;
   * a first of January of somebody with a rare name; a newborn with a name of its own; a relative's number beside everything
   * else; and for a second record of somebody at one home.
   */
  readonly believesScore: boolean;
}

/** The default until a site has evidence of its own: meant for 1 wrong link in 100,000 arrivals. */
export const STRICT_POLICY: ReconciliationPolicy = {
  name: 'strict',
  linkProbability: 0.9999,
  newProbability: 0.001,
  namesakesAllowed: 5,
  believesScore: false,
};

/** For sites that have seen their own figures: meant for 5 in 100,000. */
export const STANDARD_POLICY: ReconciliationPolicy = {
  name: 'standard',
  linkProbability: 0.998,
  newProbability: 0.1,
  namesakesAllowed: 10,
  believesScore: true,
};

/** Policies by the name a configuration uses. */
export const POLICIES = { strict: STRICT_POLICY, standard: STANDARD_POLICY } as const;
