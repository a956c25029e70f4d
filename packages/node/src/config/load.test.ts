import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, readYaml } from './load.ts';

const LEAST = `
member: be-south
name: Hospital South
passphraseFile: ./passphrase
federation:
  id: ${'0a'.repeat(32)}
pacs:
  main:
    use: '@interhosp/adapters/memory'
    onDuplicate: replace
patients:
  use: ./patients.ts
`;

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'interhosp-config-'))));
afterEach(() => rm(folder, { recursive: true }));

async function written(text: string): Promise<string> {
  const file = join(folder, 'interhosp.yaml');
  await writeFile(file, text);
  return file;
}

/** What loading this text is refused with. */
async function refusal(text: string): Promise<unknown> {
  const file = await written(text);
  return loadConfig(file).then(
    () => 'accepted',
    (error: { readonly code?: string; readonly details?: { readonly file?: string } }) => {
      const { file: named, ...details } = error.details ?? {};
      expect(named).toBe(file);
      return { code: error.code, ...details };
    },
  );
}

describe('a configuration', () => {
  it('is taken with its defaults, and hands adapters their own fields untouched', async () => {
    const { config } = await loadConfig(await written(LEAST));
    expect(config).toMatchObject({
      admin: { host: '127.0.0.1' },
      discovery: { overlapHours: 24, quietSeconds: { byModality: { CT: 900, DX: 300 }, other: 600 }, sweepHour: 2 },
      pacs: { main: { onDuplicate: 'replace', use: '@interhosp/adapters/memory' } },
    });
  });

  it('does nothing unsafe unless it is told to', async () => {
    const { config } = await loadConfig(await written(LEAST));
    expect(config.reconciliation).toMatchObject({ mode: 'confirmed', policy: 'strict' });
    expect([config.routing, config.source, config.destination]).toEqual([undefined, undefined, undefined]);
  });

  it.each([
    ['5', { byModality: {}, other: 5 }],
    ['{ CT: 1200, OPT: 60 }', { byModality: { CT: 1200, DX: 300, OPT: 60 }, other: 600 }],
    ['{ other: 30 }', { byModality: { CT: 900 }, other: 30 }],
  ])('takes one time of quiet for all, or some by modality: %s', async (quiet, times) => {
    const { config } = await loadConfig(await written(`${LEAST}discovery: { quietSeconds: ${quiet} }\n`));
    expect(config.discovery.quietSeconds).toMatchObject(times);
    if (quiet === '5') expect(config.discovery.quietSeconds).toEqual(times);
  });

  it('has paths that are relative to the file', async () => {
    const { resolvePath } = await loadConfig(await written(LEAST));
    expect([resolvePath('./data'), resolvePath('/data')]).toEqual([join(folder, 'data'), '/data']);
  });

  it('may be JSON', async () => {
    expect((await loadConfig(await written(JSON.stringify(await readYaml(await written(LEAST)))))).config.member).toBe(
      'be-south',
    );
  });

  it.each([
    ['an unknown field', `${LEAST}recociliation: { mode: confirmed }\n`, 'recociliation'],
    ['an unknown field inside', `${LEAST}reconciliation: { mod: confirmed }\n`, 'reconciliation.mod'],
    ['a member ID in capitals', LEAST.replace('be-south', 'BE South'), 'member'],
    ['no member', LEAST.replace('member: be-south', ''), 'member'],
    ['a federation ID that is too short', LEAST.replace('0a0a', '0a'), 'federation.id'],
    ['a source that is no PACS of it', `${LEAST}source: archive\n`, 'source'],
    ['a destination that is no PACS of it', `${LEAST}destination: archive\n`, 'destination'],
    ['an admin interface for everybody', `${LEAST}admin: { host: 0.0.0.0 }\n`, 'admin.host'],
    ['a mode that does not exist', `${LEAST}reconciliation: { mode: auto }\n`, 'reconciliation.mode'],
    ['a pause of nothing', `${LEAST}discovery: { pollSeconds: 0 }\n`, 'discovery.pollSeconds'],
    ['a time for no modality', `${LEAST}discovery: { quietSeconds: { ct: 5 } }\n`, 'discovery.quietSeconds'],
    ['an hour after the last', `${LEAST}discovery: { sweepHour: 24 }\n`, 'discovery.sweepHour'],
    ['an adapter without module', LEAST.replace('use: ./patients.ts', 'file: x'), 'patients.use'],
    ['text alone', 'hello', 'root'],
    ['nothing', '', 'root'],
  ])('with %s is refused, and the field is named', async (_, text, field) => {
    expect(await refusal(text)).toMatchObject({ code: 'CONFIG_INVALID', field });
  });

  it.each([
    ['member: be-south', 'member: BE', 'expected-2-to-64-lower-case-letters'],
    [`id: ${'0a'.repeat(32)}`, 'id: 0A', 'expected-64-hex-digits'],
    ['name: Hospital South', 'name: [x]', 'expected-string'],
    ['name: Hospital South', 'name: x\nreconciliation: { mode: auto }', 'expected-one-of-shadow/confirmed/automatic'],
    ['name: Hospital South', 'name: x\nlimits: { exchanges: 65 }', '64'],
  ])('with another thing for %s is refused with the form that is expected', async (good, bad, reason) => {
    expect(await refusal(LEAST.replace(good, bad))).toMatchObject({
      reason: expect.stringContaining(reason) as string,
    });
  });

  it('takes no PACS from what every object inherits', async () => {
    expect(await refusal(`${LEAST}source: constructor\n`)).toMatchObject({ code: 'CONFIG_INVALID', field: 'source' });
  });

  it.each([
    ['an unclosed bracket', 'member: be-south\nlisten: [a\nname: x\n', 3],
    ['a tab', 'member: be-south\n\tname: x\n', 2],
    ['the same field twice', 'member: be-south\nname: a\nname: b\n', 3],
  ])('with %s is refused with line and column', async (_, text, line) => {
    expect(await refusal(text)).toEqual({ code: 'CONFIG_SYNTAX', column: expect.any(Number) as number, line });
  });

  it('that is missing, or a folder, cannot be read', async () => {
    for (const file of [join(folder, 'nowhere.yaml'), folder]) {
      await expect(loadConfig(file)).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE', details: { file } });
    }
  });

  it('that is larger than a person writes is refused', async () => {
    const most = 1_048_576;
    const padded = (bytes: number) => `${LEAST}#${'x'.repeat(bytes - LEAST.length - 1)}`;
    expect(await refusal(padded(most))).toBe('accepted');
    expect(await refusal(padded(most + 1))).toMatchObject({ code: 'CONFIG_INVALID', limit: most });
  });

  it('cannot unfold into gigabytes', async () => {
    const levels = Array.from({ length: 8 }, (_, level) =>
      level === 0
        ? 'a0: &a0 [x,x,x,x,x,x,x,x,x]'
        : `a${level}: &a${level} [${Array(9)
            .fill(`*a${level - 1}`)
            .join()}]`,
    );
    expect(await refusal(`${levels.join('\n')}\n`)).toMatchObject({ code: 'CONFIG_INVALID', limit: 100 });
  });
});
