export { adapter } from './adapter.ts';
export type { PatientsHl7Config } from './adapter.ts';
export type { DefaultCharset } from './character-set.ts';
export type { FeedLimits } from './listener.ts';
export { patientsHl7 } from './patients-hl7.ts';
export type { PatientsHl7, PatientsHl7Options } from './patients-hl7.ts';
export type { Sender } from './receive.ts';
export type { FeedTls } from './tls.ts';
