/**
 * What `interhosp.yaml` names: `pacs: { main: { use: ./adapter.ts, file: ./archive.bin } }`. The module exports `adapter`;
 * its schema may come from zod, valibot, arktype or, as here, be written by hand (Standard Schema).
 */
import type { ConfigResult, PacsAdapterModule } from '@interhosp/core/pacs';
import { archivePacs } from './archive-pacs.ts';

/** The fields beside `use`. */
export interface ArchiveConfig {
  /** Relative to the configuration file. */
  readonly file: string;
}

/** The adapter module. */
export const adapter: PacsAdapterModule<ArchiveConfig> = {
  kind: 'pacs',
  name: 'archive',
  configSchema: { '~standard': { version: 1, vendor: 'example', validate } },
  create: ({ file }, context) => archivePacs({ file: context.resolvePath(file) }),
};

function validate(value: unknown): ConfigResult<ArchiveConfig> {
  const { file, ...others } = Object(value) as Record<string, unknown>;
  if (typeof file !== 'string' || file === '') return { issues: [{ message: 'a path', path: ['file'] }] };
  // An unknown field is a typing error, and must not pass for a setting.
  const [unknown] = Object.keys(others);
  return unknown === undefined ? { value: { file } } : { issues: [{ message: 'unknown field', path: [unknown] }] };
}
