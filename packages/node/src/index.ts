export { adminClient } from './admin/client.ts';
export type { AdminEndpoint } from './admin/endpoint.ts';
export { loadConfig } from './config/load.ts';
export type { LoadedConfig } from './config/load.ts';
export type { MemberConfig } from './config/schema.ts';
export { createMember } from './member/member.ts';
export type { Member, MemberOptions } from './member/member.ts';
export type {
  JobDetail,
  JobSummary,
  MemberApi,
  MemberEvent,
  MemberStatus,
  ReviewDecision,
  ReviewItem,
  SendRequest,
} from './member/member-api.ts';
export { createLog } from './observe/logger.ts';
