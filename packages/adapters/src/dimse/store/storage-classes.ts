/**
 * The storage SOP classes by the modality of their series (PS3.4 B.5, PS3.3 C.7.3.1.1.1): where a PACS does not say of what
 * class an instance is, what may be asked for. Without the roots; those that vendors made are not among them.
 */
import type { Uid } from '@interhosp/core/dicom';

const ROOT = '1.2.840.10008.5.1.4.1.1.';

/** What images of a modality are; ends of UIDs. */
const BY_MODALITY: Readonly<Record<string, string>> = {
  AU: '9.4.1 9.4.2',
  BI: '6.1 3.1',
  CR: '1 1.1',
  CT: '2 2.1 2.2',
  DOC: '104.1 104.2',
  DX: '1.1 1.1.1 1',
  ECG: '9.1.1 9.1.2 9.1.3 9.1.4',
  EEG: '9.7.1 9.7.4',
  EPS: '9.3.1',
  ES: '77.1.1 77.1.1.1',
  GM: '77.1.2 77.1.2.1',
  HD: '9.2.1',
  IO: '1.3 1.3.1',
  IVOCT: '14.1 14.2',
  IVUS: '6.1 3.1 6.2',
  KO: '88.59',
  M3D: '104.3 104.4 104.5',
  MG: '1.2 1.2.1 13.1.3 13.1.4 13.1.5',
  MR: '4 4.1 4.3 4.2 4.4',
  NM: '20 5',
  OAM: '78.8',
  OP: '77.1.5.1 77.1.5.2 77.1.5.3 77.1.5.5 77.1.5.6',
  OPM: '79.1 81.1',
  OPT: '77.1.5.4 77.1.5.7 77.1.5.8',
  OPV: '80.1',
  OT: '7 7.1 7.2 7.3 7.4',
  PLAN: '88.70',
  PR: '11.1 11.2 11.3 11.4 11.5 11.6 11.7 11.8',
  PT: '128 128.1 130',
  PX: '1.1 1.1.1 1 13.1.2',
  REG: '66.1 66.3',
  RESP: '9.6.1 9.6.2',
  RF: '12.2 12.2.1 12.1',
  RTDOSE: '481.2',
  RTIMAGE: '481.1',
  RTPLAN: '481.5 481.8',
  RTRECORD: '481.4 481.6 481.7 481.9',
  RTSTRUCT: '481.3',
  RWV: '67',
  SEG: '66.4 66.5',
  SM: '77.1.6 77.1.3 77.1.2',
  SMR: '78.6',
  SR: '88.11 88.22 88.33 88.34 88.67 88.59 88.35 88.40 88.50 88.65 88.68 88.69 88.71 88.72 88.73 88.74 88.75 88.76',
  SRF: '78.4',
  US: '6.1 3.1 6.2 6 3',
  VA: '78.5',
  XA: '12.1 12.1.1 13.1.1 12.2',
  XC: '77.1.4 77.1.4.1',
};

/** What may stand in a series of any modality. */
const EVERYWHERE = '7 88.59 11.1 88.11 88.22 88.33 88.67 104.1 66 7.1 7.2 7.3 7.4';

/** The rest, rare and retired ones last. */
const RARE =
  '30 66.2 66.6 68.1 68.2 77.1.7 77.1.8 77.1.9 78.1 78.2 78.3 78.7 82.1 90.1 91.1 9.5.1 9.7.2 9.7.3 9.8.1 12.3 ' +
  '11.9 11.10 11.11 11.12 131 200.1 200.2 481.10 481.11 481.12 481.13 481.14 481.15 481.16 481.17 481.18 481.19 481.20 ' +
  '481.21 481.22 481.23 481.24 481.25 601.1 601.2 501.1 501.2.1 501.2.2 501.3 8 9 9.1 10 11 88.1 88.2 88.3 88.4 129';

/** Storage SOP classes, all of them in the end. */
export interface ClassesByLikelihood {
  /** Of the modalities, and what goes with any. */
  readonly likely: readonly Uid[];
  readonly others: readonly Uid[];
}

/** What series of these modalities may hold; without a modality, images of every day. */
export function storageClasses(modalities: readonly string[]): ClassesByLikelihood {
  const own = modalities.length === 0 ? EVERY_DAY : modalities;
  const likely = uids([...own.map((modality) => BY_MODALITY[modality] ?? ''), EVERYWHERE]);
  const all = uids([...Object.values(BY_MODALITY), RARE]);
  return { likely, others: all.filter((uid) => !likely.includes(uid)) };
}

const EVERY_DAY = ['CT', 'MR', 'CR', 'DX', 'US', 'MG', 'XA', 'RF', 'PT', 'NM'];

function uids(lists: readonly string[]): readonly Uid[] {
  const ends = lists.flatMap((list) => list.split(' ')).filter((end) => end !== '');
  return [...new Set(ends)].map((end) => `${ROOT}${end}` as Uid);
}
