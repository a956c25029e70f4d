// What is learned of a PACS over DIMSE: asked when it is needed, shared, remembered, and forgotten in time.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseUid } from '@interhosp/core/dicom';
import type { Log, SafeFields } from '@interhosp/core/world';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dimsePacs, type DimsePacs } from '../src/dimse/dimse-pacs.ts';
import type { DimsePacsOptions } from '../src/dimse/pacs-options.ts';
import { startArchive, peerAt } from './dimse-archive.ts';
import { sampleInstance, sampleStudyUid } from './dimse-samples.ts';
import { startScriptedScp } from './scripted-scp.ts';
import { all } from './streams.ts';

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

describe('how a PACS answers', () => {
  const held = [1, 2, 3].map((study) => sampleInstance({ study, pixelBytes: 2 }));

  it('is seen in the answers to searches: none is made to find out', async () => {
    await using archive = await startArchive(held);
    const { findStudies } = archive.pacs;
    let searches = 0;
    archive.pacs.findStudies = (...asked) => {
      searches++;
      return findStudies.apply(archive.pacs, asked);
    };
    await during({ peer: archive.peer }, async (pacs) => {
      await pacs.profile();
      expect(await all(pacs.findStudies({}))).toHaveLength(3);
      expect(await all(pacs.findStudies({ studyInstanceUid: sampleStudyUid(2) }))).toHaveLength(1);
      expect(await pacs.profile()).toMatchObject({ absentKeys: [], ignoredKeys: [] });
    });
    expect(searches).toBe(2);
  });

  it('is remembered, and logged once, where it ignores keys', async () => {
    await using archive = await startArchive(held, { oddities: { ignoresKeys: true } });
    const lines: unknown[] = [];
    const log: Log = {
      forComponent: () => log,
      write: (level, event, fields?: SafeFields) => void lines.push([level, event, fields]),
    };
    const folder = newFolder();
    const search = async (pacs: DimsePacs) => {
      await pacs.profile();
      expect(await all(pacs.findStudies({ patientId: 'PAT-2' }))).toHaveLength(1);
      return await pacs.profile();
    };
    const options = { peer: archive.peer, folder, log };
    expect(await during(options, search)).toMatchObject({ ignoredKeys: ['00100020'] });
    const { profile } = JSON.parse(await readFile(join(folder, 'profile.json'), 'utf8')) as { profile: object };
    expect(profile).toMatchObject({ ignoredKeys: ['00100020'], absentKeys: [] });
    expect(await during(options, search)).toMatchObject({ ignoredKeys: ['00100020'] });
    expect(lines).toEqual([['warn', 'dimse.key.ignored', { tag: '00100020' }]]);
  });
});
