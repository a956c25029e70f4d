/**
 * One hospital on disk: its folder with everything that a real one would write by hand, which is the configuration, the
 * patients, the practitioners and the rules. What `interhosp init` made (identity, passphrase) is left alone.
 */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalPatient } from '@interhosp/core/study';
import { stringify } from 'yaml';
import type { DimseAccess, StartedPacs } from './pacs-start.ts';
import { wrap } from './part-10.ts';
import {
  HOSPITALS,
  makeStudy,
  NATIONAL_ISSUER,
  STUDIES,
  type HospitalKey,
  type HospitalPlan,
  type StudyPlan,
} from './scenario.ts';

/** Where a hospital's files are, and where its PACS and its member listen. */
export interface HospitalSite {
  readonly plan: HospitalPlan;
  readonly folder: string;
  readonly config: string;
  readonly dataFolder: string;
  /** Multiaddr of the member. */
  readonly listen: string;
  /** DICOMweb root of the PACS. */
  readonly pacsUrl: string;
  /** Present where the member speaks DIMSE to it. */
  readonly dimse?: DimseAccess;
}

/** Where its PACS answers. */
export type PacsAddress = Pick<StartedPacs, 'dimse' | 'url'>;

/** Both hospitals. */
export type Sites = Readonly<Record<HospitalKey, HospitalSite>>;

/** Less than the demonstration ever has on disk: the machine of a demonstration is not asked for 20 GiB. */
const LOW_WATER_BYTES = 64 * 1024 * 1024;

/** The site of a hospital below the demonstration's folder. */
export function siteOf(key: HospitalKey, root: string, listen: string, pacs: PacsAddress): HospitalSite {
  const folder = join(root, key);
  return {
    plan: HOSPITALS[key],
    folder,
    config: join(folder, 'interhosp.yaml'),
    dataFolder: join(folder, 'data'),
    listen,
    pacsUrl: pacs.url,
    ...(pacs.dimse !== undefined && { dimse: pacs.dimse }),
  };
}

/** Writes the hospital's own files over those of `interhosp init`. */
export async function writeSiteFiles(site: HospitalSite, federationId: string): Promise<void> {
  const { folder, plan } = site;
  await writeFile(site.config, configurationText(site, federationId));
  await writeFile(join(folder, 'patients.csv'), patientsCsv(plan.patients));
  await writeFile(join(folder, 'practitioners.csv'), practitionersCsv(plan));
  await writeFile(join(folder, 'rules.yaml'), RULES);
}

/**
 * Writes an image of each study that the hospital made some time ago, on which its rules are tried before they go live.
 *
 * @returns the folder.
 */
export async function writePastStudies({ folder, plan }: HospitalSite): Promise<string> {
  const past = join(folder, 'past-studies');
  await mkdir(past, { recursive: true });
  for (const [index, study] of STUDIES.filter(({ from }) => from === plan.key).entries()) {
    const [first] = makeStudy({ ...study, series: study.series.slice(0, 1).map(oneInstance) }, 'past').instances;
    if (first !== undefined) await writeFile(join(past, `${index + 1}.dcm`), wrap(first));
  }
  return past;
}

function oneInstance({ kind }: StudyPlan['series'][number]): StudyPlan['series'][number] {
  return { kind, instances: 1 };
}

/** Drops the federation's signed documents where the member looks for them. */
export async function copyFederationDocuments(site: HospitalSite, federationFolder: string): Promise<void> {
  for (const name of ['root.json', 'roster.json']) {
    await copyFile(join(federationFolder, name), join(site.folder, 'federation', name));
  }
}

/** The one rule of the story, the same in both hospitals. */
const RULES = stringify({
  practitionerNumbers: 'nihdi',
  rules: [
    {
      id: 'to-the-prescriber',
      description: 'The referring physician practises at the other hospital',
      when: { referringPhysician: { practisesAt: 'destination' } },
      destination: 'each member',
    },
  ],
});

function configurationText(site: HospitalSite, federationId: string): string {
  const { listen, plan } = site;
  return stringify({
    member: plan.member,
    name: plan.name,
    data: './data',
    passphraseFile: './passphrase',
    federation: { id: federationId, documents: './federation' },
    listen: [listen],
    pacs: { main: pacsSection(site) },
    source: 'main',
    destination: 'main',
    patients: { use: '@interhosp/adapters/patients-csv', file: './patients.csv', issuer: plan.issuer },
    practitioners: './practitioners.csv',
    routing: { rules: './rules.yaml', approval: './rules.approval.json' },
    // A hospital leaves a minute between searches and waits ten for late images; nobody wants to watch that.
    discovery: { pollSeconds: 1, quietSeconds: 1, windowDays: 'all' },
    reconciliation: {
      profile: 'be',
      policy: 'strict',
      mode: 'automatic',
      nationalNumberIssuers: [NATIONAL_ISSUER],
    },
    coercion: { utcOffset: '+0100' },
    spool: { lowWaterBytes: LOW_WATER_BYTES },
  });
}

function pacsSection({ dimse, pacsUrl }: HospitalSite): object {
  if (dimse === undefined) return { use: '@interhosp/adapters/dicomweb', baseUrl: pacsUrl };
  return {
    use: '@interhosp/adapters/dimse',
    host: '127.0.0.1',
    port: dimse.port,
    calledAe: dimse.aeTitle,
    callingAe: dimse.memberAeTitle,
    // The PACS moves instances to this address.
    listen: { port: dimse.memberPort, peers: [{ ae: dimse.aeTitle, addresses: ['127.0.0.1'] }] },
  };
}

/** The columns of `interhosp reconcile --registry`. */
function patientsCsv(patients: readonly LocalPatient[]): string {
  const heading = [
    'id',
    'national_id',
    'family',
    'given',
    'middle',
    'birth_date',
    'sex',
    'street',
    'postcode',
    'city',
    'phone',
  ];
  const rows = patients.map(({ name, patientId, ...patient }) => [
    patientId.id,
    patient.nationalNumber,
    name?.alphabetic.family,
    name?.alphabetic.given,
    name?.alphabetic.middle,
    patient.birthDate,
    patient.sex,
    patient.street,
    patient.postcode,
    patient.city,
    patient.phone,
  ]);
  return csv([heading, ...rows]);
}

function practitionersCsv({ practitioners }: HospitalPlan): string {
  return csv([
    ['number', 'family', 'given'],
    ...practitioners.map(({ family, given, number }) => [number, family, given]),
  ]);
}

function csv(rows: ReadonlyArray<ReadonlyArray<string | undefined>>): string {
  return rows
    .map((row) => `${row.map((cell = '') => (/[",\n]/.test(cell) ? JSON.stringify(cell) : cell)).join(',')}\n`)
    .join('');
}
