/**
 * Answers to a message (HL7 2.5.1 2.9): what came of it, in original or in enhanced mode. They repeat of the message its
 * header only, byte for byte, and say why with fixed texts.
 */
import type { Clock } from '@interhosp/core/world';
import { ECHOED_CHARACTERS } from './defaults.ts';
import { meaningOf } from './events.ts';
import type { MessageHeader } from './message.ts';
import { REFUSALS, type RefusalReason } from './refusal.ts';

/** What came of a message. `later`: the sender is to repeat it. */
export type Outcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'later' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly field?: string | undefined };

/** What an answer takes from us. */
export interface AnswerContext {
  readonly clock: Clock;
  /** MSH-10 of the answer. */
  readonly nextControlId: () => string;
}

/** MSA-1 in original mode, and what enhanced mode calls it before the application has seen it. */
const CODES = {
  accepted: { application: 'AA', accept: 'CA' },
  later: { application: 'AE', accept: 'CE' },
  refused: { application: 'AR', accept: 'CR' },
} as const satisfies Record<Outcome['kind'], { application: string; accept: string }>;

const LATER = { code: '207', text: 'the registry cannot keep the change now; send it again' } as const;

/**
 * The answers that the header asks for: none, one, or an accept acknowledgement and an application's. Both are given when
 * the change is kept, never before.
 *
 * @param header - Undefined when there is none that can be read.
 */
export function answersTo(
  header: MessageHeader | undefined,
  outcome: Outcome,
  context: AnswerContext,
): readonly Uint8Array[] {
  const { accept, application } = CODES[outcome.kind];
  const isEnhanced = header !== undefined && (header.field(15) !== '' || header.field(16) !== '');
  if (!isEnhanced) return [answer(header, application, outcome, context)];
  const codes = [
    ...(isWanted(header.field(15), outcome) ? [accept] : []),
    ...(isWanted(header.field(16), outcome) ? [application] : []),
  ];
  return codes.map((code) => answer(header, code, outcome, context));
}

/** HL7 table 0155. What is not of the table is answered: silence would make the sender wait. */
function isWanted(condition: string, { kind }: Outcome): boolean {
  switch (condition.trim().toUpperCase()) {
    case '':
    case 'NE':
      return false;
    case 'ER':
      return kind !== 'accepted';
    case 'SU':
      return kind === 'accepted';
    default:
      return true;
  }
}

function answer(
  header: MessageHeader | undefined,
  code: string,
  outcome: Outcome,
  { clock, nextControlId }: AnswerContext,
): Uint8Array {
  const { component: c, field: f, repetition, escape, subcomponent } = header?.delimiters ?? STANDARD;
  const echoed = (number: number): string => repeatable(header?.field(number) ?? '');
  const version = echoed(12) || '2.5.1';
  const segments = [
    [
      'MSH',
      header?.encodingCharacters ?? c + repetition + escape + subcomponent,
      ...[5, 6, 3, 4].map(echoed),
      timestamp(clock.now()),
      '',
      typeOf(header, c),
      nextControlId(),
      echoed(11) || 'P',
      version,
      '',
      '',
      '',
      '',
      '',
      echoed(18),
    ],
    ['MSA', code, echoed(10), ...(outcome.kind === 'accepted' ? [] : [problemOf(outcome).text])],
    ...(outcome.kind === 'accepted' || isBeforeErrors(version) ? [] : [errorOf(outcome, c)]),
  ];
  const text = segments.map((fields) => `${fields.join(f).replace(trailing(f), '')}\r`).join('');
  return Buffer.from(text, 'latin1');
}

const STANDARD = { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' } as const;

function problemOf(outcome: Exclude<Outcome, { kind: 'accepted' }>): { readonly code: string; readonly text: string } {
  return outcome.kind === 'later' ? LATER : REFUSALS[outcome.reason];
}

/** ERR is what it is since HL7 2.5; before, MSA-3 alone says it. */
function isBeforeErrors(version: string): boolean {
  return /^2(?:\.[0-4](?!\d)|$)/.test(version);
}

function errorOf(outcome: Exclude<Outcome, { kind: 'accepted' }>, component: string): readonly string[] {
  const { code, text } = problemOf(outcome);
  const location = outcome.kind === 'refused' ? (outcome.field ?? '') : '';
  return ['ERR', '', location.replace('-', `${component}1${component}`), code, 'E', '', '', '', text];
}

/** `ACK^A08`, in the form in which the message's own type stands. */
function typeOf(header: MessageHeader | undefined, component: string): string {
  const event = header?.component(9, 2) ?? '';
  if (meaningOf(event) === undefined) return 'ACK';
  return ['ACK', event, ...(header?.component(9, 3) ? ['ACK'] : [])].join(component);
}

/** A field of the message as it is, but for what would end a segment or a block. */
function repeatable(field: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is taken out
  return field.replace(/[\u0000-\u001f\u007f]/g, '').slice(0, ECHOED_CHARACTERS);
}

/** `YYYYMMDDHHMMSS+0000` */
function timestamp(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(/\D/g, '')}+0000`;
}

function trailing(field: string): RegExp {
  return new RegExp(`\\${field}+$`);
}
