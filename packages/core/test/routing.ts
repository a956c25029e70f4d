/** Studies, directories and contexts for the tests of routing. All names are fictional. */
import { parseUid } from '../src/dicom/uid.ts';
import type { Practitioner, PractitionerDirectories } from '../src/federation/index.ts';
import { everyPolicy, type RoutableStudy, type RouteContext } from '../src/routing/index.ts';
import { parseMemberId, type PersonNameGroups, type PractitionerMention } from '../src/study/index.ts';

/** A weekday noon. */
export const ROUTE_NOW_MS = Date.parse('2026-03-04T12:00:00Z');
/** This hospital, and two others. */
export const [home, south, west] = ['be-home', 'be-south', 'be-west'].map(parseMemberId) as [
  ReturnType<typeof parseMemberId>,
  ReturnType<typeof parseMemberId>,
  ReturnType<typeof parseMemberId>,
];

/** A name as a header gives it. */
export function personName(family: string, given = ''): PersonNameGroups {
  return { alphabetic: { family, given, middle: '', prefix: '', suffix: '' } };
}

/** A physician as a header names one. */
export function physician(family: string, given: string, number?: string): PractitionerMention {
  return { name: personName(family, given), ...(number === undefined ? {} : { number }) };
}

/** Values that must not appear in any explanation. */
export const CANARIES = [
  'CANARYNAME',
  'CANARYGIVEN',
  'CANARYID',
  'CANARYDESC',
  'CANARYDOC',
  '19700131',
  '1970-01-31',
  '10000103580',
];

/** A study whose every text is a canary. */
export function routable(changes: Partial<RoutableStudy> = {}): RoutableStudy {
  return {
    studyInstanceUid: parseUid('1.2.3.4'),
    patient: {
      name: personName('CANARYNAME', 'CANARYGIVEN'),
      birthDate: '1970-01-31',
      sex: 'F',
      patientId: { id: 'CANARYID', issuer: 'be-home' },
    },
    studyDate: '2026-03-03',
    studyTime: '10:15:00',
    accessionNumber: 'A2026',
    description: 'CANARYDESC thorax',
    modalities: ['CT', 'SR'],
    bodyPart: 'CHEST',
    referringPhysician: physician('CANARYDOC', 'Anna', '10000103580'),
    institution: 'Clinique de la Rive',
    ...changes,
  };
}

/** Directories by member, never expiring unless told. */
export function directories(
  entries: Readonly<Record<string, readonly Practitioner[]>>,
  expiresMs = Number.MAX_SAFE_INTEGER,
): PractitionerDirectories {
  return new Map(
    Object.entries(entries).map(([name, practitioners]) => {
      const member = parseMemberId(name);
      return [member, { member, version: 1, hash: '', envelope: new Uint8Array(), expiresMs, practitioners }] as const;
    }),
  );
}

/** The physician of {@link routable} practises at be-south. */
export const anna: Practitioner = { number: '1-00001-03-580', family: 'Canarydoc', given: 'Anna' };

/** A context in which everything is allowed. */
export function context(changes: Partial<RouteContext> = {}): RouteContext {
  return {
    self: home,
    members: [home, south, west],
    practitioners: directories({ 'be-south': [anna] }),
    policy: everyPolicy([]),
    nowMs: ROUTE_NOW_MS,
    ...changes,
  };
}
