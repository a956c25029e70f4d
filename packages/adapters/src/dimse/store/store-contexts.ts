/**
 * Which presentation contexts a sender of instances proposes: for each SOP class and each syntax in which instances of it
 * are stored one of its own, so that none stands in the way of another, and for each class the default Implicit VR Little
 * Endian beside them (PS3.5 10.1), which is only proposed: nothing is ever transcoded for it.
 */
import { TRANSFER_SYNTAXES, type Uid } from '@interhosp/core/dicom';
import type { ProposedContext } from '../association/associate.ts';
import { MAX_CONTEXTS } from '../limits.ts';
import { proposedContexts } from '../association/request-association.ts';

/** What decides on the context of an instance. */
export interface InstanceKind {
  readonly sopClassUid: Uid;
  readonly transferSyntaxUid: Uid;
}

/** As one text, for sets and maps. */
export function kindKey({ sopClassUid, transferSyntaxUid }: InstanceKind): string {
  return `${sopClassUid} ${transferSyntaxUid}`;
}

/** Contexts for an association, and the kinds that have one. */
export interface ContextPlan {
  readonly contexts: readonly ProposedContext[];
  readonly kinds: ReadonlySet<string>;
}

/** Plans contexts for as many kinds as fit into one association, first come first served. */
export function planStoreContexts(wanted: Iterable<InstanceKind>): ContextPlan {
  const kinds = new Set<string>();
  const syntaxes = new Map<Uid, Set<Uid>>();
  let count = 0;
  for (const kind of wanted) {
    if (kinds.has(kindKey(kind))) continue;
    const ofClass = syntaxes.get(kind.sopClassUid);
    const isDefault = kind.transferSyntaxUid === DEFAULT;
    // The default takes a context of each class, whether instances are stored in it or not.
    const needed = ofClass === undefined ? (isDefault ? 1 : 2) : isDefault ? 0 : 1;
    if (count + needed > MAX_CONTEXTS) continue;
    count += needed;
    kinds.add(kindKey(kind));
    syntaxes.set(kind.sopClassUid, (ofClass ?? new Set([DEFAULT])).add(kind.transferSyntaxUid));
  }
  const contexts = [...syntaxes].flatMap(([abstractSyntax, stored]) =>
    [...stored].map((syntax) => ({ abstractSyntax, transferSyntaxes: [syntax] })),
  );
  return { contexts: proposedContexts(contexts), kinds };
}

const DEFAULT: Uid = TRANSFER_SYNTAXES.ImplicitVRLittleEndian;
