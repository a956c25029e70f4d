/**
 * A rule set: which studies go to which members by themselves. Data from a YAML or JSON file, checked as a whole before
 * any of it counts. How it is written: docs/protocol/federation.md, "Routing rules".
 */
import { ConfigError } from '../errors/interhosp-error.ts';
import { list, Misfit, object, oneOf, optional, parsed, readWhole, text, type Read } from '../federation/shape.ts';
import { parseMemberId, type MemberId } from '../study/identifiers.ts';
import { PRIORITIES, PURPOSES, type Priority, type Purpose } from '../study/study.ts';
import { bindsDestination, conditionReader, type Condition } from './conditions.ts';
import { MAX_RULES, MAX_VALUES } from './limits.ts';
import { readSchedule, type Schedule } from './schedule.ts';

/** How professional numbers are compared: whole, or the eight digits that name a person in Belgium. */
export type NumberScheme = 'exact' | 'nihdi';

/** One rule. */
export interface Rule {
  /** Unique in its set; shown in logs and explanations, so no personal data. */
  readonly id: string;
  readonly description?: string;
  readonly when: Condition;
  /** A study that fits one of these is left alone by this rule. */
  readonly except: readonly Condition[];
  /** The members it may send to, or every member, each tried by itself. */
  readonly to: readonly MemberId[] | 'each-member';
  readonly priority: Priority;
  readonly purpose: Purpose;
  readonly schedule?: Schedule;
}

/** A checked rule set; plain data that can be hashed. */
export interface RuleSet {
  readonly practitionerNumbers: NumberScheme;
  readonly rules: readonly Rule[];
}

/** How a rule for every member is written. */
const EACH_MEMBER = 'each member';

/**
 * Checks a rule set that was read from YAML or JSON.
 *
 * @throws {ConfigError} `CONFIG_INVALID`; `details.field` is the path of the field (`rules.2.when.modality`),
 *   `details.reason` what is wrong: an unknown field, a missing one, a value of the wrong form.
 */
export function parseRuleSet(value: unknown): RuleSet {
  const condition = conditionReader();
  const read = object({
    practitionerNumbers: optional(oneOf(['exact', 'nihdi'])),
    rules: list(ruleReader(condition), { max: MAX_RULES, unique: ({ id }) => id }),
  });
  const { practitionerNumbers = 'exact', rules } = readWhole(read, value, (field, reason) => {
    return new ConfigError('CONFIG_INVALID', { details: { field, reason } });
  });
  return { practitionerNumbers, rules };
}

function ruleReader(condition: Read<Condition>): Read<Rule> {
  const members = list(parsed(64, parseMemberId), { min: 1, max: MAX_VALUES, unique: (member) => member });
  const fields = object({
    id: text({ maxCharacters: 64, pattern: /^[A-Za-z0-9][A-Za-z0-9._:-]*$/ }),
    description: optional(text({ maxCharacters: 500 })),
    when: condition,
    except: optional(list(condition, { min: 1, max: MAX_VALUES })),
    to: optional(members),
    destination: optional(oneOf([EACH_MEMBER])),
    priority: optional(oneOf(PRIORITIES)),
    purpose: optional(oneOf(PURPOSES)),
    schedule: optional(readSchedule),
  });
  return (value, path) => {
    const { to, destination, except = [], priority = 'routine', purpose = 'treatment', ...rule } = fields(value, path);
    if (to === undefined && destination === undefined) throw new Misfit(`${path}.to`, 'missing');
    if (to !== undefined && destination !== undefined) throw new Misfit(`${path}.destination`, 'rule');
    if (to === undefined && !bindsDestination(rule.when)) throw new Misfit(`${path}.destination`, 'rule');
    return { ...rule, except, to: to ?? 'each-member', priority, purpose };
  };
}
