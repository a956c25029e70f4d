import { describe, expect, it } from 'vitest';
import {
  AN,
  arrival,
  home,
  jan,
  JAN,
  JAN_BIS,
  MARIA,
  name,
  noNumber,
  number,
  options,
  other,
  without,
} from '../../test/reconcile/jan.ts';
import type { NameCounts } from '../patients/index.ts';
import type { ArrivingPatient, LocalPatient } from '../study/index.ts';
import type { GuardReason } from './guard-reasons.ts';
import { MODELS } from './model.ts';
import { POLICIES } from './policy.ts';
import { PROFILES } from './profile.ts';
import { MOST_CANDIDATES, reconcile } from './reconcile.ts';

describe('a guard', () => {
  const twin = other('L2', { name: name('Van den Berghe', 'Piet'), nationalNumber: number('850730035') });
  const cases: readonly [GuardReason, string, ArrivingPatient, readonly LocalPatient[]][] = [
    ['numbers-differ', 'two valid numbers', { ...arrival, ...home, nationalNumber: number('850730007') }, [jan]],
    ['number-changed', 'BIS and national number, and no more', { ...arrival, nationalNumber: JAN_BIS }, [jan]],
    ['number-doubted', 'the number of a relative', { ...arrival, ...home, nationalNumber: MARIA }, [jan]],
    [
      'number-doubted',
      'a number of the other sex, only here',
      { ...arrival, ...home, nationalNumber: AN },
      [without(jan, 'nationalNumber')],
    ],
    [
      'number-doubted',
      'a wrong number in the registry',
      { ...arrival, nationalNumber: JAN },
      [other('L1', { nationalNumber: MARIA })],
    ],
    [
      'number-doubted',
      'a slip in the birth date and another given name',
      { ...arrival, birthDate: '1985-07-31', name: name('Van den Berghe', 'Piet') },
      [jan],
    ],
    ['number-of-another', 'one number on two names', { ...arrival, name: name('Peeters', 'Maria') }, [jan]],
    ['number-of-another', 'one number, far birth dates', { ...arrival, birthDate: '1950-06-15' }, [jan]],
    [
      'number-elsewhere',
      'a number that somebody else has',
      { ...arrival, ...home, birthDate: '1985-07-31' },
      [
        without(jan, 'nationalNumber'),
        other('L9', { name: name('Claes', 'Piet'), birthDate: '1961-03-04', street: 'Dorp 1', phone: '1' }),
      ],
    ],
    [
      'number-shared',
      'a number on two persons',
      arrival,
      [jan, other('L9', { name: name('Claes', 'Piet'), birthDate: '1985-07-30' })],
    ],
    [
      'local-id-contradicted',
      'our own ID of somebody else',
      { ...arrival, patientId: { id: 'L9', issuer: 'HERE' } },
      [jan, other('L9', { name: name('Claes', 'Piet'), birthDate: '1961-03-04', nationalNumber: MARIA })],
    ],
    [
      'local-id-contradicted',
      'our own ID with another birth date',
      { ...arrival, ...home, birthDate: '1985-07-31', patientId: jan.patientId },
      [jan],
    ],
    ['given-names-differ', 'a twin', { ...noNumber, ...home, name: name('Van den Berghe', 'Piet') }, [jan]],
    [
      'given-names-differ',
      'a twin with the number copied',
      { ...arrival, ...home, name: name('Van den Berghe', 'Piet') },
      [jan],
    ],
    [
      'given-names-differ',
      'a middle name as given name',
      { ...noNumber, ...home, name: name('Van den Berghe', 'Karel') },
      [other('L1', { name: name('Van den Berghe', 'Jan', 'Karel') })],
    ],
    [
      'given-names-differ',
      'a sister whose name passes for a form of his',
      { ...noNumber, ...home, phone: jan.phone!, sex: 'F', name: name('Van den Berghe', 'Jean') },
      [jan],
    ],
    ['given-name-near', 'a twin by one letter', { ...noNumber, ...home, name: name('Van den Berghe', 'Jana') }, [jan]],
    ['given-name-near', 'an initial', { ...noNumber, ...home, name: name('Van den Berghe', 'J.') }, [jan]],
    ['family-names-differ', 'another family name', { ...noNumber, ...home, name: name('Claes', 'Jan') }, [jan]],
    ['name-incomplete', 'no given name', { ...noNumber, ...home, name: name('Vandenberghe', '') }, [jan]],
    [
      'sibling',
      'a twin in the registry',
      { ...noNumber, ...home, phone: jan.phone!, name: name('Van den Berghe', 'Johannes') },
      [jan, twin],
    ],
    [
      'placeholder-name',
      'a baby',
      { ...noNumber, ...home, name: name('Van den Berghe', 'BB') },
      [other('L1', { name: name('Van den Berghe', 'BB') })],
    ],
    [
      'placeholder-name',
      'a nobody',
      { ...noNumber, ...home, name: name('INCONNU', 'Jan') },
      [other('L1', { name: name('Inconnu', 'Jan') })],
    ],
    [
      'placeholder-birth-date',
      'a date of nobody',
      { ...noNumber, ...home, birthDate: '1900-01-01' },
      [other('L1', { birthDate: '1900-01-01' })],
    ],
    [
      'newborn',
      'a newborn',
      { ...noNumber, ...home, birthDate: '2025-12-01' },
      [without(other('L1', { birthDate: '2025-12-01' }), 'nationalNumber')],
    ],
    ['birth-date-missing', 'no birth date', { ...without(noNumber, 'birthDate'), ...home }, [jan]],
    ['birth-date-missing', 'a birth year', { ...noNumber, ...home, birthDate: '1985-00-00' }, [jan]],
    [
      'birth-date-differs',
      'a birth date far off',
      { ...noNumber, ...home, phone: jan.phone!, birthDate: '1961-03-04' },
      [jan],
    ],
    ['birth-date-differs', 'another day and no address', { ...noNumber, birthDate: '1985-07-20' }, [jan]],
    ['birth-date-differs', 'another year and no address', { ...noNumber, birthDate: '1975-07-30' }, [jan]],
    [
      'homonym',
      'eleven namesakes of other days',
      noNumber,
      [
        jan,
        ...Array.from({ length: 11 }, (_, at) =>
          other(`N${at}`, { birthDate: `19${40 + at}-03-04`, nationalNumber: number(`${40 + at}0304005`) }),
        ),
      ],
    ],
    [
      'homonym',
      'another home and telephone',
      { ...noNumber, street: 'Rue Haute 1', postcode: '4000', city: 'Liège', phone: '0499 12 98 76' },
      [jan],
    ],
    [
      'homonym',
      'a namesake of the same day',
      { ...noNumber, ...home },
      [jan, other('L2', { nationalNumber: number('850730007'), street: 'Dorp 1', phone: '1' })],
    ],
    [
      'homonym',
      'a first of January',
      { ...noNumber, birthDate: '1985-01-01' },
      [without(other('L1', { birthDate: '1985-01-01' }), 'nationalNumber')],
    ],
    [
      'duplicate-record',
      'two records without a number',
      noNumber,
      [without(jan, 'nationalNumber'), without(other('L2', {}), 'nationalNumber')],
    ],
    [
      'duplicate-record',
      'a second record without a number',
      { ...noNumber, ...home },
      [jan, without(other('L2', {}), 'nationalNumber')],
    ],
    ['too-little-known', 'a name alone', { name: name('Okonkwo', 'Xiomara') }, [jan]],
    ['too-little-known', 'nothing', {}, []],
  ];

  /** What the standard policy leaves to the score. */
  const BELIEVED: ReadonlySet<string> = new Set([
    'the number of a relative',
    'another family name',
    'another home and telephone',
    'a newborn',
    'another day and no address',
    'another year and no address',
    'two records without a number',
    'a second record without a number',
  ]);

  it.each(cases)('%s: %s goes to a person', (reason, _what, arriving, candidates) => {
    for (const policy of BELIEVED.has(_what) ? [POLICIES.strict] : [POLICIES.strict, POLICIES.standard]) {
      const decision = reconcile(arriving, candidates, { ...options, policy });
      expect(decision.guards).toContain(reason);
      expect(decision.zone).toBe('review');
      expect('patient' in decision).toBe(false);
    }
  });

  it('is data: a profile that does not name it does not apply it', () => {
    for (const [reason, what, arriving, candidates] of cases.filter(([guard]) => guard !== 'too-little-known')) {
      const unguarded = { ...PROFILES.be, guards: PROFILES.be.guards.filter((guard) => guard !== reason) };
      const { guards } = reconcile(arriving, candidates, { ...options, profile: unguarded });
      expect(guards, what).not.toContain(reason);
    }
  });

  it('fires on more candidates than can be compared', () => {
    const crowd = Array.from({ length: MOST_CANDIDATES }, (_, at) =>
      other(`C${at}`, { name: name('Claes', `Piet`), birthDate: '1961-03-04', nationalNumber: MARIA }),
    );
    expect(reconcile(arrival, [jan, ...crowd.slice(1)], options).guards).not.toContain('too-many-candidates');
    expect(reconcile(arrival, [jan, ...crowd], options)).toMatchObject({
      zone: 'review',
      guards: ['too-many-candidates'],
    });
    expect(reconcile(noNumber, crowd.concat(crowd, jan), options).zone).toBe('review');
  });

  it('of newborns lifts after sixty days', () => {
    const born = (birthDate: string) => {
      const child = without(other('L1', { birthDate, name: name('Claes', 'Noor') }), 'nationalNumber');
      return reconcile({ name: name('Claes', 'Noor'), birthDate, sex: 'M', ...home }, [child], options).guards;
    };
    expect(born('2025-11-02')).toContain('newborn');
    expect(born('2025-11-01')).not.toContain('newborn');
    expect(born('2026-02-01')).toContain('newborn');
  });

  it('lets a BIS number be followed by a national one where all else agrees', () => {
    const decision = reconcile({ ...arrival, ...home, nationalNumber: JAN_BIS }, [jan], options);
    expect(decision).toMatchObject({ zone: 'link', patient: jan });
  });

  it('of Belgium is no guard elsewhere', () => {
    const generic = { ...options, model: MODELS.generic, profile: PROFILES.generic };
    const numbers = { ...arrival, nationalNumber: '48151623' };
    expect(reconcile(numbers, [other('L1', { nationalNumber: '48151624' })], generic).zone).toBe('review');
    const atHome = { ...numbers, ...home, phone: jan.phone! };
    expect(reconcile(atHome, [other('L1', { nationalNumber: '48151624' })], generic).zone).toBe('link');
    expect(
      reconcile({ ...arrival, name: name('Inconnu', 'Jan') }, [other('L1', { name: name('Inconnu', 'Jan') })], generic)
        .zone,
    ).toBe('link');
  });
});

describe('the standard policy', () => {
  const standard = { ...options, policy: POLICIES.standard };
  const bare = without(jan, 'nationalNumber');
  const decide = (arriving: ArrivingPatient, registry: readonly LocalPatient[]) =>
    reconcile(arriving, registry, standard);
  const cases: readonly [
    what: string,
    believed: ArrivingPatient,
    registry: readonly LocalPatient[],
    not: ArrivingPatient,
  ][] = [
    [
      'a slip in the birth date of somebody of the same sex',
      { ...noNumber, birthDate: '1985-07-20', postcode: '9000', city: 'Gent' },
      [bare],
      { ...noNumber, birthDate: '1985-07-20', postcode: '9000', city: 'Gent', sex: 'F' },
    ],
    [
      'another family name at one home',
      { ...noNumber, ...home, phone: jan.phone!, name: name('Claes', 'Jan') },
      [bare],
      { ...noNumber, postcode: '9000', name: name('Claes', 'Jan') },
    ],
    [
      'a newborn with its own name',
      { ...noNumber, ...home, birthDate: '2025-12-01' },
      [other('L1', { birthDate: '2025-12-01', nationalNumber: number('251201005') })],
      { ...noNumber, ...home, birthDate: '2025-12-01', name: name('Van den Berghe', 'Jana') },
    ],
    [
      "a relative's number beside the registry's own, and a home",
      { ...arrival, ...home, nationalNumber: MARIA },
      [jan],
      { ...arrival, nationalNumber: MARIA },
    ],
    [
      'a second record at one home',
      { ...noNumber, ...home },
      [bare, without(other('L2', {}), 'nationalNumber')],
      { ...noNumber, ...home, name: name('Van den Berghe', 'Piet') },
    ],
  ];

  it.each(cases)('believes the score of %s', (_what, believed, registry, not) => {
    expect(decide(believed, registry)).toMatchObject({ zone: 'link', patient: { patientId: { id: 'L1' } } });
    expect(reconcile(believed, registry, options).zone).toBe('review');
    expect(decide(not, registry).zone).toBe('review');
  });

  it('does not take the number of one twin for more than the name of the other', () => {
    const tim = other('L1', { name: name('Van den Berghe', 'Tim') });
    const tom = other('L2', { name: name('Van den Berghe', 'Tom'), nationalNumber: number('850730035') });
    const copied = { ...arrival, ...home, name: name('Van den Berghe', 'Tom') };
    for (const policy of Object.values(POLICIES)) {
      const decision = reconcile(copied, [tim, tom], { ...options, policy });
      expect(decision.zone === 'link' && decision.patient.patientId.id !== 'L2').toBe(false);
    }
  });
});

describe('whoever may be another is linked under no policy', () => {
  const names: NameCounts = {
    total: 100_000,
    family: (glued) => (glued === 'haddad' ? 2 : 300),
    given: (glued) => (glued === 'nazir' ? 0 : 50),
  };
  const at = { ...home, phone: jan.phone!, sex: 'F' as const };
  const record = (id: string, given: string, birthDate: string, more: Partial<LocalPatient> = {}): LocalPatient => ({
    patientId: { id, issuer: 'HERE' },
    name: name('Peeters', given),
    birthDate,
    ...at,
    ...more,
  });
  const cases: readonly [string, keyof typeof PROFILES, ArrivingPatient, readonly LocalPatient[]][] = [
    [
      "a twin with the other's number, where numbers have no date in them",
      'generic',
      record('A', 'Mila', '2015-05-05', { nationalNumber: '178119234567' }),
      [record('L1', 'Lise', '2015-05-05', { nationalNumber: '178119234567' })],
    ],
    [
      "a son with his father's name and number",
      'generic',
      record('A', 'Tim', '2015-05-05', { nationalNumber: '178119234567' }),
      [record('L1', 'Tim', '1985-03-09', { nationalNumber: '178119234567' })],
    ],
    [
      'two persons whose number is no number',
      'generic',
      { ...record('A', 'Mila', '2015-05-05', { nationalNumber: 'UNKNOWN' }), name: name('Claes', 'Mila') },
      [record('L1', 'Lise', '2015-05-05', { nationalNumber: 'UNKNOWN' })],
    ],
    [
      'one of two babies under the name of their mother',
      'be',
      record('A', 'Maria', '2025-12-05'),
      [record('L1', 'Maria', '2025-12-05'), record('L2', 'Maria', '2025-12-05')],
    ],
    ['a baby without a name', 'be', record('A', 'Dochter1', '2025-12-05'), [record('L1', 'Dochter1', '2025-12-05')]],
    [
      'a baby whose given name is missing',
      'be',
      record('A', '', '2025-12-05', { nationalNumber: number('251205004') }),
      [record('L1', 'Lina', '2025-12-05', { nationalNumber: number('251205004') })],
    ],
    [
      'two of one middle name, whose family names differ',
      'be',
      { name: name('Claes', 'Lise', 'Maria'), birthDate: '1985-03-09', sex: 'F' },
      [
        {
          patientId: { id: 'L1', issuer: 'HERE' },
          name: name('Peeters', 'Lise', 'Maria'),
          birthDate: '1985-03-09',
          sex: 'F',
        },
      ],
    ],
    [
      'two whose telephone is a filler',
      'be',
      { name: name('Claes', 'Lise'), birthDate: '1985-03-09', sex: 'F', phone: '0400000000' },
      [record('L1', 'Lise', '1985-03-09', { phone: '+32 400 00 00 00' })],
    ],
    [
      'one of two who live apart',
      'be',
      { name: name('Peeters', 'Lise', 'Anna'), birthDate: '1985-03-09', sex: 'F' },
      [
        record('L1', 'Lise', '1985-03-09', { name: name('Peeters', 'Lise', 'Anna'), phone: '0475 11 22 33' }),
        record('L2', 'Lise', '1985-03-09', {
          name: name('Peeters', 'Lise', 'Anna'),
          street: 'Markt 1',
          postcode: '8000',
        }),
      ],
    ],
    [
      'a first of January of a rare name in another town',
      'be',
      {
        ...at,
        name: name('Haddad', 'Samira'),
        birthDate: '1990-01-01',
        street: 'Markt 1',
        postcode: '8000',
        city: 'Brugge',
        phone: '',
      },
      [record('L1', 'Samira', '1990-01-01', { name: name('Haddad', 'Samira') })],
    ],
    [
      'two of a common name and a first of January in one house',
      'be',
      { ...at, name: name('Peeters', 'Samira'), birthDate: '1990-01-01', phone: '' },
      [record('L1', 'Samira', '1990-01-01')],
    ],
    [
      'a twin who carries our own ID of the other',
      'be',
      { ...record('A', 'Lina', '2015-05-05'), patientId: { id: 'L1', issuer: 'HERE' } },
      [record('L1', 'Lena', '2015-05-05')],
    ],
  ];

  it.each(cases)('%s', (_what, profile, arriving, registry) => {
    for (const policy of Object.values(POLICIES)) {
      const given = { ...options, model: MODELS[profile], names, policy, profile: PROFILES[profile] };
      expect(reconcile(arriving, registry, given).zone).toBe('review');
    }
  });

  it('a twin whose name nobody bears here: strict', () => {
    const twin = { ...at, name: name('Peeters', 'Nazir'), birthDate: '1985-03-09' };
    const decision = reconcile(twin, [record('L1', 'Nadir', '1985-03-09')], { ...options, names });
    expect(decision.guards).toContain('given-name-near');
  });
});
