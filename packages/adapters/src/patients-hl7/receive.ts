/**
 * What happens to one message: it is read, becomes changes, and is answered once the registry keeps them. Messages of all
 * connections go one after the other, since each is read against what the one before left.
 */
import { errorCodeOf } from '@interhosp/core/errors';
import type { PatientRegistry } from '@interhosp/core/patients';
import { silentLog, type Clock, type Log } from '@interhosp/core/world';
import { answersTo, type AnswerContext, type Outcome } from './acknowledgement.ts';
import { changesOf, type ChangeRules } from './changes.ts';
import type { DefaultCharset } from './character-set.ts';
import { ECHOED_CHARACTERS } from './defaults.ts';
import { meaningOf, type EventMeaning } from './events.ts';
import { readHeader, readSegments, type MessageHeader } from './message.ts';
import { Refusal } from './refusal.ts';

/** A sending application and facility (MSH-3, MSH-4); of HD values the namespace ID. One that is absent may be any. */
export interface Sender {
  readonly application?: string | undefined;
  readonly facility?: string | undefined;
}

/** How messages are received. */
export interface ReceiverOptions {
  readonly registry: PatientRegistry;
  readonly rules: ChangeRules;
  readonly clock: Clock;
  readonly log?: Log | undefined;
  readonly defaultCharset: DefaultCharset;
  /** Whose messages are taken; undefined takes anybody's. It keeps slips out, and nobody who writes another's name. */
  readonly senders?: readonly Sender[] | undefined;
  /** MSH-11 of messages that are taken: those of training and of tests are about nobody. */
  readonly processingIds: readonly string[];
}

/** What came of a message. */
export interface Received {
  /** Messages, not yet blocks; empty where the sender wants none. */
  readonly answers: readonly Uint8Array[];
  /** Whether it was of use, or will be. */
  readonly isTaken: boolean;
}

/** Takes messages, one after the other. Never rejects. */
export type Receive = (message: Uint8Array) => Promise<Received>;

const SEGMENTS: ReadonlySet<string> = new Set(['EVN', 'PID', 'MRG']);

/** Makes the receiver of a feed. */
export function createReceiver(options: ReceiverOptions): Receive {
  const log = (options.log ?? silentLog).forComponent('interhosp:patients-hl7');
  const started = options.clock.now().toString(36);
  let answered = 0;
  const answering: AnswerContext = {
    clock: options.clock,
    nextControlId: () => `${started}${(++answered).toString(36)}`,
  };
  let last: Promise<unknown> = Promise.resolve();
  return (message) => {
    const received = last.then(async () => {
      const { header, outcome } = await outcomeOf(message, options, log);
      return { answers: answersTo(header, outcome, answering), isTaken: outcome.kind !== 'refused' };
    });
    last = received.catch(() => {});
    return received;
  };
}

async function outcomeOf(
  message: Uint8Array,
  options: ReceiverOptions,
  log: Log,
): Promise<{ readonly header: MessageHeader | undefined; readonly outcome: Outcome }> {
  let header: MessageHeader | undefined;
  try {
    header = readHeader(message);
    checkHeader(header, options);
    await take(message, header, options, log);
    return { header, outcome: { kind: 'accepted' } };
  } catch (error) {
    return { header, outcome: failed(error, header, log) };
  }
}

/** @throws {Refusal} */
function checkHeader(header: MessageHeader, { processingIds, senders }: ReceiverOptions): void {
  const controlId = header.field(10);
  // oxlint-disable-next-line no-control-regex -- an answer could not repeat it
  if (controlId === '' || controlId.length > ECHOED_CHARACTERS || /[\u0000-\u001f\u007f]/.test(controlId)) {
    throw new Refusal('no-control-id', 'MSH-10');
  }
  if (senders?.some((sender) => isFrom(header, sender)) === false) throw new Refusal('sender', 'MSH-3');
  const version = header.component(12, 1);
  if (version !== '' && !/^2(?:\.|$)/.test(version)) throw new Refusal('version', 'MSH-12');
  const processingId = header.component(11, 1);
  if (processingId !== '' && !processingIds.includes(processingId)) throw new Refusal('processing-id', 'MSH-11');
  if (header.component(9, 1) !== 'ADT') throw new Refusal('message-type', 'MSH-9');
}

function isFrom(header: MessageHeader, { application, facility }: Sender): boolean {
  const isApplication = application === undefined || header.component(3, 1) === application;
  return isApplication && (facility === undefined || header.component(4, 1) === facility);
}

/** Returns when everything of the message is kept. */
async function take(message: Uint8Array, header: MessageHeader, options: ReceiverOptions, log: Log): Promise<void> {
  const { defaultCharset, registry, rules } = options;
  const segments = readSegments(message, header, { names: SEGMENTS, defaultCharset });
  // HL7 2.1 has the event in EVN alone.
  const event = header.component(9, 2) || segments.find(({ name }) => name === 'EVN')?.text(1) || '';
  const meaning = meaningOf(event);
  if (meaning === undefined) throw new Refusal('event', 'MSH-9');
  if (isNotApplied(meaning)) {
    log.write(meaning === 'left' ? 'warn' : 'debug', 'patients.feed.not-applied', { kind: event });
    return;
  }
  const persons = segments.filter(({ name }) => name !== 'EVN');
  const { changes, ignored, superseded } = await changesOf(meaning, persons, registry, rules);
  for (const field of ignored) log.write('warn', 'patients.feed.value-ignored', { kind: event, field });
  if (superseded > 0) log.write('warn', 'patients.feed.superseded', { kind: event, count: superseded });
  if (changes.length > 0) await registry.apply(changes);
  log.write('debug', 'patients.feed.applied', { kind: event, count: changes.length });
}

function isNotApplied(meaning: EventMeaning): meaning is 'left' | 'other' {
  return meaning === 'left' || meaning === 'other';
}

function failed(error: unknown, header: MessageHeader | undefined, log: Log): Outcome {
  const event = header?.component(9, 2) ?? '';
  const about = meaningOf(event) === undefined ? {} : { kind: event };
  if (error instanceof Refusal) {
    const { field, reason } = error;
    log.write('warn', 'patients.feed.refused', { ...about, reason, ...(field !== undefined && { field }) });
    return { kind: 'refused', reason, field };
  }
  const code = errorCodeOf(error);
  if (code === 'RECONCILIATION_DIRECTORY_INVALID') {
    log.write('warn', 'patients.feed.refused', { ...about, reason: 'registry', code });
    return { kind: 'refused', reason: 'registry' };
  }
  log.write('error', 'patients.feed.failed', { ...about, code: code ?? 'unexpected' });
  return { kind: 'later' };
}
