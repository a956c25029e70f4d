/**
 * Points at which a test may kill the process, so that "a crash at any point" can be counted instead of hoped for.
 *
 * `INTERHOSP_CRASHPOINT=C17` kills at the first passage, `C17:receiver` only where the caller says it acts as receiver,
 * `C17#3` at the third passage, `C17:receiver#3` both. Without the variable a call costs one comparison.
 */

/** The 28 points, by where in the way of a study they lie. */
export const CRASHPOINTS = {
  C1: 'around the acceptance of a job',
  C2: 'in the middle of a retrieval (C-MOVE, C-GET, WADO)',
  C3: 'pack appended, not synced',
  C4: 'pack created, folder not synced',
  C5: 'in the middle of the manifest',
  C6: 'offer recorded, not sent',
  C7: 'offer sent, answer lost',
  C8: 'admitted, answer lost',
  C9: 'in the middle of a block',
  C10: 'block written, not yet known as had',
  C11: 'last block written, before it is recorded as verified',
  C12: 'recorded as verified, R1 unsigned',
  C13: 'R1 signed, unsent',
  C14: 'R1 sent, the sender dies before its sync',
  C15: 'before the coercion is recorded',
  C16: 'coercion recorded, nothing stored',
  C17: 'C-STORE sent, response lost',
  C18: 'response received, not recorded',
  C19: 'last instance stored',
  C20: 'commitment requested, reply lost',
  C21: 'commitment reply arrives after a restart on a new association',
  C22: 'R2 signed, unsent',
  C23: 'R2 received, not synced',
  C24: 'closed, half expunged',
  C25: 'in the middle of a journal rotation',
  C26: 'in the middle of a rebuild of the index',
  C27: 'in the middle of a roster switch',
  C28: 'in the middle of a key rotation or migration',
} as const;

/** `C1` to `C28`. */
export type Crashpoint = keyof typeof CRASHPOINTS;
/** On which side of an exchange a point is passed. */
export type CrashRole = 'sender' | 'receiver';

/** Dies here by SIGKILL when the environment names this point; nothing is flushed, as with a loss of power to the process. */
export function crashpoint(name: Crashpoint, role?: CrashRole): void {
  if (armed === undefined || armed.name !== name) return;
  if (armed.role !== undefined && armed.role !== role) return;
  armed.passagesLeft -= 1;
  if (armed.passagesLeft === 0) process.kill(process.pid, 'SIGKILL');
}

interface Armed {
  readonly name: string;
  readonly role: string | undefined;
  passagesLeft: number;
}

const armed = parseArmed(process.env['INTERHOSP_CRASHPOINT']);

function parseArmed(text: string | undefined): Armed | undefined {
  if (text === undefined || text === '') return undefined;
  const match = /^(C\d{1,2})(?::(sender|receiver))?(?:#([1-9]\d{0,8}))?$/.exec(text);
  // A test that names a point wrongly would pass without having killed anything.
  if (match?.[1] === undefined || !(match[1] in CRASHPOINTS))
    throw new RangeError('INTERHOSP_CRASHPOINT names no point');
  return { name: match[1], role: match[2], passagesLeft: Number(match[3] ?? 1) };
}
