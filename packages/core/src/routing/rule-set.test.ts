import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TAGS } from '../dicom/tag.ts';
import { errorCodeOf } from '../errors/index.ts';
import { ATTRIBUTES } from './attributes.ts';
import { MAX_CONDITION_DEPTH, MAX_CONDITIONS, MAX_PATTERN_CHARACTERS, MAX_RULES, MAX_VALUES } from './limits.ts';
import { parseRuleSet } from './rule-set.ts';

const rule = (changes: object = {}) => ({ id: 'ct', when: { modality: 'CT' }, to: ['be-south'], ...changes });
const bound = { referringPhysician: { practisesAt: 'destination' } };
/** Path and reason of a refusal, or `accepted`. */
const refusal = (value: unknown): unknown => {
  try {
    parseRuleSet(value);
  } catch (error) {
    if (errorCodeOf(error) !== 'CONFIG_INVALID') throw error;
    const { details } = error as { details: { field?: string; reason?: string } };
    return [details.field, details.reason];
  }
  return 'accepted';
};
const ofRule = (changes: object) => refusal({ rules: [rule(changes)] });

describe('a rule set', () => {
  it('is read with its defaults', () => {
    expect(parseRuleSet({ rules: [rule()] })).toEqual({
      practitionerNumbers: 'exact',
      rules: [
        {
          id: 'ct',
          when: { kind: 'modality', values: ['CT'] },
          except: [],
          to: ['be-south'],
          priority: 'routine',
          purpose: 'treatment',
        },
      ],
    });
  });

  it('is read with everything in it', () => {
    const full = rule({
      description: 'CT of adults asked for by somebody of theirs',
      when: {
        all: [
          {
            any: [
              { modality: ['CT', 'MR'] },
              { tag: { '(0008,1030)': ['*THORAX*', '*ABDOMEN*'], StudyDate: '20260101-' } },
            ],
          },
          { not: { institution: 'Clinique*' } },
          { studyDate: { from: '2026-01-01', withinDays: 30 }, patientAge: { minYears: 18 } },
        ],
        requestingPhysician: { number: '1-00001-03-580', practisesAt: 'be-south' },
        referringPhysician: { practisesAt: 'destination' },
      },
      except: [{ tag: { PatientID: 'TEST*' } }],
      to: undefined,
      destination: 'each member',
      priority: 'urgent',
      purpose: 'second-opinion',
      schedule: { days: ['mon', 'fri'], from: '20:00', to: '06:00', timeZone: 'Europe/Brussels' },
    });
    const { rules } = parseRuleSet({ practitionerNumbers: 'nihdi', rules: [full] });
    expect(rules[0]).toMatchObject({
      to: 'each-member',
      priority: 'urgent',
      except: [{ kind: 'tag', patterns: ['TEST*'] }],
    });
    expect(rules[0]?.when).toMatchObject({
      kind: 'all',
      of: [
        {
          kind: 'all',
          of: [
            {
              kind: 'any',
              of: [
                { kind: 'modality' },
                { kind: 'all', of: [{ attribute: { keyword: 'StudyDescription' } }, { kind: 'tag' }] },
              ],
            },
            { kind: 'not' },
            { kind: 'all', of: [{ kind: 'studyDate' }, { kind: 'patientAge', minYears: 18 }] },
          ],
        },
        {
          kind: 'all',
          of: [
            { kind: 'practisesAt', member: 'be-south' },
            { kind: 'practitionerNumber', numbers: ['1-00001-03-580'] },
          ],
        },
        { kind: 'practisesAt', member: 'destination' },
      ],
    });
  });

  it('may be empty: then nothing leaves by itself', () => {
    expect(parseRuleSet({ rules: [] }).rules).toEqual([]);
  });

  it.each([
    ['no object', [], ['document', 'type']],
    ['no rules', {}, ['rules', 'missing']],
    ['an unknown field', { rules: [], rule: [] }, ['rule', 'unknown-field']],
    ['rules that are no list', { rules: { 0: rule() } }, ['rules', 'type']],
    ['two rules of one name', { rules: [rule(), rule()] }, ['rules', 'duplicate']],
    ['a scheme of its own', { practitionerNumbers: 'fuzzy', rules: [] }, ['practitionerNumbers', 'choice']],
  ])('with %s is refused', (_name, value, expected) => {
    expect(refusal(value)).toEqual(expected);
  });

  it.each([
    ['a misspelt condition', { when: { modalities: 'CT' } }, ['rules.0.when.modalities', 'unknown-field']],
    ['no condition', { when: {} }, ['rules.0.when', 'too-few']],
    ['no when', { when: undefined }, ['rules.0.when', 'missing']],
    ['an empty list of conditions', { when: { all: [] } }, ['rules.0.when.all', 'too-few']],
    ['a modality in lower case', { when: { modality: ['CT', 'mr'] } }, ['rules.0.when.modality.1', 'form']],
    [
      'a keyword we do not know',
      { when: { tag: { StudyDescripton: 'x' } } },
      ['rules.0.when.tag.StudyDescripton', 'unknown-field'],
    ],
    ['an empty pattern', { when: { tag: { StudyDescription: ' ' } } }, ['rules.0.when.tag.StudyDescription', 'form']],
    ['a malformed date range', { when: { tag: { StudyDate: '2026*' } } }, ['rules.0.when.tag.StudyDate', 'form']],
    [
      'a wildcard in a UID',
      { when: { tag: { StudyInstanceUID: '1.2.*' } } },
      ['rules.0.when.tag.StudyInstanceUID', 'form'],
    ],
    ['no tag in a tag condition', { when: { tag: {} } }, ['rules.0.when.tag', 'too-few']],
    [
      'a date range turned round',
      { when: { studyDate: { from: '2026-02-01', to: '2026-01-01' } } },
      ['rules.0.when.studyDate', 'range'],
    ],
    ['a range of nothing', { when: { patientAge: {} } }, ['rules.0.when.patientAge', 'too-few']],
    [
      'an age turned round',
      { when: { patientAge: { minYears: 18, maxYears: 17 } } },
      ['rules.0.when.patientAge', 'range'],
    ],
    [
      'a physician’s name',
      { when: { referringPhysician: { name: 'Peeters' } } },
      ['rules.0.when.referringPhysician.name', 'unknown-field'],
    ],
    [
      'a physician of whom nothing is asked',
      { when: { referringPhysician: {} } },
      ['rules.0.when.referringPhysician', 'too-few'],
    ],
    ['neither to nor destination', { to: undefined }, ['rules.0.to', 'missing']],
    ['both to and destination', { when: bound, destination: 'each member' }, ['rules.0.destination', 'rule']],
    [
      'a destination of its own',
      { to: undefined, when: bound, destination: 'everybody' },
      ['rules.0.destination', 'choice'],
    ],
    ['a member named twice', { to: ['be-south', 'be-south'] }, ['rules.0.to', 'duplicate']],
    ['no member', { to: [] }, ['rules.0.to', 'too-few']],
    ['a priority of its own', { priority: 'asap' }, ['rules.0.priority', 'choice']],
    ['a purpose of its own', { purpose: 'care' }, ['rules.0.purpose', 'choice']],
    ['a name with a space', { id: 'my rule' }, ['rules.0.id', 'form']],
    ['a time that is none', { schedule: { from: '24:00', to: '06:00' } }, ['rules.0.schedule.from', 'form']],
    ['a window of ten minutes', { schedule: { from: '20:00', to: '20:10' } }, ['rules.0.schedule.to', 'range']],
    [
      'a time zone that is none',
      { schedule: { from: '20:00', to: '21:00', timeZone: 'Europe/Bruxelles' } },
      ['rules.0.schedule.timeZone', 'choice'],
    ],
    [
      'a day named twice',
      { schedule: { days: ['mon', 'mon'], from: '20:00', to: '21:00' } },
      ['rules.0.schedule.days', 'duplicate'],
    ],
  ])('with a rule with %s is refused', (_name, changes, expected) => {
    expect(ofRule(changes)).toEqual(expected);
  });

  it.each([
    ['nothing about the prescriber', { modality: 'CT' }],
    ['the prescriber only in one of several ways', { any: [bound, { modality: 'CT' }] }],
    ['the prescriber only excluded', { not: bound }],
    ['the prescriber of one named member', { referringPhysician: { practisesAt: 'be-south' } }],
  ])('never sends to each member on %s', (_name, when) => {
    expect(ofRule({ to: undefined, destination: 'each member', when })).toEqual(['rules.0.destination', 'rule']);
  });

  it('may send to each member that the prescriber practises at, however it is put', () => {
    const each = (when: object) => ofRule({ to: undefined, destination: 'each member', when });
    expect(each(bound)).toBe('accepted');
    expect(each({ ...bound, modality: 'CT' })).toBe('accepted');
    expect(
      each({ any: [bound, { all: [{ modality: 'CT' }, { requestingPhysician: { practisesAt: 'destination' } }] }] }),
    ).toBe('accepted');
  });

  it('has limits, each reached and not passed', () => {
    const rules = (count: number) => ({
      rules: Array.from({ length: count }, (_, index) => rule({ id: `r${index}` })),
    });
    expect(refusal(rules(MAX_RULES))).toBe('accepted');
    expect(refusal(rules(MAX_RULES + 1))).toEqual(['rules', 'too-many']);
    const nested = (depth: number): object => (depth === 1 ? { modality: 'CT' } : { not: nested(depth - 1) });
    expect(ofRule({ when: nested(MAX_CONDITION_DEPTH) })).toBe('accepted');
    expect(ofRule({ when: nested(MAX_CONDITION_DEPTH + 1) })).toEqual([expect.any(String), 'range']);
    const values = (count: number) => ({ tag: { StudyDescription: Array<string>(count).fill('x') } });
    expect(ofRule({ when: values(MAX_VALUES) })).toBe('accepted');
    expect(ofRule({ when: values(MAX_VALUES + 1) })).toEqual(['rules.0.when.tag.StudyDescription', 'too-many']);
    const long = (count: number) => ({ tag: { StudyDescription: 'x'.repeat(count) } });
    expect(ofRule({ when: long(MAX_PATTERN_CHARACTERS) })).toBe('accepted');
    expect(ofRule({ when: long(MAX_PATTERN_CHARACTERS + 1) })).toEqual(['rules.0.when.tag.StudyDescription', 'range']);
    const wide = (count: number) => {
      const each = Array.from({ length: count / 200 }, () => ({ any: Array<object>(199).fill({ modality: 'CT' }) }));
      return ofRule({ when: { any: [...each, { modality: 'CT' }] } });
    };
    expect(wide(MAX_CONDITIONS - 200)).toBe('accepted');
    expect(wide(MAX_CONDITIONS)).toEqual([expect.any(String), 'too-many']);
  });

  it('made of a structure that contains itself is refused', () => {
    const loop: { not?: object } = {};
    loop.not = loop;
    expect(ofRule({ when: loop })).toEqual([expect.any(String), 'range']);
  });

  it('quotes no value and cleans the names of unknown fields', () => {
    const secret = 'Canary^Secret\n';
    try {
      parseRuleSet({ rules: [rule({ priority: secret })] });
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain('Canary');
    }
    expect(ofRule({ [secret]: 1 })).toEqual(['rules.0.Canary_Secret_', 'unknown-field']);
  });

  it('made of anything at all is refused with a path or accepted, and touches no prototype', () => {
    const names = fc.constantFrom(
      'rules',
      'id',
      'when',
      'to',
      'all',
      'any',
      'not',
      'tag',
      'modality',
      'referringPhysician',
      'practisesAt',
      'destination',
      'schedule',
      'except',
      '__proto__',
      'constructor',
      'toString',
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom('CT', 'destination', 'each member', 'be-south', 'x', '', 0, 1, null, true, undefined),
        fc.string(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc
          .array(fc.tuple(names, tie('value')), { maxLength: 4 })
          .map(
            (entries) =>
              JSON.parse(
                `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${JSON.stringify(item) ?? 'null'}`).join(',')}}`,
              ) as unknown,
          ),
      ),
    }));
    fc.assert(
      fc.property(value, value, (first, second) => {
        for (const candidate of [
          first,
          { rules: [first] },
          { rules: [rule({ when: first })] },
          { rules: [rule({ except: [second], schedule: first })] },
        ]) {
          const outcome = refusal(candidate);
          if (outcome !== 'accepted')
            expect(outcome).toEqual([expect.stringMatching(/^[A-Za-z0-9][\w.-]{0,127}$/), expect.any(String)]);
        }
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the attributes that rules may name', () => {
  it('have the tags that the DICOM part of this package gives them', () => {
    const shared = ATTRIBUTES.filter(({ keyword }) => keyword in TAGS);
    expect(shared.length).toBeGreaterThan(10);
    for (const { keyword, tag } of shared) expect(tag, keyword).toBe(TAGS[keyword as keyof typeof TAGS]);
  });

  it('are each named once', () => {
    expect(new Set(ATTRIBUTES.map(({ tag }) => tag)).size).toBe(ATTRIBUTES.length);
    expect(new Set(ATTRIBUTES.map(({ keyword }) => keyword)).size).toBe(ATTRIBUTES.length);
  });
});
