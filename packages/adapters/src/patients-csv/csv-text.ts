/**
 * The file as text: what encoding and delimiter it has, and its characters as a stream. A registry is exported by many
 * programs; spreadsheets in Belgium write semicolons and Windows-1252.
 */
import { createReadStream } from 'node:fs';

/** `utf-8` refuses what is not; `latin-1` is read as Windows-1252, its superset; `auto` takes UTF-8 when the file is. */
export type CsvEncoding = 'auto' | 'utf-8' | 'latin-1';

/** What a file was found to be. */
export interface CsvForm {
  readonly encoding: 'utf-8' | 'latin-1';
  readonly delimiter: string;
}

/** Raised by {@link readText} for bytes that are not UTF-8; carries nothing of them. */
export class NotUtf8Error extends Error {
  override readonly name = 'NotUtf8Error';
}

/** Longest header looked at for the delimiter, in characters. */
const HEADER_CHARACTERS = 65_536;

/** Looks at the file; reads it once to its end when the encoding is to be found. */
export async function formOf(
  file: string,
  options: { readonly encoding: CsvEncoding; readonly delimiter?: string | undefined; readonly signal: AbortSignal },
): Promise<CsvForm> {
  const { encoding, signal } = options;
  const known = encoding === 'auto' ? ((await isUtf8(file, signal)) ? 'utf-8' : 'latin-1') : encoding;
  return { encoding: known, delimiter: options.delimiter ?? (await delimiterOf(file, known, signal)) };
}

/**
 * The characters of the file, without byte order mark.
 *
 * @throws {NotUtf8Error} and the errors of the file system.
 */
export async function* readText(
  file: string,
  encoding: CsvForm['encoding'],
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder(encoding === 'utf-8' ? 'utf-8' : 'windows-1252', { fatal: true });
  for await (const bytes of createReadStream(file, { signal })) yield decoded(decoder, bytes as Uint8Array);
  yield decoded(decoder, undefined);
}

function decoded(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array | undefined): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    // The decoder's own error is thrown away with whatever it quotes.
    throw new NotUtf8Error('not UTF-8');
  }
}

async function isUtf8(file: string, signal: AbortSignal): Promise<boolean> {
  try {
    for await (const text of readText(file, 'utf-8', signal)) void text;
    return true;
  } catch (error) {
    if (error instanceof NotUtf8Error) return false;
    throw error;
  }
}

/** The delimiter that stands most often in the header, outside quotes; a comma when none does. */
async function delimiterOf(file: string, encoding: CsvForm['encoding'], signal: AbortSignal): Promise<string> {
  let header = '';
  for await (const text of readText(file, encoding, signal)) {
    header += text;
    if (/[\r\n]/.test(header.trimStart()) || header.length > HEADER_CHARACTERS) break;
  }
  const titles = (header.trimStart().split(/[\r\n]/, 1)[0] ?? '').slice(0, HEADER_CHARACTERS).replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t', '|'].map((delimiter) => ({ delimiter, count: titles.split(delimiter).length }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).delimiter;
}
