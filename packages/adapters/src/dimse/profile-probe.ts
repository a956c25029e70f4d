/**
 * Asks a PACS what it can do, with requests that change nothing and open no image: proposals of presentation contexts, on
 * associations that are released at once, and searches.
 */
import { formatTag, TAGS, type NewElement, type Tag, type Uid } from '@interhosp/core/dicom';
import type { Association } from './association.ts';
import { STORED_SYNTAXES } from './context-plan.ts';
import { find, type QueryOptions } from './find-scu.ts';
import type { Identifier } from './identifier.ts';
import { MAX_CONTEXTS } from './limits.ts';
import type { PacsProfile, QueryRoot } from './profile.ts';
import { key, level } from './query-keys.ts';
import { QUERY_TAGS } from './query-tags.ts';
import {
  proposedContexts,
  requestAssociation,
  type AssociationOptions,
  type PeerAddress,
} from './request-association.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from './uids.ts';

/** How a PACS is asked. */
export type ProbeOptions = Omit<AssociationOptions, 'contexts' | 'roles'>;

/** What the agreement on one association tells. */
export type ServicesProfile = Pick<
  PacsProfile,
  'implementation' | 'maxSentPduBytes' | 'find' | 'move' | 'get' | 'hasStorageCommitment'
>;

/** What answers to searches tell. */
export type AnswersProfile = Pick<PacsProfile, 'counts' | 'absentKeys' | 'ignoredKeys' | 'answersIn'>;

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

/** What nothing in an archive matches. */
const IMPOSSIBLE: readonly (readonly [tag: Tag, elements: readonly NewElement[]])[] = [
  [TAGS.AccessionNumber, key(TAGS.AccessionNumber, 'SH', '?INTERHOSP-NONE?')],
  [TAGS.PatientID, key(TAGS.PatientID, 'LO', 'INTERHOSP-PROBE-OF-NOBODY')],
  [TAGS.StudyDate, key(TAGS.StudyDate, 'DA', '18000101')],
  [TAGS.StudyInstanceUID, key(TAGS.StudyInstanceUID, 'UI', '2.25.302165480021654811651651')],
];

/** Attributes of a study that are asked for in any search. */
const ASKED: readonly (readonly [tag: Tag, vr: 'CS' | 'DA' | 'IS' | 'LO' | 'PN' | 'SH' | 'TM' | 'UI'])[] = [
  [TAGS.StudyDate, 'DA'],
  [TAGS.StudyTime, 'TM'],
  [TAGS.AccessionNumber, 'SH'],
  [TAGS.ModalitiesInStudy, 'CS'],
  [QUERY_TAGS.SOPClassesInStudy, 'UI'],
  [TAGS.StudyDescription, 'LO'],
  [TAGS.PatientName, 'PN'],
  [TAGS.PatientID, 'LO'],
  [TAGS.IssuerOfPatientID, 'LO'],
  [TAGS.PatientBirthDate, 'DA'],
  [TAGS.PatientSex, 'CS'],
  [TAGS.StudyInstanceUID, 'UI'],
  [QUERY_TAGS.NumberOfStudyRelatedInstances, 'IS'],
];

/**
 * Searches a little: what an answer has, and which keys are matched by. Undefined while the archive is empty.
 *
 * @param association - With a context for searches in the study root.
 * @throws {PacsError} what ended the association.
 */
export async function probeAnswers(
  association: Association,
  options: QueryOptions,
): Promise<AnswersProfile | undefined> {
  const first = await firstAnswer(association, [], options);
  if (first === undefined) return undefined;
  const ignored: Tag[] = [];
  for (const [tag, elements] of IMPOSSIBLE) {
    if ((await firstAnswer(association, elements, options)) !== undefined) ignored.push(tag);
  }
  const isThere = (tag: Tag): boolean => first.tags.includes(tag);
  return {
    counts: isThere(QUERY_TAGS.NumberOfStudyRelatedInstances) ? 'unknown' : 'absent',
    absentKeys: ASKED.filter(([tag]) => !isThere(tag)).map(([tag]) => keyName(tag)),
    ignoredKeys: ignored.map(keyName),
    answersIn: (first.raw(TAGS.SpecificCharacterSet) ?? '').slice(0, 128),
  };
}

/** One answer that matches, the search cancelled after it; undefined when nothing does, or the search was refused. */
async function firstAnswer(
  association: Association,
  match: readonly NewElement[],
  options: QueryOptions,
): Promise<Identifier | undefined> {
  const matched = new Set(match.map(({ tag }) => tag));
  const asked = ASKED.filter(([tag]) => !matched.has(tag)).flatMap(([tag, vr]) => key(tag, vr));
  const keys = [...level('STUDY'), ...[...asked, ...match].toSorted((one, other) => one.tag - other.tag)];
  try {
    for await (const answer of find(association, { ...options, sopClass: SOP_CLASSES.studyRootFind, keys })) {
      return answer;
    }
  } catch (error) {
    // A key may be refused; that is an answer too. A lost association is none.
    if (!association.isOpen) throw error;
  }
  return undefined;
}

function keyName(tag: Tag): string {
  const hex = formatTag(tag)
    .replaceAll(/[^0-9a-f]/gi, '')
    .toLowerCase();
  return `${hex.slice(0, 4)},${hex.slice(4)}`;
}
