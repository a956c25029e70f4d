export type {
  AdapterContext,
  ConfigResult,
  ConfigSchema,
  PacsAdapterModule,
  PatientsAdapterModule,
} from './adapter-module.ts';
export type {
  InstanceSummary,
  Pacs,
  PacsCapabilities,
  PacsDestination,
  PacsOptions,
  PacsPatient,
  PacsSource,
  RetrievedInstance,
  StorableInstance,
  StoreOutcome,
  StudyQuery,
  StudySummary,
} from './pacs.ts';
