// What a person looks up in docs/errors.md is what the program says.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CATALOGUE, ERRORS_BY_AREA } from '../packages/core/src/errors/catalogue.ts';
import { ERRORS_DOC, errorsDocument } from './errors-doc.ts';

const committed = readFileSync(ERRORS_DOC, 'utf8');

describe('docs/errors.md', () => {
  it('is what the catalogue gives', async () => {
    expect(committed).toBe(await errorsDocument());
  });

  it('has one row for each code, and no other', () => {
    const rows = [...committed.matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(([, code]) => code);
    expect(rows.length).toBeGreaterThan(50);
    expect(new Set(rows)).toEqual(new Set(Object.keys(ERROR_CATALOGUE)));
    expect(rows).toHaveLength(Object.keys(ERROR_CATALOGUE).length);
  });
});

describe('the catalogue of errors', () => {
  it('begins each code with its area, so that no two areas can share one', () => {
    const strays = Object.entries(ERRORS_BY_AREA).flatMap(([area, entries]) =>
      Object.keys(entries).filter((code) => !code.startsWith(`${area.toUpperCase()}_`)),
    );
    expect(strays).toEqual([]);
  });

  it('says of each code what happened and what to do, without a full stop', () => {
    const bad = Object.entries(ERROR_CATALOGUE).filter(([, { fix, text }]) =>
      [fix, text].some((words) => !/^[A-Z].{9,}[^.\s]$/.test(words)),
    );
    expect(bad).toEqual([]);
  });
});
