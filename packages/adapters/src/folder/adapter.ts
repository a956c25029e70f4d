/** The folder PACS as a module that `interhosp.yaml` can name. */
import type { PacsAdapterModule } from '@interhosp/core/pacs';
import { z } from 'zod';
import { DEFAULT_RESCAN_MS, DEFAULT_STABLE_MS } from './defaults.ts';
import { folderPacs } from './folder-pacs.ts';

const configSchema = z
  .strictObject({
    /** A tree of DICOM files that others fill; relative to the configuration file. */
    watch: z.string().min(1).optional(),
    /** A folder to write to; relative to the configuration file. */
    write: z.string().min(1).optional(),
    /** How long a file must not change before it is listed. */
    stableMs: z.int().min(0).default(DEFAULT_STABLE_MS),
    /** Searches closer together share one look at the folder. */
    rescanMs: z.int().min(0).default(DEFAULT_RESCAN_MS),
    /** Whether documents, pictures, videos and sounds of the watched folder become objects of its studies. */
    import: z.boolean().default(false),
  })
  .refine(({ watch, write }) => watch !== undefined || write !== undefined, 'name a folder under watch, write or both')
  .refine((config) => !config.import || config.watch !== undefined, 'import needs a folder under watch');

/** Configuration of the folder PACS. */
export type FolderPacsConfig = z.output<typeof configSchema>;

/** `use: "@interhosp/adapters/folder"`. */
export const adapter: PacsAdapterModule<FolderPacsConfig> = {
  kind: 'pacs',
  name: 'folder',
  configSchema,
  create: ({ watch, write, stableMs, rescanMs, import: isImporting }, context) =>
    folderPacs({
      stableMs,
      rescanMs,
      import: isImporting,
      clock: context.clock,
      log: context.log,
      ...(watch !== undefined && { watch: context.resolvePath(watch) }),
      ...(write !== undefined && { write: context.resolvePath(write) }),
    }),
};
