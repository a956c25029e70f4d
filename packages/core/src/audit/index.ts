export { AUDIT_EVENT_CODES, AUDIT_TYPES, auditProblem, needsReason } from './audit-event.ts';
export type {
  ApplicationEvent,
  AuditActor,
  AuditEvent,
  AuditEventName,
  AuditFrame,
  AuditOutcome,
  AuditType,
  ExchangeEvent,
  PatientEvent,
  SecurityEvent,
  TrustEvent,
  UserEvent,
} from './audit-event.ts';
