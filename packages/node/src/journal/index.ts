export type { JournalEntry, JournalPayload, ReadEntriesOptions } from './entries.ts';
export type { ClearIds } from './format.ts';
export { openJournal, SEGMENT_BYTES } from './journal.ts';
export type { Journal, JournalInput, JournalOptions, JournalPosition } from './journal.ts';
export { RESERVE_BYTES } from './reserve.ts';
export type { JournalProblem } from './scan.ts';
export { verifyJournal } from './verify.ts';
export type { JournalReport } from './verify.ts';
