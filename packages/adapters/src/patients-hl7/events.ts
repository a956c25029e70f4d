/** What each event of ADT means here (HL7 2.5.1 3.3). */

/**
 * `put`: what PID says of one patient is taken over. `remove`, `merge`, `rename`: the record goes, goes into another, gets
 * another ID. `left`: about who somebody is, and not applied; said in the log. `other`: about visits, beds and accounts.
 */
export type EventMeaning = 'put' | 'remove' | 'merge' | 'rename' | 'left' | 'other';

const MEANINGS: Readonly<Record<string, EventMeaning>> = {
  A01: 'put',
  A04: 'put',
  A05: 'put',
  A08: 'put',
  A28: 'put',
  A31: 'put',
  A29: 'remove',
  A40: 'merge',
  // As A40, of older versions: patients, persons, with their accounts, with identifiers of one domain.
  A18: 'merge',
  A30: 'merge',
  A34: 'merge',
  A36: 'merge',
  A39: 'merge',
  A47: 'rename',
  A46: 'rename',
  // Link and unlink, identifiers that move from one patient to another, a second identifier that changes.
  A24: 'left',
  A37: 'left',
  A43: 'left',
  A48: 'left',
};
const LAST_EVENT = 62;

/** The meaning of `A01` to `A62`; undefined of anything else. */
export function meaningOf(event: string): EventMeaning | undefined {
  const number = Number(/^A(\d{2})$/.exec(event)?.[1] ?? 0);
  if (number < 1 || number > LAST_EVENT) return undefined;
  return MEANINGS[event] ?? 'other';
}
