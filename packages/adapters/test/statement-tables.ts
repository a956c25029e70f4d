/** Reads the tables of docs/conformance-statement.md, which a test holds against what is really negotiated. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A row: its cells in order. */
export type Row = readonly string[];

const FILE = fileURLToPath(new URL('../../../docs/conformance-statement.md', import.meta.url));

/** The rows of the first table below a heading, without its head. @throws {Error} when there is none. */
export function tableBelow(heading: string): readonly Row[] {
  const lines = readFileSync(FILE, 'utf8').split('\n');
  const at = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  const first = lines.findIndex((line, index) => index > at && line.startsWith('|'));
  const end = lines.findIndex((line, index) => index > first && !line.startsWith('|'));
  if (at < 0 || first < 0) throw new Error(`no table below "${heading}"`);
  return lines.slice(first + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
