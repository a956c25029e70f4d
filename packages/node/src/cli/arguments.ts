/** Values on the command line that have a form: checked while the line is read, so that a usage error names the form. */
import { parseMemberId, type MemberId } from '@interhosp/core/study';
import { multiaddr } from '@multiformats/multiaddr';
import { InvalidArgumentError } from 'commander';

/** Longest name that a configuration takes. */
const MAX_NAME = 128;

/** A member's ID. */
export function memberArgument(text: string): MemberId {
  return orRefuse(() => parseMemberId(text), 'Lower-case letters, digits and : . _ - only, 2 to 64 characters.');
}

/** A federation's ID. */
export function federationArgument(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('64 hex digits in lower case, as roster create printed them.');
}

/** A name that is shown to people. */
export function nameArgument(text: string): string {
  if (text.trim() !== '' && text.length <= MAX_NAME && !/\p{Cc}/u.test(text)) return text;
  throw new InvalidArgumentError(`1 to ${MAX_NAME} characters on one line.`);
}

/** The end of a day, in milliseconds; in UTC, which is within a day of everybody's. */
export function dayArgument(text: string): number {
  const endMs = Date.parse(`${text}T23:59:59Z`);
  // 30 February would become 2 March.
  if (/^\d{4}-\d\d-\d\d$/.test(text) && new Date(endMs || 0).toISOString().startsWith(text)) return endMs;
  throw new InvalidArgumentError('A day, as 2026-03-14.');
}

/** One more multiaddr of a list. */
export function multiaddrArgument(text: string, before: readonly string[] | undefined): readonly string[] {
  orRefuse(() => multiaddr(text), 'A multiaddr, as /ip4/0.0.0.0/tcp/4450. A folder goes before this option.');
  return [...(before ?? []), text];
}

function orRefuse<T>(parse: () => T, form: string): T {
  try {
    return parse();
  } catch {
    throw new InvalidArgumentError(form);
  }
}
