/** The practitioners who practise here, from a CSV `number,family,given`; published to the members, signed. */
import { readFile } from 'node:fs/promises';
import { ConfigError } from '@interhosp/core/errors';
import type { Practitioner } from '@interhosp/core/federation';

/** @throws {ConfigError} `CONFIG_UNREADABLE`; `CONFIG_INVALID` with the line. */
export async function readPractitioners(file: string): Promise<readonly Practitioner[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConfigError('CONFIG_UNREADABLE', { cause, details: { file } });
  }
  const [heading = '', ...lines] = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const delimiter = heading.includes(';') ? ';' : ',';
  const columns = heading.split(delimiter).map((column) => column.trim());
  const at = (name: string): number => {
    const index = columns.indexOf(name);
    if (index === -1) throw new ConfigError('CONFIG_INVALID', { details: { field: name, file, line: 1 } });
    return index;
  };
  const [number, family, given] = [at('number'), at('family'), at('given')];
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const cells = line.split(delimiter).map((cell) => cell.trim());
    const [numberText, familyText, givenText] = [cells[number], cells[family], cells[given]];
    if (!numberText || !familyText || !givenText) {
      throw new ConfigError('CONFIG_INVALID', { details: { file, line: index + 2 } });
    }
    return [{ family: familyText, given: givenText, number: numberText }];
  });
}
