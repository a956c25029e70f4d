// The DICOMweb adapter against a real Orthanc, as Debian packages it.
import assert from 'node:assert/strict';
import { dicomwebPacs } from '@interhosp/adapters/dicomweb';
import { pacsConformance } from '@interhosp/core/conformance';
import { debianIsMissing, startOrthanc, type Orthanc } from '@interhosp/testing';
import { afterAll, describe, it } from 'vitest';
import { heldBytes } from './held-bytes.ts';

let running: Promise<Orthanc> | undefined;

/** One Orthanc for all tests, emptied between them. */
function orthanc(): Promise<Orthanc> {
  running ??= startOrthanc();
  return running;
}

afterAll(async () => {
  await (await running)?.stop();
});

describe.skipIf(debianIsMissing())('with the programs of Debian', () => {
  pacsConformance(
    { describe, it },
    {
      name: 'DICOMweb over Orthanc',
      capabilities: { source: true, destination: true, preservesBytes: true, onDuplicate: 'ignore' },
      create: async () => {
        const { dicomwebUrl, clear } = await orthanc();
        await clear();
        const options = { baseUrl: dicomwebUrl, preservesBytes: true, onDuplicate: 'ignore' } as const;
        const pacs = dicomwebPacs({ ...options, pageSize: 10 });
        const side = dicomwebPacs(options);
        return {
          pacs,
          seed: async (instances) => {
            for await (const { status } of side.store(instances)) assert.equal(status, 'stored');
          },
          dispose: () => side.stop(),
        };
      },
      createUnreachable: () => Promise.resolve(dicomwebPacs({ baseUrl: 'http://127.0.0.1:9/dicom-web' })),
      heldBytes,
    },
  );
});
