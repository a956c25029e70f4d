/**
 * The JSON beside a file to import: `report.pdf.json` for one file, `import.json` for all files of its folder. What the first
 * says goes before what the second says, but for who and which study, where the two must not differ.
 */
import { ImportError } from '@interhosp/core/errors';
import { CODE_KEYWORDS, KEYWORDS, STUDY_KEYWORDS, type CodeKeyword, type Keyword } from './keywords.ts';
import { MAX_SIDECAR_BYTES } from './limits.ts';

/** A code as a sequence of one item (PS3.3 8.8). */
export interface Code {
  readonly CodeValue: string;
  readonly CodingSchemeDesignator: string;
  readonly CodeMeaning: string;
}

/** What is said of a file, by keyword; values as DICOM writes them, several divided by a backslash. */
export interface Said {
  readonly values: ReadonlyMap<Keyword, string>;
  readonly codes: ReadonlyMap<CodeKeyword, Code>;
}

const CODE_FIELDS = ['CodeValue', 'CodingSchemeDesignator', 'CodeMeaning'] as const;
const MAX_VALUES = 16;

/** @throws {ImportError} `IMPORT_SIDECAR_INVALID`, with the keyword as field where it is one of ours */
export function parseSidecar(bytes: Uint8Array): Said {
  if (bytes.length > MAX_SIDECAR_BYTES) throw invalid('size');
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message repeats the text, which names a patient: it is not kept.
    throw invalid('json');
  }
  if (!isRecord(json)) throw invalid('json');
  const values = new Map<Keyword, string>();
  const codes = new Map<CodeKeyword, Code>();
  for (const [keyword, value] of Object.entries(json)) {
    // Shown only when it is a keyword: anything may stand here.
    if (!isKeyword(keyword)) throw invalid('keyword');
    if (isCodeKeyword(keyword)) codes.set(keyword, codeOf(keyword, value));
    else values.set(keyword, textOf(keyword, value));
  }
  return { values, codes };
}

/** The two together. @throws {ImportError} `IMPORT_CONFLICT` where they name two patients or studies */
export function mergeSaid(own: Said | undefined, folder: Said | undefined): Said {
  for (const keyword of STUDY_KEYWORDS) {
    const [one, other] = [own?.values.get(keyword), folder?.values.get(keyword)];
    if (one !== undefined && other !== undefined && one !== other) {
      throw new ImportError('IMPORT_CONFLICT', { details: { field: keyword, reason: 'sidecars' } });
    }
  }
  return {
    values: new Map([...(folder?.values ?? []), ...(own?.values ?? [])]),
    codes: new Map([...(folder?.codes ?? []), ...(own?.codes ?? [])]),
  };
}

function textOf(keyword: Keyword, value: unknown): string {
  const values = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  if (values.length === 0 || values.length > MAX_VALUES) throw invalid('value', keyword);
  return values
    .map((one) => {
      const text = typeof one === 'number' && Number.isSafeInteger(one) ? String(one) : one;
      if (typeof text !== 'string' || text.includes('\\')) throw invalid('value', keyword);
      return text.trim();
    })
    .join('\\');
}

function codeOf(keyword: CodeKeyword, value: unknown): Code {
  const item: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (!isRecord(item) || Object.keys(item).length !== CODE_FIELDS.length) {
    throw invalid('code', keyword);
  }
  const [CodeValue, CodingSchemeDesignator, CodeMeaning] = CODE_FIELDS.map((field) => item[field]);
  if (typeof CodeValue !== 'string' || typeof CodingSchemeDesignator !== 'string' || typeof CodeMeaning !== 'string') {
    throw invalid('code', keyword);
  }
  return { CodeValue, CodingSchemeDesignator, CodeMeaning };
}

function isCodeKeyword(keyword: Keyword): keyword is CodeKeyword {
  return (CODE_KEYWORDS as readonly string[]).includes(keyword);
}

function isKeyword(text: string): text is Keyword {
  return KEYWORDS.has(text);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(reason: string, field?: Keyword): ImportError {
  return new ImportError('IMPORT_SIDECAR_INVALID', { details: { reason, ...(field !== undefined && { field }) } });
}
