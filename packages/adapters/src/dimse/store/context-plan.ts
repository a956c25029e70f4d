/**
 * Which presentation contexts a C-GET proposes (PS3.4 C.5.3). Sub-operations come in the contexts of the association, at
 * most 128, each of one SOP class in one transfer syntax. One context with many syntaxes would let the PACS choose one for
 * all, and decode what it holds in another; so each pair has a context of its own.
 */
import { TRANSFER_SYNTAXES, type Uid } from '@interhosp/core/dicom';
import type { ProposedContext, RoleSelection } from '../association/associate.ts';
import type { ListedInstance } from '../query/find-studies.ts';
import { MAX_CONTEXTS } from '../limits.ts';
import { proposedContexts } from '../association/request-association.ts';
import { storageClasses } from './storage-classes.ts';
import { PLAIN_SYNTAXES } from '../association/uids.ts';

/** A storage SOP class in one syntax. */
export interface ContextPair {
  readonly sopClassUid: Uid;
  readonly transferSyntaxUid: Uid;
}

const { DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian } =
  TRANSFER_SYNTAXES;

/** In the order in which they are worth a context: what archives hold most first (PS3.6 table A-1). */
export const STORED_SYNTAXES: readonly Uid[] = [
  ExplicitVRLittleEndian,
  ImplicitVRLittleEndian,
  ...named('4.70 4.90 4.80 4.50 4.91 4.57 5 4.51 4.81'),
  DeflatedExplicitVRLittleEndian,
  ...named('4.102 4.103 4.100 4.201 4.202 4.203 4.101 4.104 4.107 4.105 4.106 4.108 4.92 4.93'),
  ExplicitVRBigEndian,
];

/** What holds no pixels is never compressed, unless as a whole. */
const WITHOUT_PIXELS: readonly Uid[] = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian];

/** SOP classes without pixels by their beginnings (PS3.4 B.5): reports, states, waveforms, RT plans, documents, lists. */
const PIXELLESS = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:88|11|9|104|66\.(?:1|3|5)|67|481\.(?:3|4|5|8|9))(?:\.|$)/;

/** Pairs of one association: one context is for the C-GET itself. */
const PAIRS_PER_ASSOCIATION = MAX_CONTEXTS - 1;

/** Associations that are made for what does not come with the first; the rarest pairs are left out. */
const MAX_PLANS = 16;

/** Syntaxes of a likely class that come before other classes are thought of. */
const FIRST_RANKS = 8;

/** What vendors made, as configured. */
export interface PrivateKinds {
  readonly privateClasses?: readonly Uid[] | undefined;
  readonly privateSyntaxes?: readonly Uid[] | undefined;
}

/**
 * The pairs to be proposed for some instances, association by association: first what the PACS says it holds, then the
 * likeliest syntax of every class, then the next likeliest. What does not come with the first is asked for with the next.
 *
 * @param sopClasses - SOP Classes in Study, for instances of which the PACS does not tell the class; without them, the
 *   classes that their modality may have and those of vendors are proposed, and in the end all there are.
 */
export function planPairs(
  instances: readonly ListedInstance[],
  sopClasses: readonly Uid[] = [],
  { privateClasses = [], privateSyntaxes = [] }: PrivateKinds = {},
): readonly (readonly ContextPair[])[] {
  const told = distinct(instances.flatMap((instance) => instance.sopClassUid ?? []));
  const untold = instances.filter(({ sopClassUid }) => sopClassUid === undefined);
  const known = untold.length === 0 ? told : distinct([...told, ...sopClasses]);
  const isBlind = untold.length > 0 && sopClasses.length === 0;
  const pairs = [
    ...storedPairs(instances),
    ...byRank(known),
    ...privateSyntaxes.flatMap((transferSyntaxUid) => known.map((sopClassUid) => ({ sopClassUid, transferSyntaxUid }))),
    ...(isBlind ? blindPairs(untold, privateClasses) : []),
  ];
  const once = [...new Map(pairs.map((pair) => [pairKey(pair), pair])).values()];
  return Array.from({ length: Math.min(MAX_PLANS, Math.ceil(once.length / PAIRS_PER_ASSOCIATION)) }, (_, index) =>
    once.slice(index * PAIRS_PER_ASSOCIATION, (index + 1) * PAIRS_PER_ASSOCIATION),
  );
}

function blindPairs(instances: readonly ListedInstance[], privateClasses: readonly Uid[]): readonly ContextPair[] {
  const { likely, others } = storageClasses(distinct(instances.flatMap(({ modality }) => modality ?? [])));
  return [
    ...byRank([...likely, ...privateClasses], FIRST_RANKS),
    ...byRank(others, 2),
    ...byRank([...likely, ...privateClasses, ...others]),
  ];
}

/** Each class in its likeliest syntax, then each in the next one. */
function byRank(classes: readonly Uid[], ranks = STORED_SYNTAXES.length): readonly ContextPair[] {
  return Array.from({ length: ranks }, (_, rank) =>
    classes.flatMap((sopClassUid) => {
      const transferSyntaxUid = syntaxesOf(sopClassUid)[rank];
      return transferSyntaxUid === undefined ? [] : [{ sopClassUid, transferSyntaxUid }];
    }),
  ).flat();
}

/** The contexts of an association for a C-GET, and the roles: of storage, the requestor is SCP (PS3.7 D.3.3.4). */
export function getContexts(
  getSopClass: Uid,
  pairs: readonly ContextPair[],
): { readonly contexts: readonly ProposedContext[]; readonly roles: readonly RoleSelection[] } {
  const storage = pairs.map(({ sopClassUid, transferSyntaxUid }) => ({
    abstractSyntax: sopClassUid,
    transferSyntaxes: [transferSyntaxUid],
  }));
  const classes = [...new Set(pairs.map(({ sopClassUid }) => sopClassUid))];
  return {
    contexts: proposedContexts([{ abstractSyntax: getSopClass, transferSyntaxes: PLAIN_SYNTAXES }, ...storage]),
    roles: classes.map((sopClassUid) => ({ sopClassUid, scu: false, scp: true })),
  };
}

/** The syntaxes instances of a class may be stored in, likeliest first. */
export function syntaxesOf(sopClassUid: Uid): readonly Uid[] {
  return PIXELLESS.test(sopClassUid) ? WITHOUT_PIXELS : STORED_SYNTAXES;
}

function storedPairs(instances: readonly ListedInstance[]): readonly ContextPair[] {
  return instances.flatMap(({ sopClassUid, storedSyntaxes = [] }) =>
    sopClassUid === undefined ? [] : storedSyntaxes.map((transferSyntaxUid) => ({ sopClassUid, transferSyntaxUid })),
  );
}

function distinct<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}

function pairKey({ sopClassUid, transferSyntaxUid }: ContextPair): string {
  return `${sopClassUid} ${transferSyntaxUid}`;
}

function named(ends: string): readonly Uid[] {
  return ends.split(' ').map((end) => `1.2.840.10008.1.2.${end}` as Uid);
}
