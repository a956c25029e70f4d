// What is learned of a PACS over DIMSE: asked when it is needed, shared, remembered, and forgotten in time.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseUid } from '@interhosp/core/dicom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dimsePacs, type DimsePacs } from '../src/dimse/dimse-pacs.ts';
import type { DimsePacsOptions } from '../src/dimse/pacs-options.ts';
import { startArchive, peerAt } from './dimse-archive.ts';
import { sampleInstance } from './dimse-samples.ts';
import { startScriptedScp } from './scripted-scp.ts';

let root = '';
let folders = 0;
beforeAll(async () => (root = await mkdtemp(join(tmpdir(), 'interhosp-dimse-'))));
afterAll(() => rm(root, { recursive: true }));

const CT = parseUid('1.2.840.10008.5.1.4.1.1.2');
const MR = parseUid('1.2.840.10008.5.1.4.1.1.4');
const EXPLICIT = parseUid('1.2.840.10008.1.2.1');
const PRIVATE = parseUid('1.3.6.1.4.1.99999.1');

function newFolder(): string {
  return join(root, String(folders++));
}

/** What one adapter says; it has come to its end, and written what it learned, afterwards. */
async function during<T>(options: DimsePacsOptions, use: (pacs: DimsePacs) => Promise<T>): Promise<T> {
  const pacs = dimsePacs(options);
  await pacs.start();
  try {
    return await use(pacs);
  } finally {
    await pacs.stop();
  }
}

describe('what a PACS takes', () => {
  it('is told also where nothing that was asked is believed for any time', async () => {
    await using scp = await startScriptedScp({ syntaxesOf: (uid) => (uid === CT ? [EXPLICIT] : undefined) });
    await during({ peer: scp.peer, profileLifeMs: 0 }, async (pacs) => {
      expect(await pacs.acceptedSyntaxes(CT)).toEqual([EXPLICIT]);
      expect(await pacs.acceptedSyntaxes(MR)).toEqual([]);
    });
  });

  it('is asked once for all who ask at the same moment, or while it is being asked', async () => {
    await using scp = await startScriptedScp({ syntaxesOf: () => [EXPLICIT] });
    await during({ peer: scp.peer }, async (pacs) => {
      await pacs.profile();
      const asked = scp.requests.length;
      const first = [pacs.acceptedSyntaxes(CT), pacs.acceptedSyntaxes(MR), pacs.acceptedSyntaxes(CT)];
      await expect.poll(() => scp.requests.length).toBe(asked + 1);
      const all = await Promise.all([...first, pacs.acceptedSyntaxes(CT), pacs.acceptedSyntaxes(MR)]);
      expect(all).toEqual(all.map(() => [EXPLICIT]));
      expect(scp.requests).toHaveLength(asked + 1);
    });
  });

  it('is asked anew where a syntax was configured that was not asked about', async () => {
    await using archive = await startArchive([sampleInstance({ study: 1 })], { privateSyntaxes: [PRIVATE] });
    const options = { peer: peerAt(archive.server.port), folder: newFolder() };
    const taken = (more: Partial<DimsePacsOptions>) =>
      during({ ...options, ...more }, (pacs) => pacs.acceptedSyntaxes(CT));
    expect(await taken({})).not.toContain(PRIVATE);
    expect(await taken({ privateSyntaxes: [PRIVATE] })).toContain(PRIVATE);
  });
});
