/**
 * What a module that `interhosp.yaml` names under `use:` exports, so that an integrator's adapter runs under
 * `interhosp start` as ours do: `export const adapter: PacsAdapterModule = { … }`.
 */
import type { Clock, Log } from '../world/index.ts';
import type { PatientDirectory } from '../patients/patient-directory.ts';
import type { PatientRegistry } from '../patients/patient-registry.ts';
import type { NATIONAL_NUMBER_RULES } from '../patients/national-number.ts';
import type { Pacs } from './pacs.ts';

/** The part of Standard Schema v1 that is used; zod, valibot and arktype schemas have it. */
export interface ConfigSchema<Config> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => ConfigResult<Config> | Promise<ConfigResult<Config>>;
    readonly types?: { readonly input: unknown; readonly output: Config } | undefined;
  };
}

/** What a schema answers: a value, or issues with the path of the field. */
export type ConfigResult<Config> =
  | { readonly value: Config; readonly issues?: undefined }
  | {
      readonly issues: ReadonlyArray<{
        readonly message: string;
        readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
      }>;
    };

/** What an adapter is given beside its configuration. */
export interface AdapterContext {
  readonly log: Log;
  readonly clock: Clock;
  /** Makes a path of the configuration absolute: relative ones are relative to the configuration file. */
  resolvePath(path: string): string;
  /**
   * A registry that the node keeps in its data folder, sealed, for a patients adapter that feeds it. The adapter starts and
   * stops it. Absent where there is no data folder.
   */
  readonly openRegistry?: (options: RegistryOptions) => Promise<PatientRegistry>;
  /**
   * A PACS of the configuration by its name, for a patients adapter that searches it: one of its own, which the adapter starts
   * and stops. Given to patients adapters alone.
   */
  readonly createPacs?: (name: string) => Promise<Pacs>;
}

/** Which registry an adapter wants. */
export interface RegistryOptions {
  /** Tells several of one member apart: lower-case letters, digits and hyphens; the name of the adapter as a rule. */
  readonly name: string;
  /** The rules national numbers are indexed under; default `be`. */
  readonly nationalNumbers?: keyof typeof NATIONAL_NUMBER_RULES | undefined;
}

/** A module that makes PACS adapters. `any` config: the loader hands over only what the schema returned. */
export interface PacsAdapterModule<Config = unknown> {
  readonly kind: 'pacs';
  /** Lower-case, for logs: `dicomweb`. */
  readonly name: string;
  readonly configSchema: ConfigSchema<Config>;
  create(config: Config, context: AdapterContext): Pacs | Promise<Pacs>;
}

/** A module that makes patient directories. */
export interface PatientsAdapterModule<Config = unknown> {
  readonly kind: 'patients';
  readonly name: string;
  readonly configSchema: ConfigSchema<Config>;
  create(config: Config, context: AdapterContext): PatientDirectory | Promise<PatientDirectory>;
}
