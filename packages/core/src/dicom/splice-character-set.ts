/**
 * In which character set new text is written into a data set (Specific Character Set (0008,0005)), by three rules:
 * (a) the set that is declared, if it can hold the text; (b) if all text that stays is ASCII, a switch to another set;
 * (c) otherwise a code extension beside it where policy allows, or a refusal. Nothing is ever replaced by a question mark,
 * and no existing byte is re-encoded.
 */
import { DicomError } from '../errors/interhosp-error.ts';
import { latin1Text } from './bytes.ts';
import { ASCII_CHARACTER_SET, characterSetOf, isAscii, type CharacterSet } from './character-set.ts';
import type { HeaderScan } from './header-scan.ts';
import { trimPadding } from './padding.ts';
import { formatTag, TAGS } from './tag.ts';

/** How a destination wants new text. */
export interface CharacterSetPolicy {
  /**
   * What an ASCII data set may be switched to: `ISO_IR 100` where it can hold the text, else UTF-8 (default, as old PACS
   * read Latin-1 and not UTF-8); always `ISO_IR 192`; or never.
   */
  readonly switchTo?: 'ISO_IR 100, else ISO_IR 192' | 'ISO_IR 192' | 'never';
  /**
   * Where text outside ASCII stays: refused (default), or a second set is declared beside the first, to be brought in by
   * escape sequences (PS3.5 6.1.2.5), which not every PACS reads.
   */
  readonly codeExtension?: 'add' | 'never';
  /**
   * The set of a source that declares none yet writes bytes over 7FH. It is declared in the result. Without it such a data
   * set is refused.
   */
  readonly undeclaredCharacterSet?: string;
}

/** The decision. */
export interface CharacterSetDecision {
  /** New text is written in it. */
  readonly characterSet: CharacterSet;
  /** The new value of (0008,0005), when it changes. */
  readonly declaration?: string;
}

/**
 * @param declared - Bytes of (0008,0005) as they stand, undefined when absent.
 * @param texts - All new text.
 * @param scan - Looks through text: all that is there (`all`), or what stays after the edits, values of unknown VR guessed
 *   at too (`staying`); called when that matters.
 * @throws {DicomError} `DICOM_CHARSET`, `DICOM_CHARSET_UNDECLARED`; `DICOM_MALFORMED` when a switch would need to look into
 *   what cannot be read.
 */
export async function decideCharacterSet(
  declared: Uint8Array | undefined,
  texts: readonly string[],
  scan: (which: 'all' | 'staying') => Promise<HeaderScan>,
  policy: CharacterSetPolicy = {},
): Promise<CharacterSetDecision> {
  const declaration = declared === undefined ? '' : trimPadding(latin1Text(declared)).trimStart();
  const current = characterSetOf(declaration);
  const isUndeclared = current !== undefined && current.terms.every((term) => term.endsWith(' 6') || term === '');
  const all = isUndeclared ? await scan('all') : undefined;
  if (all?.hasNonAsciiText === true) return undeclared(texts, policy);
  if (texts.every(isAscii)) return { characterSet: current ?? ASCII_CHARACTER_SET };
  if (current !== undefined && texts.every((text) => current.encode(text) !== undefined))
    return { characterSet: current };
  const found = all ?? (await scan('staying'));
  if (found.hasNonAsciiText) return extended(current, texts, policy);
  // Text may stand where nobody can look.
  if (!found.isComplete) throw new DicomError('DICOM_MALFORMED', { details: { reason: 'unreadable-sequence' } });
  for (const term of candidates(policy)) {
    const candidate = characterSetOf(term);
    if (candidate !== undefined && texts.every((text) => candidate.encode(text) !== undefined)) {
      return { characterSet: candidate, declaration: term };
    }
  }
  throw cannotHold();
}

function undeclared(texts: readonly string[], policy: CharacterSetPolicy): CharacterSetDecision {
  const term = policy.undeclaredCharacterSet;
  const characterSet = term === undefined ? undefined : characterSetOf(term);
  if (term === undefined || characterSet === undefined) {
    throw new DicomError('DICOM_CHARSET_UNDECLARED', { details: { tag: formatTag(TAGS.SpecificCharacterSet) } });
  }
  if (texts.some((text) => characterSet.encode(text) === undefined)) throw cannotHold();
  return { characterSet, declaration: term };
}

/** Sets that may stand beside another, in the order in which they are tried (PS3.3 C.12.1.1.2). */
const EXTENSIONS = '100 101 109 110 148 203 126 144 138 127 166 13 87 159 149 58'.split(' ');
/** Sets in which escapes may stand; UTF-8 and GB18030 hold all there is, and take none. */
const EXTENSIBLE = /^(?:ISO_IR|ISO 2022 IR) (\d+)$/;

/**
 * What is declared, in the form for code extensions, with one set more. Text that stays reads the same under it: the first
 * set is in force until an escape comes, and there were none.
 */
function extended(
  current: CharacterSet | undefined,
  texts: readonly string[],
  policy: CharacterSetPolicy,
): CharacterSetDecision {
  const numbers = current?.terms.map((term) => (term === '' ? '6' : EXTENSIBLE.exec(term)?.[1])) ?? [undefined];
  if (policy.codeExtension !== 'add' || numbers.includes(undefined)) throw cannotHold();
  const first = numbers.map((number) => (number === '6' ? '' : `ISO 2022 IR ${number}`)).join('\\');
  for (const number of EXTENSIONS) {
    const declaration = `${first}\\ISO 2022 IR ${number}`;
    const characterSet = characterSetOf(declaration);
    if (characterSet !== undefined && texts.every((text) => characterSet.encode(text) !== undefined)) {
      return { characterSet, declaration };
    }
  }
  throw cannotHold();
}

function candidates({ switchTo = 'ISO_IR 100, else ISO_IR 192' }: CharacterSetPolicy): readonly string[] {
  switch (switchTo) {
    case 'ISO_IR 100, else ISO_IR 192':
      return ['ISO_IR 100', 'ISO_IR 192'];
    case 'ISO_IR 192':
      return ['ISO_IR 192'];
    case 'never':
      return [];
    default:
      return switchTo satisfies never;
  }
}

function cannotHold(): DicomError {
  return new DicomError('DICOM_CHARSET', { details: { tag: formatTag(TAGS.SpecificCharacterSet) } });
}
