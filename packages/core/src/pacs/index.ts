export type {
  AdapterContext,
  ConfigResult,
  ConfigSchema,
  PacsAdapterModule,
  PatientsAdapterModule,
  RegistryOptions,
} from './adapter-module.ts';
export type {
  CommitOptions,
  InstanceReference,
  InstanceSummary,
  IsPassedOn,
  PushedStudy,
  OrderStatus,
  Pacs,
  PacsCapabilities,
  PacsDestination,
  PacsOptions,
  PacsPatient,
  PacsSource,
  PatientQuery,
  RetrievedInstance,
  StorableInstance,
  StorageCommitment,
  StoreOutcome,
  StudyQuery,
  StudySummary,
} from './pacs.ts';
export { sourceOf } from './pacs.ts';
export { createStudyIndex } from './study-index.ts';
export type { IndexedInstance, StudyIndex } from './study-index.ts';
export { matchesStudyQuery } from './study-query.ts';
export { readInstance } from './read-instance.ts';
export { createContentDigester, holdsContent } from './content-digest.ts';
export type { ContentDigester, ContentDigests } from './content-digest.ts';
