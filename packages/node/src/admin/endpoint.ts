/** Where a running member's admin interface is, and the token for it: one file in the data folder, mode 0600. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const endpointSchema = z.strictObject({ url: z.url(), token: z.string().regex(/^[0-9a-f]{64}$/) });

/** Address and token. */
export type AdminEndpoint = z.output<typeof endpointSchema>;

/** Writes the endpoint file, replacing one that a killed member left. */
export async function writeEndpoint(dataFolder: string, endpoint: AdminEndpoint): Promise<void> {
  const part = `${pathOf(dataFolder)}.part`;
  await writeFile(part, JSON.stringify(endpoint), { mode: 0o600 });
  await rename(part, pathOf(dataFolder));
}

/** The endpoint, or undefined when no member wrote one. */
export async function readEndpoint(dataFolder: string): Promise<AdminEndpoint | undefined> {
  try {
    return endpointSchema.parse(JSON.parse(await readFile(pathOf(dataFolder), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Removes the file; fine when it is not there. */
export async function removeEndpoint(dataFolder: string): Promise<void> {
  await rm(pathOf(dataFolder), { force: true });
}

function pathOf(dataFolder: string): string {
  return join(dataFolder, 'admin.json');
}
