import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PacsError } from '@interhosp/core/errors';
import type { Log, SafeFields } from '@interhosp/core/world';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog, errorFields } from './logger.ts';

/** Fictional; must be in no line. */
const NAME = 'Peeters^Zoë';

let folder: string;
let descriptor: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'interhosp-log-'));
  descriptor = openSync(join(folder, 'log'), 'w');
});
afterEach(() => {
  closeSync(descriptor);
  rmSync(folder, { recursive: true });
});

function text(): string {
  return readFileSync(join(folder, 'log'), 'utf8');
}

/** What is written with the log, each line as an object. */
function lines(write: (log: Log) => void, level?: 'info' | 'error'): readonly Record<string, unknown>[] {
  write(createLog({ descriptor, ...(level && { level }) }));
  return text()
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log', () => {
  it('writes an object a line, with event, time, component and fields', () => {
    const [line] = lines((log) => log.forComponent('interhosp:peer').write('warn', 'peer.lost', { count: 2 }));
    expect(line).toMatchObject({ component: 'interhosp:peer', count: 2, event: 'peer.lost' });
    expect(Date.parse(String(line?.['time']))).not.toBeNaN();
  });

  it('names the innermost component alone', () => {
    lines((log) => log.forComponent('interhosp:member').forComponent('interhosp:peer').write('info', 'peer.lost'));
    expect(text().match(/"component":"[^"]*"/g)).toEqual(['"component":"interhosp:peer"']);
  });

  it('takes no name in a field for a UID', () => {
    const [line] = lines((log) => log.write('info', 'study.seen', { studyInstanceUid: NAME, sopInstanceUid: '1.2.3' }));
    expect(line).toMatchObject({ sopInstanceUid: '1.2.3', studyInstanceUid: '[refused]' });
    expect(text()).not.toContain('Peeters');
  });

  it('leaves out a field that it does not know', () => {
    const fields = { count: 1, patientName: NAME, msg: NAME, err: new Error(NAME) } as SafeFields;
    const [line] = lines((log) => log.write('info', 'study.seen', fields));
    expect(Object.keys(line ?? {}).toSorted()).toEqual(['count', 'event', 'level', 'time']);
    expect(text()).not.toContain('Peeters');
  });

  it('refuses an event whose name holds data', () => {
    for (const event of [`study.of.${NAME}`, 'Peeters', 'study seen', 'study.1.2.3^4', '']) {
      lines((log) => log.write('info', event));
    }
    const events = text().trimEnd().split('\n');
    expect(events).toHaveLength(5);
    for (const line of events) expect(JSON.parse(line)).toMatchObject({ event: 'event.name-refused' });
  });

  it('drops what is below its level', () => {
    expect(lines((log) => log.write('info', 'study.seen'), 'error')).toEqual([]);
  });
});

describe('the fields of an error', () => {
  it('are its code and details', () => {
    expect(errorFields(new PacsError('PACS_BUSY', { details: { count: 3 } }))).toEqual({ code: 'PACS_BUSY', count: 3 });
  });

  it('are the code of the system, and of any other error the class alone', () => {
    expect(errorFields(Object.assign(new Error(`open '/x/${NAME}'`), { code: 'ENOENT' }))).toEqual({ code: 'ENOENT' });
    expect(errorFields(new TypeError(NAME))).toEqual({ code: 'TypeError' });
    expect(errorFields(NAME)).toEqual({ code: 'unknown' });
  });

  it('never carry the text of an error into a line', () => {
    const cause = new PacsError('PACS_REFUSED', { cause: new Error(NAME), details: { reason: NAME } });
    const [line] = lines((log) => log.write('error', 'store.failed', errorFields(cause)));
    expect(line).toMatchObject({ code: 'PACS_REFUSED', reason: '[refused]' });
    expect(text()).not.toContain('Peeters');
  });
});
