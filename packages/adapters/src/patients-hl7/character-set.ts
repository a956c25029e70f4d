/** The character set of a message (MSH-18, HL7 table 0211). */
import { Refusal } from './refusal.ts';

/** What a message without MSH-18 is read as; `latin-1` is Windows-1252, its superset. */
export type DefaultCharset = 'latin-1' | 'latin-9' | 'utf-8';

const DEFAULTS: Readonly<Record<DefaultCharset, string>> = {
  'latin-1': 'windows-1252',
  'latin-9': 'iso-8859-15',
  'utf-8': 'utf-8',
};

/** Parts of ISO 8859 that have a decoder. */
const PARTS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16]);

/** Bytes as text. @throws {Refusal} `characters` */
export type Decode = (bytes: Uint8Array) => string;

/**
 * The decoder for what MSH-18 says. `ASCII` is read in the default character set: senders that say so write more than ASCII,
 * and their bytes above it mean what they mean where nothing is said.
 *
 * @throws {Refusal} `character-set`
 */
export function decoderOf(msh18: string, defaultCharset: DefaultCharset): Decode {
  const name = msh18.trim().toUpperCase();
  return decoderFor(name === '' || name === 'ASCII' ? DEFAULTS[defaultCharset] : labelOf(name));
}

function labelOf(name: string): string {
  if (name === 'UNICODE UTF-8' || name === 'UTF-8') return 'utf-8';
  const part = Number(/^(?:ISO ?)?8859[/-](\d{1,2})$/.exec(name)?.[1]);
  if (!PARTS.has(part)) throw new Refusal('character-set', 'MSH-18');
  return part === 1 ? 'windows-1252' : `iso-8859-${part}`;
}

function decoderFor(label: string): Decode {
  return (bytes) => {
    try {
      return new TextDecoder(label, { fatal: true }).decode(bytes);
    } catch {
      // The decoder's own error is thrown away with whatever it quotes.
      throw new Refusal('characters');
    }
  };
}
