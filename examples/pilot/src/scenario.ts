/**
 * The story that the demonstration plays: two hospitals of Liège, a few of their patients, and six studies, each with
 * what must become of it. Every person is invented.
 */
import { generateStudy, type SampleInstance, type SampleKind } from '@interhosp/core/conformance';
import type { ArrivingPatient, LocalPatient, PersonNameGroups, Sex } from '@interhosp/core/study';
import type { Uid } from '@interhosp/core/dicom';
import { moreRegisteredPatients } from './registry.ts';

/** Short names of the two hospitals. */
export type HospitalKey = 'chu' | 'chr';

/** Someone who prescribes. */
export interface Practitioner {
  readonly number: string;
  readonly family: string;
  readonly given: string;
}

/** A hospital before it is started. */
export interface HospitalPlan {
  readonly key: HospitalKey;
  /** As the roster names it. */
  readonly member: string;
  readonly name: string;
  readonly short: string;
  /** Issuer of its Patient IDs (0010,0021). */
  readonly issuer: string;
  readonly patients: readonly LocalPatient[];
  readonly practitioners: readonly Practitioner[];
}

/** How the patient of a study is found at the receiver; `person` is a decision on the worklist. */
export type DecidedBy = 'national number' | 'name and birth date' | 'a person';

/** A study before it is made. */
export interface StudyPlan {
  /** Short, for bars and tables: `CT thorax`. */
  readonly title: string;
  readonly from: HospitalKey;
  readonly series: ReadonlyArray<{ readonly kind: SampleKind; readonly instances: number; readonly pixels?: number }>;
  readonly patient: ArrivingPatient;
  readonly referring: Practitioner;
  /** Where it must be found at the end; without it the study stays at home. */
  readonly expected?: { readonly at: HospitalKey; readonly patient: LocalPatient; readonly by: DecidedBy };
  /** What a person finds out, where one decides. */
  readonly doubt?: string;
  /** Why it goes or stays, for the story. */
  readonly because: string;
}

/** A study as it was made, with every byte that must arrive. */
export interface MadeStudy {
  readonly plan: StudyPlan;
  readonly studyInstanceUid: Uid;
  readonly instances: readonly SampleInstance[];
  readonly bytes: number;
}

/** Issuer under which both hospitals write the national number in their headers. */
export const NATIONAL_ISSUER = 'NATIONAL-NUMBER';

const delcourt: Practitioner = { number: '10012345004', family: 'Delcourt', given: 'Marc' };
const wauters: Practitioner = { number: '10023456130', family: 'Wauters', given: 'Inès' };
const lhoest: Practitioner = { number: '10034567266', family: 'Lhoest', given: 'Bernadette' };

const thonnard = person('Thonnard', 'Noëlle', '1958-11-03', 'F');
const lefevre = person('Lefèvre', 'Marie-Françoise', '1947-02-09', 'F');
const rasquin = person('Rasquin', 'Gaston', '1951-06-14', 'M');
const halleux = person('Halleux', 'Chloé', '1985-04-19', 'F');
const defays = person('Defays', 'Robert', '1972-12-30', 'M');

const atChr = {
  thonnard: local('R-204417', 'CHR-CITADELLE', { ...thonnard, nationalNumber: '58110321421' }),
  lefevre: local('R-118230', 'CHR-CITADELLE', {
    ...lefevre,
    nationalNumber: '47020911831',
    ...address('Rue de la Station 14', '4100', 'Seraing', '0470123411'),
  }),
  hugues: local('R-330518', 'CHR-CITADELLE', {
    ...person('Collard', 'Hugues', '2009-05-17', 'M'),
    ...address('Quai de Rome 51', '4000', 'Liège', '0471556677'),
  }),
  henri: local('R-330519', 'CHR-CITADELLE', {
    ...person('Collard', 'Henri', '2009-05-17', 'M'),
    ...address('Quai de Rome 51', '4000', 'Liège', '0471556677'),
  }),
  rasquin: local('R-087755', 'CHR-CITADELLE', { ...rasquin, nationalNumber: '51061420996' }),
};

const atChu = {
  halleux: local('H5520981', 'CHU-LIEGE', { ...halleux, nationalNumber: '85041904237' }),
};

/** The two hospitals. */
export const HOSPITALS: Readonly<Record<HospitalKey, HospitalPlan>> = {
  chu: {
    key: 'chu',
    member: 'be-chu-liege',
    name: 'CHU de Liège',
    short: 'CHU',
    issuer: 'CHU-LIEGE',
    patients: [...Object.values(atChu), ...moreRegisteredPatients('chu', 'H77', 'CHU-LIEGE')],
    practitioners: [wauters],
  },
  chr: {
    key: 'chr',
    member: 'be-chr-liege',
    name: 'CHR de la Citadelle',
    short: 'CHR',
    issuer: 'CHR-CITADELLE',
    patients: [...Object.values(atChr), ...moreRegisteredPatients('chr', 'R-9', 'CHR-CITADELLE')],
    practitioners: [delcourt, lhoest],
  },
};

/** The studies, in the order in which they are made. */
export const STUDIES: readonly StudyPlan[] = [
  {
    title: 'CT thorax',
    from: 'chu',
    series: [
      { kind: 'CT', instances: 40, pixels: 256 },
      { kind: 'SR', instances: 1 },
    ],
    patient: arriving('H1204417', 'CHU-LIEGE', { ...thonnard, nationalNumber: '58110321421' }),
    referring: delcourt,
    expected: { at: 'chr', patient: atChr.thonnard, by: 'national number' },
    because: 'Dr Delcourt practises at the CHR',
  },
  {
    title: 'MR knee',
    from: 'chu',
    series: [{ kind: 'MR', instances: 24, pixels: 256 }],
    // The CHU never saw her identity card, and wrote the name as it sounds.
    patient: arriving('H0998231', 'CHU-LIEGE', {
      ...person('LEFEBVRE', 'MARIE FRANCOISE', '1947-02-09', 'F'),
      ...address('Rue de la Station 14', '4100', 'Seraing', '0470123411'),
    }),
    referring: lhoest,
    expected: { at: 'chr', patient: atChr.lefevre, by: 'name and birth date' },
    because: 'Dr Lhoest practises at the CHR',
  },
  {
    title: 'DX chest',
    from: 'chu',
    series: [{ kind: 'DX', instances: 2, pixels: 1024 }],
    // The CHR knows two Collards born that day at that address, and no Hugo.
    patient: arriving('H2210067', 'CHU-LIEGE', {
      ...person('Collard', 'Hugo', '2009-05-17', 'M'),
      ...address('Quai de Rome 51', '4000', 'Liège', '0471556677'),
    }),
    referring: delcourt,
    expected: { at: 'chr', patient: atChr.hugues, by: 'a person' },
    doubt: 'A call to the ward: Hugues has been called Hugo since he was born, Henri is his twin',
    because: 'Dr Delcourt practises at the CHR',
  },
  {
    title: 'PDF letter',
    from: 'chu',
    series: [{ kind: 'PDF', instances: 2 }],
    patient: arriving('H0455120', 'CHU-LIEGE', { ...rasquin, nationalNumber: '51061420996' }),
    referring: lhoest,
    expected: { at: 'chr', patient: atChr.rasquin, by: 'national number' },
    because: 'Dr Lhoest practises at the CHR',
  },
  {
    title: 'MR head',
    from: 'chr',
    series: [{ kind: 'MR', instances: 20, pixels: 256 }],
    patient: arriving('R-551902', 'CHR-CITADELLE', { ...halleux, nationalNumber: '85041904237' }),
    referring: wauters,
    expected: { at: 'chu', patient: atChu.halleux, by: 'national number' },
    because: 'Dr Wauters practises at the CHU',
  },
  {
    title: 'DX hand',
    from: 'chu',
    series: [{ kind: 'DX', instances: 1, pixels: 512 }],
    patient: arriving('H3300415', 'CHU-LIEGE', { ...defays, nationalNumber: '72123007737' }),
    referring: wauters,
    because: 'Dr Wauters practises at the CHU itself: no rule matches',
  },
];

/** Makes the instances of a study; the same run number gives the same bytes. */
export function makeStudy(plan: StudyPlan, run: string): MadeStudy {
  const seed = `pilot ${run} ${plan.from} ${plan.title}`;
  const made = plan.series.map(({ kind, instances, pixels = 64 }) =>
    generateStudy({
      seed,
      kind,
      instances,
      pixels,
      patient: plan.patient,
      referringPhysician: { name: names(plan.referring.family, plan.referring.given), number: plan.referring.number },
      institution: HOSPITALS[plan.from].name,
      accessionNumber: `A${seedNumber(plan)}`,
      description: plan.title,
    }),
  );
  const instances = made.flatMap((series) => series.instances);
  const [first] = instances;
  if (first === undefined) throw new Error('a planned study has at least one instance');
  const bytes = instances.reduce((sum, instance) => sum + instance.dataSet.length, 0);
  return { plan, studyInstanceUid: first.studyInstanceUid, instances, bytes };
}

/** `Thonnard^Noëlle`, as a PACS shows it (PS3.5 6.2.1). */
export function shownName({ name }: { readonly name?: PersonNameGroups }): string {
  return name === undefined ? '' : `${name.alphabetic.family}^${name.alphabetic.given}`;
}

function seedNumber(plan: StudyPlan): number {
  return 2026_100 + STUDIES.indexOf(plan);
}

function names(family: string, given: string): PersonNameGroups {
  return { alphabetic: { family, given, middle: '', prefix: '', suffix: '' } };
}

function person(family: string, given: string, birthDate: string, sex: Sex): ArrivingPatient {
  return { name: names(family, given), birthDate, sex };
}

function address(street: string, postcode: string, city: string, phone: string): ArrivingPatient {
  return { street, postcode, city, phone };
}

function local(id: string, issuer: string, traits: ArrivingPatient): LocalPatient {
  return { ...traits, patientId: { id, issuer } };
}

function arriving(id: string, issuer: string, traits: ArrivingPatient): ArrivingPatient {
  return { ...traits, patientId: { id, issuer } };
}
