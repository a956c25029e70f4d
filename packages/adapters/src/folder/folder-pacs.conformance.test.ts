import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pacsConformance } from '@interhosp/core/conformance';
import { describe, it } from 'vitest';
import { heldBytes } from '../../test/held-bytes.ts';
import { folderPacs } from './folder-pacs.ts';
import { openHandlesBelow, writePart10 } from '../../test/sample-files.ts';

const shapes = [
  { name: 'one folder', watch: 'a', write: 'a' },
  { name: 'two folders', watch: 'a', write: 'b' },
  { name: 'one inside the other', watch: 'a', write: 'a/in' },
  { name: 'only watched', watch: 'a', write: undefined },
  { name: 'only written', watch: undefined, write: 'b' },
];

for (const { name, watch, write } of shapes) {
  pacsConformance(
    { describe, it },
    {
      name: `folder, ${name}`,
      capabilities: { source: true, destination: write !== undefined, preservesBytes: true, onDuplicate: 'ignore' },
      create: async () => {
        const root = await mkdtemp(join(tmpdir(), 'interhosp-folder-'));
        const seedTo = join(root, watch ?? write ?? '');
        await mkdir(seedTo, { recursive: true });
        let seeded = 0;
        return {
          pacs: folderPacs({
            stableMs: 0,
            rescanMs: 0,
            ...(watch !== undefined && { watch: join(root, watch) }),
            ...(write !== undefined && { write: join(root, write) }),
          }),
          seed: async (instances) => {
            for (const instance of instances) await writePart10(join(seedTo, `IM${++seeded}`), instance);
          },
          dispose: () => rm(root, { recursive: true }),
          leftovers: async () => {
            const parts = write === undefined ? [] : await readdir(join(root, write, '.parts'));
            return [...parts, ...(await openHandlesBelow(root))];
          },
        };
      },
      createUnreachable: () => {
        const nowhere = join(tmpdir(), 'interhosp-no-such-folder', 'below');
        const pacs = { stableMs: 0, rescanMs: 0, ...(watch !== undefined && { watch: nowhere }) };
        // A folder to write to is made; one below a file cannot be.
        return Promise.resolve(folderPacs({ ...pacs, ...(write !== undefined && { write: '/dev/null/below' }) }));
      },
      heldBytes,
    },
  );
}
