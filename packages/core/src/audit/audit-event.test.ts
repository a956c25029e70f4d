import { describe, expect, it } from 'vitest';
import { parseUid } from '../dicom/uid.ts';
import { parseExchangeId, parseMemberId, type Digest } from '../study/identifiers.ts';
import {
  AUDIT_EVENT_CODES,
  AUDIT_TYPES,
  auditProblem,
  needsReason,
  type AuditActor,
  type AuditEvent,
} from './audit-event.ts';

const person: AuditActor = { kind: 'person', user: 'clerk-7', role: 'operator' };
const program: AuditActor = { kind: 'program' };
const exchangeId = parseExchangeId('0123456789abcdef0123456789abcdef');
const frame = (actor: AuditActor) => ({ atMs: 0, actor, outcome: 'done' as const });

describe('audit events', () => {
  it('have a DICOM audit code each, of six digits', () => {
    for (const [type, name] of Object.entries(AUDIT_TYPES)) {
      expect(AUDIT_EVENT_CODES[name], type).toMatch(/^1101\d\d$/);
    }
  });

  it('cover what auditors ask for: start and stop, login, query, export, import, alerts', () => {
    const used = new Set(Object.values(AUDIT_TYPES));
    expect([...used].sort()).toEqual(Object.keys(AUDIT_EVENT_CODES).sort());
  });

  it('of a person who takes something back or lets data out need a reason', () => {
    const unlink: AuditEvent = { ...frame(person), type: 'patient.unlinked', exchangeId };
    expect(auditProblem(unlink)).toBe('reason-missing');
    expect(auditProblem({ ...unlink, reasonRef: 'journal:17' })).toBeUndefined();
    const approval: AuditEvent = {
      ...frame(person),
      type: 'rules.approved',
      digest: 'a'.repeat(64) as Digest,
      rules: 3,
    };
    expect(needsReason(approval)).toBe(true);
  });

  it('of the program itself need none, but for bytes that were not delivered', () => {
    const cancel: AuditEvent = { ...frame(program), type: 'exchange.cancelled', exchangeId };
    expect(auditProblem(cancel)).toBeUndefined();
    const delivered: AuditEvent = { ...frame(program), type: 'exchange.expunged', exchangeId, delivered: true };
    expect(auditProblem(delivered)).toBeUndefined();
    expect(auditProblem({ ...delivered, delivered: false, reasonRef: 'journal:18' })).toBe('person-missing');
    const byPerson: AuditEvent = { ...frame(person), type: 'exchange.expunged', exchangeId, delivered: false };
    expect(auditProblem(byPerson)).toBe('reason-missing');
    expect(auditProblem({ ...byPerson, reasonRef: 'journal:18' })).toBeUndefined();
  });

  it('that were refused or failed say with which code', () => {
    const refused: AuditEvent = {
      ...frame(program),
      outcome: 'refused',
      type: 'exchange.forbidden',
      member: parseMemberId('be-south'),
      studyInstanceUid: parseUid('1.2.3'),
      reason: 'left',
    };
    expect(auditProblem(refused)).toBe('code-missing');
    expect(auditProblem({ ...refused, code: 'FEDERATION_NOT_PERMITTED' })).toBeUndefined();
  });
});
