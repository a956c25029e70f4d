export { check, equal, rejectsWith, rejectsWithCode } from './expect.ts';
export type { TestRunner } from './expect.ts';
