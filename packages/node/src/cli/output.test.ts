import { readFile } from 'node:fs/promises';
import { ConfigError } from '@interhosp/core/errors';
import { describe, expect, it } from 'vitest';
import { errorText } from './output.ts';

const hidden = { showStack: false };

async function thrownBy(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('what is said of an error', () => {
  it('of ours is its sentence, which says what to do', () => {
    expect(errorText(new ConfigError('CONFIG_NOT_RUNNING'), hidden)).toMatch(/^CONFIG_NOT_RUNNING: .*interhosp start/);
  });

  it('of the program holds no stack and nothing of what it worked on, and says what to do', async () => {
    const text = errorText(await thrownBy(() => JSON.parse('Peeters^Jan') as unknown), hidden);
    expect(text).toContain('SyntaxError');
    expect(text).toContain('--stack-trace');
    expect(text).not.toMatch(/Peeters|\n|output\.test/);
    class Peeters extends Error {
      override readonly name = 'Peeters^Jan';
    }
    expect(errorText(new Peeters(), hidden)).not.toContain('Peeters');
    expect(errorText('Peeters^Jan', hidden)).not.toContain('Peeters');
  });

  it('of the system is its code, without the path', async () => {
    const error = await thrownBy(() => readFile('/nowhere/Peeters^Jan.dcm'));
    const text = errorText(error, hidden);
    expect(text).toContain('ENOENT');
    expect(text).toContain('disk');
    expect(text).not.toContain('Peeters');
  });

  it('is the whole stack for whoever asks', async () => {
    const error = await thrownBy(() => JSON.parse('?') as unknown);
    expect(errorText(error, { showStack: true })).toContain('output.test');
    const ours = new ConfigError('CONFIG_UNREADABLE', { cause: error });
    expect(errorText(ours, { showStack: true })).toContain('SyntaxError');
  });
});
