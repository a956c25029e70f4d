/**
 * Asks a PACS what it can do, with requests that change nothing and search nothing: proposals of presentation contexts, on
 * associations that are released at once.
 */
import type { Uid } from '@interhosp/core/dicom';
import type { Association } from '../association/association.ts';
import { STORED_SYNTAXES } from '../store/context-plan.ts';
import { MAX_CONTEXTS } from '../limits.ts';
import type { PacsProfile, QueryRoot } from './profile.ts';
import {
  proposedContexts,
  requestAssociation,
  type AssociationOptions,
  type PeerAddress,
} from '../association/request-association.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from '../association/uids.ts';

/** How a PACS is asked. */
export type ProbeOptions = Omit<AssociationOptions, 'contexts' | 'roles'>;

/** What the agreement on one association tells. */
export type ServicesProfile = Pick<
  PacsProfile,
  'implementation' | 'maxSentPduBytes' | 'find' | 'move' | 'get' | 'hasStorageCommitment'
>;

/** Transfer syntaxes that are asked about: all of PS3.6 in which objects are stored, and the one of GE. */
const PROBED_SYNTAXES: readonly Uid[] = [
  ...new Set([
    ...STORED_SYNTAXES,
    ...['1.98', '4.110', '4.111', '4.112', '8.1'].map((end) => `1.2.840.10008.1.2.${end}` as Uid),
    // Retired processes of JPEG: archives of the nineties are full of objects that say so.
    ...[52, 53, 54, 55, 56, 58, 59, 60, 61, 62, 63, 64, 65, 66].map((end) => `1.2.840.10008.1.2.4.${end}` as Uid),
    '1.2.840.113619.5.2' as Uid,
  ]),
];

/** Asks which services there are. @throws {PacsError} */
export async function probeServices(peer: PeerAddress, options: ProbeOptions): Promise<ServicesProfile> {
  const classes = Object.values(SOP_CLASSES).filter((uid) => uid !== SOP_CLASSES.worklistFind);
  const contexts = proposedContexts(
    classes.map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: PLAIN_SYNTAXES })),
  );
  return await agreed(await requestAssociation(peer, { ...options, contexts }), (association) => {
    const has = (uid: Uid): boolean => association.contextFor(uid) !== undefined;
    const roots = (study: Uid, patient: Uid): readonly QueryRoot[] => [
      ...(has(study) ? (['study'] as const) : []),
      ...(has(patient) ? (['patient'] as const) : []),
    ];
    const { maxSentPduBytes, peerImplementation } = association.agreement;
    return {
      implementation: peerImplementation,
      maxSentPduBytes,
      find: roots(SOP_CLASSES.studyRootFind, SOP_CLASSES.patientRootFind),
      move: roots(SOP_CLASSES.studyRootMove, SOP_CLASSES.patientRootMove),
      get: roots(SOP_CLASSES.studyRootGet, SOP_CLASSES.patientRootGet),
      hasStorageCommitment: has(SOP_CLASSES.storageCommitment),
    };
  });
}

/** What a PACS takes. */
export interface StorageAnswer {
  readonly implementation: string | undefined;
  readonly syntaxes: ReadonlyMap<Uid, readonly Uid[]>;
}

/**
 * Asks in which syntaxes SOP classes are taken: each pair has a context of its own, as many associations as it takes.
 *
 * @param more - Syntaxes asked about beside the usual ones.
 * @throws {PacsError}
 */
export async function probeStorage(
  peer: PeerAddress,
  sopClasses: readonly Uid[],
  more: readonly Uid[],
  options: ProbeOptions,
): Promise<StorageAnswer> {
  const probed = [...new Set([...PROBED_SYNTAXES, ...more])];
  const pairs = sopClasses.flatMap((abstractSyntax) =>
    probed.map((syntax) => ({ abstractSyntax, transferSyntaxes: [syntax] })),
  );
  const taken = new Map<Uid, Uid[]>(sopClasses.map((uid) => [uid, []]));
  let implementation: string | undefined;
  for (let at = 0; at < pairs.length; at += MAX_CONTEXTS) {
    const contexts = proposedContexts(pairs.slice(at, at + MAX_CONTEXTS));
    await agreed(await requestAssociation(peer, { ...options, contexts }), ({ agreement }) => {
      implementation = agreement.peerImplementation;
      for (const { abstractSyntax, transferSyntax } of agreement.contexts)
        taken.get(abstractSyntax)?.push(transferSyntax);
    });
  }
  return { implementation, syntaxes: taken };
}

/** Reads what there is to read, and ends the association. */
async function agreed<T>(association: Association, read: (association: Association) => T): Promise<T> {
  try {
    const result = read(association);
    await association.release();
    return result;
  } finally {
    association.abort();
  }
}
