/**
 * A decision as the journal keeps it: plain data that survives JSON, with everything needed to explain it years later
 * and to take it back. Patient data: the payload is sealed under the exchange's key.
 */
import { ReconciliationError } from '../errors/index.ts';
import type { IssuedId } from '../study/index.ts';
import type { Evidence } from './comparison.ts';
import type { Decision, Zone } from './decision.ts';
import { GUARD_REASONS, type GuardReason } from './guard-reasons.ts';
import { LEVELS, type Field } from './levels.ts';

/** A decision without the local records, which change; IDs, and the values as they were compared. */
export interface DecisionRecord {
  readonly zone: Zone;
  /** Whose study it is; only with `link`. */
  readonly patientId?: IssuedId;
  /** The likeliest candidate; only with `review`. */
  readonly nearestId?: IssuedId;
  readonly probability: number;
  readonly relativeProbability?: number;
  readonly priorWeight: number;
  readonly score: number;
  readonly evidence: readonly Evidence[];
  readonly guards: readonly GuardReason[];
  readonly runnersUp: readonly { readonly patientId: IssuedId; readonly probability: number; readonly score: number }[];
  readonly sameNumberAs: readonly IssuedId[];
  readonly modelVersion: string;
  readonly profile: string;
  readonly policy: string;
  readonly registrySize: number;
}

/** The record of a decision. */
export function toDecisionRecord(decision: Decision): DecisionRecord {
  const { zone, evidence, guards } = decision;
  return {
    zone,
    ...(zone === 'link' ? { patientId: plainId(decision.patient.patientId) } : {}),
    ...(zone === 'review' && decision.nearest ? { nearestId: plainId(decision.nearest.patientId) } : {}),
    probability: decision.probability,
    ...(decision.relativeProbability !== undefined && { relativeProbability: decision.relativeProbability }),
    priorWeight: decision.priorWeight,
    score: decision.score,
    evidence: evidence.map((item) => ({ ...item })),
    guards: [...guards],
    runnersUp: decision.runnersUp.map(({ patient, probability, score }) => ({
      patientId: plainId(patient.patientId),
      probability,
      score,
    })),
    sameNumberAs: decision.sameNumberAs.map(({ patientId }) => plainId(patientId)),
    modelVersion: decision.modelVersion,
    profile: decision.profile,
    policy: decision.policy,
    registrySize: decision.registrySize,
  };
}

/**
 * Reads a record back, as parsed from JSON. Unknown fields are dropped; levels and guards of a later version are refused,
 * since a decision that cannot be explained must not be shown as if it were.
 *
 * @throws {ReconciliationError} `RECONCILIATION_RECORD_INVALID` with the field.
 */
export function parseDecisionRecord(value: unknown): DecisionRecord {
  const record = objectAt(value, 'record');
  const zone = oneOf(record['zone'], ['link', 'review', 'new'] as const, 'zone');
  const patientId = optionalId(record['patientId'], 'patientId');
  const nearestId = optionalId(record['nearestId'], 'nearestId');
  if ((zone === 'link') !== (patientId !== undefined)) throw invalid('patientId');
  if (nearestId !== undefined && zone !== 'review') throw invalid('nearestId');
  const relatives = record['relativeProbability'];
  return {
    zone,
    ...(patientId ? { patientId } : {}),
    ...(nearestId ? { nearestId } : {}),
    probability: probabilityAt(record['probability'], 'probability'),
    ...(relatives !== undefined && { relativeProbability: probabilityAt(relatives, 'relativeProbability') }),
    priorWeight: numberAt(record['priorWeight'], 'priorWeight'),
    score: numberAt(record['score'], 'score'),
    evidence: listAt(record['evidence'], 'evidence').map(parseEvidence),
    guards: listAt(record['guards'], 'guards').map((reason) => oneOf(reason, GUARD_REASONS, 'guards')),
    runnersUp: listAt(record['runnersUp'], 'runnersUp').map((item) => {
      const fields = objectAt(item, 'runnersUp');
      return {
        patientId: idAt(fields['patientId'], 'runnersUp'),
        probability: probabilityAt(fields['probability'], 'runnersUp'),
        score: numberAt(fields['score'], 'runnersUp'),
      };
    }),
    sameNumberAs: listAt(record['sameNumberAs'], 'sameNumberAs').map((id) => idAt(id, 'sameNumberAs')),
    modelVersion: textAt(record['modelVersion'], 'modelVersion'),
    profile: textAt(record['profile'], 'profile'),
    policy: textAt(record['policy'], 'policy'),
    registrySize: numberAt(record['registrySize'], 'registrySize'),
  };
}

/** Far more than reconciliation makes; a journal that holds more is damaged. */
const LONGEST_LIST = 2_000;

function parseEvidence(value: unknown): Evidence {
  const item = objectAt(value, 'evidence');
  const field = oneOf(item['field'], Object.keys(LEVELS) as Field[], 'evidence');
  return {
    field,
    level: oneOf(item['level'], [...LEVELS[field], 'missing', 'ignored'] as const, 'evidence'),
    weight: numberAt(item['weight'], 'evidence'),
    arrivalValue: textAt(item['arrivalValue'], 'evidence'),
    localValue: textAt(item['localValue'], 'evidence'),
  };
}

function plainId({ id, issuer }: IssuedId): IssuedId {
  return issuer === undefined ? { id } : { id, issuer };
}

function optionalId(value: unknown, field: string): IssuedId | undefined {
  return value === undefined ? undefined : idAt(value, field);
}

function idAt(value: unknown, field: string): IssuedId {
  const { id, issuer } = objectAt(value, field);
  return plainId({ id: textAt(id, field), ...(issuer === undefined ? {} : { issuer: textAt(issuer, field) }) });
}

function objectAt(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(field);
  return value as Readonly<Record<string, unknown>>;
}

function listAt(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length > LONGEST_LIST) throw invalid(field);
  return value;
}

function textAt(value: unknown, field: string): string {
  if (typeof value !== 'string') throw invalid(field);
  return value;
}

function numberAt(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(field);
  return value;
}

function probabilityAt(value: unknown, field: string): number {
  const number = numberAt(value, field);
  if (number < 0 || number > 1) throw invalid(field);
  return number;
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], field: string): T {
  const found = allowed.find((item) => item === value);
  if (found === undefined) throw invalid(field);
  return found;
}

function invalid(field: string): ReconciliationError {
  return new ReconciliationError('RECONCILIATION_RECORD_INVALID', { details: { field } });
}
