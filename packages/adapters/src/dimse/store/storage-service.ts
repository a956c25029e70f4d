/**
 * Storage as its performer (PS3.4 annex B): every class of images, reports and documents of patients, and the transfer syntax
 * that keeps the sender's bytes.
 */
import type { Uid } from '@interhosp/core/dicom';
import { COMMANDS } from '../association/command-set.ts';
import { performStore, type InstanceTaker } from './incoming-store.ts';
import { answerUnknown, type DimseService } from '../server/service.ts';

/** How a storage service is made. */
export interface StorageServiceOptions {
  readonly take: InstanceTaker;
  /** SOP classes of vendors that are taken too, by UID. */
  readonly privateClasses?: readonly Uid[] | undefined;
  /** Transfer syntaxes of vendors that are taken too; their data sets must be in explicit VR little endian. */
  readonly privateSyntaxes?: readonly Uid[] | undefined;
  /**
   * Which transfer syntax is chosen when a context offers several. Default `offered`: the first one, since a sender names
   * that first in which it holds the object, and any other would make it convert. A list is an order of ours; syntaxes
   * that are not in it are not taken, and of those in it not the ones that cannot be passed on.
   */
  readonly syntaxes?: 'offered' | readonly Uid[] | undefined;
}

/** All storage classes have UIDs below this, retired ones and those of the years to come included (PS3.4 B.5, PS3.6 A). */
const STORAGE_ROOT = '1.2.840.10008.5.1.4.1.1.';
/** RT Beams Delivery Instruction Storage, RT Brachy Application Setup Delivery Instruction Storage. */
const STORAGE_ELSEWHERE: ReadonlySet<string> = new Set(['1.2.840.10008.5.1.4.34.7', '1.2.840.10008.5.1.4.34.10']);

/** Below the same root, but services: Protocol Approval find, move and get (PS3.4 annex II). */
const NO_STORAGE: ReadonlySet<string> = new Set(['4', '5', '6'].map((end) => `${STORAGE_ROOT}200.${end}`));

/** DICOM's own transfer syntaxes. */
const SYNTAX_ROOT = '1.2.840.10008.1.2';
/** What cannot be passed on: pixels that stand elsewhere (JPIP), streams that end nowhere (SMPTE ST 2110). */
const UNTAKEN: ReadonlySet<string> = new Set([
  '1.2.840.10008.1.2.4.94',
  '1.2.840.10008.1.2.4.95',
  '1.2.840.10008.1.2.4.204',
  '1.2.840.10008.1.2.4.205',
  '1.2.840.10008.1.2.7.1',
  '1.2.840.10008.1.2.7.2',
  '1.2.840.10008.1.2.7.3',
]);

/** Whether a SOP class is one of DICOM's own that are stored for patients. */
export function isStorageClass(sopClassUid: Uid): boolean {
  if (NO_STORAGE.has(sopClassUid)) return false;
  return sopClassUid.startsWith(STORAGE_ROOT) || STORAGE_ELSEWHERE.has(sopClassUid);
}

/** Makes a service. */
export function storageService(options: StorageServiceOptions): DimseService {
  const { privateClasses = [], privateSyntaxes = [], syntaxes = 'offered', take } = options;
  const classes: ReadonlySet<Uid> = new Set(privateClasses);
  const more: ReadonlySet<Uid> = new Set(privateSyntaxes);
  const isTaken = (syntax: Uid): boolean => more.has(syntax) || isTakenSyntax(syntax);
  const choice =
    syntaxes === 'offered'
      ? (offered: readonly Uid[]) => offered.find(isTaken)
      : syntaxes.filter((syntax) => !UNTAKEN.has(syntax));
  return {
    name: 'storage',
    syntaxesOf: (abstractSyntax) =>
      isStorageClass(abstractSyntax) || classes.has(abstractSyntax) ? choice : undefined,
    async perform(association, message, signal) {
      if (message.command.field !== COMMANDS.storeRequest) return await answerUnknown(association, message);
      await performStore(association, message, take, signal);
    },
  };
}

function isTakenSyntax(syntax: Uid): boolean {
  return (syntax === SYNTAX_ROOT || syntax.startsWith(`${SYNTAX_ROOT}.`)) && !UNTAKEN.has(syntax);
}
