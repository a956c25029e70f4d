/**
 * Why a message can never be used, as the sender is told: a fixed text, an error code of HL7 table 0357, and the field where
 * there is one. Nothing of the message is in it.
 */

/** Reasons, as they are logged, with what is answered. */
export const REFUSALS = {
  'no-header': { code: '100', text: 'no MSH segment with four distinct encoding characters' },
  'no-control-id': { code: '101', text: 'MSH-10 is empty, too long, or has control characters' },
  sender: { code: '207', text: 'this sending application and facility are not configured here' },
  version: { code: '203', text: 'versions 2.x only' },
  'processing-id': { code: '202', text: 'this processing ID is not configured here' },
  'message-type': { code: '200', text: 'ADT messages only' },
  event: { code: '201', text: 'unknown ADT event' },
  'character-set': { code: '103', text: 'the character set of MSH-18 is not supported' },
  characters: { code: '102', text: 'bytes that are not in the character set of MSH-18' },
  segment: { code: '100', text: 'a segment without a name: a segment was cut in two, or two messages are joined' },
  'too-many': { code: '207', text: 'more segments, patients or repetitions than are taken' },
  'too-long': { code: '102', text: 'a value is longer than is taken' },
  'no-patient': { code: '100', text: 'no PID segment' },
  patients: { code: '100', text: 'more than one PID segment, where the event has one' },
  'no-prior': { code: '100', text: 'no MRG segment behind a PID segment' },
  'no-patient-id': { code: '204', text: 'no patient identifier of the configured issuer' },
  'patient-id': { code: '102', text: 'the patient identifier is too long, or has characters that DICOM does not take' },
  'patient-ids': { code: '204', text: 'more than one patient identifier of the configured issuer' },
  'same-patient': { code: '204', text: 'the prior identifier and the surviving one are the same' },
  'merged-elsewhere': { code: '204', text: 'the prior identifier was merged into another patient before' },
  'id-taken': { code: '205', text: 'a patient has the new identifier already' },
  registry: { code: '207', text: 'the registry does not take this change' },
} as const;

/** A reason why a message is refused. */
export type RefusalReason = keyof typeof REFUSALS;

/** Thrown where a message turns out to be of no use. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: RefusalReason;
  /** `PID-3`; where a field is to blame. */
  readonly field: string | undefined;

  constructor(reason: RefusalReason, field?: string) {
    super(reason);
    this.reason = reason;
    this.field = field;
  }
}
