/**
 * What a log line, an error or a metric may carry. The list is closed: a field that is not here cannot be logged, and
 * none here has room for a patient's name, number or birth date. Free text is not a field type; a value is a number, a
 * boolean, or text of a form that `safeFieldProblem` checks at run time, since a UID field can be handed a name.
 */

/** The allow-list. Every field is optional; units are in the names. */
export interface SafeFields {
  // What it is about.
  readonly exchangeId?: string;
  readonly transferId?: string;
  readonly attempt?: number;
  /** Inside one hospital only; never sent to a peer in an error. */
  readonly studyInstanceUid?: string;
  readonly sopInstanceUid?: string;
  readonly sopClassUid?: string;
  readonly transferSyntaxUid?: string;
  readonly member?: string;
  readonly peerId?: string;
  readonly federationId?: string;
  readonly rosterVersion?: number;
  readonly ruleId?: string;
  readonly priority?: string;
  readonly state?: string;
  readonly role?: string;
  readonly kind?: string;
  readonly pacs?: string;
  readonly adapter?: string;
  readonly component?: string;
  // What happened.
  readonly code?: string;
  readonly reason?: string;
  readonly status?: number;
  readonly retry?: string;
  readonly retryAfterMs?: number;
  // Where, in files and frames of ours.
  readonly file?: string;
  readonly field?: string;
  readonly tag?: string;
  readonly line?: number;
  readonly column?: number;
  readonly offset?: number;
  readonly seq?: number;
  readonly port?: number;
  // How much.
  readonly bytes?: number;
  readonly blocks?: number;
  readonly instances?: number;
  readonly count?: number;
  readonly limit?: number;
  readonly depth?: number;
  readonly version?: number;
  readonly durationMs?: number;
  readonly bytesPerSecond?: number;
}

const IDENTIFIER = /^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,127}$/;
/** A module as a configuration names it: a package, or a path. */
const MODULE = /^[@./A-Za-z0-9][A-Za-z0-9._:@/+-]{0,255}$/;
/** Paths of our own configuration and storage; shown as given by the person who runs the member. */
const PATH = /^[^\n\r\0]{1,512}$/;
const UID = /^[0-9.]{1,64}$/;
const TAG = /^[0-9A-F]{8}$/;

const TEXT_FORMS: Readonly<Record<string, RegExp>> = {
  exchangeId: /^[0-9a-f]{32}$/,
  transferId: /^[0-9a-f]{64}$/,
  studyInstanceUid: UID,
  sopInstanceUid: UID,
  sopClassUid: UID,
  transferSyntaxUid: UID,
  member: IDENTIFIER,
  peerId: IDENTIFIER,
  federationId: /^[0-9a-f]{64}$/,
  ruleId: IDENTIFIER,
  priority: IDENTIFIER,
  state: IDENTIFIER,
  role: IDENTIFIER,
  kind: IDENTIFIER,
  pacs: IDENTIFIER,
  adapter: MODULE,
  component: IDENTIFIER,
  code: IDENTIFIER,
  reason: IDENTIFIER,
  retry: IDENTIFIER,
  file: PATH,
  field: IDENTIFIER,
  tag: TAG,
};

/**
 * Says why a field may not be logged, or undefined when it may. Loggers and errors keep no refused
 * value ({@link keepSafe}), so that a mistake costs a detail and not somebody's privacy.
 */
export function safeFieldProblem(field: string, value: unknown): 'unknown-field' | 'form' | undefined {
  const form = Object.hasOwn(TEXT_FORMS, field) ? TEXT_FORMS[field] : undefined;
  if (form !== undefined) return typeof value === 'string' && form.test(value) ? undefined : 'form';
  if (!NUMBER_FIELDS.has(field)) return 'unknown-field';
  return typeof value === 'number' && Number.isFinite(value) ? undefined : 'form';
}

/**
 * The fields with every refused text replaced by `[refused]`. Refused numbers and unknown fields are left out, so that
 * what reads as a number can be counted with.
 */
export function keepSafe(fields: SafeFields): SafeFields {
  const kept: Record<string, string | number> = {};
  for (const [field, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (safeFieldProblem(field, value) === undefined) kept[field] = value as string | number;
    else if (Object.hasOwn(TEXT_FORMS, field)) kept[field] = '[refused]';
  }
  return kept;
}

const NUMBER_FIELDS: ReadonlySet<string> = new Set([
  'attempt',
  'rosterVersion',
  'status',
  'retryAfterMs',
  'line',
  'column',
  'offset',
  'seq',
  'port',
  'bytes',
  'blocks',
  'instances',
  'count',
  'limit',
  'depth',
  'version',
  'durationMs',
  'bytesPerSecond',
]);
