// Writes docs/errors.md from the catalogue of error codes in core, so that what a person looks up is what the program says.
//
//   node --conditions=@interhosp/source scripts/errors-doc.ts      writes it; a test fails while the two differ

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { format } from 'prettier';

import { ERRORS_BY_AREA, type ErrorArea, type ErrorEntry } from '../packages/core/src/errors/catalogue.ts';

/** Where the document is. */
export const ERRORS_DOC = fileURLToPath(new URL('../docs/errors.md', import.meta.url));

/** What each area is about, and which class carries its codes. */
const AREAS: Readonly<Record<ErrorArea, { readonly title: string; readonly about: string }>> = {
  config: {
    title: 'Configuration',
    about: '`ConfigError`: configuration, rule files and command lines. Here it is the caller who tries again.',
  },
  dicom: { title: 'DICOM', about: '`DicomError`: the bytes of a data set, or a value that goes into one.' },
  federation: { title: 'Federation', about: '`FederationError`: rosters, signed documents and permissions.' },
  import: {
    title: 'Import',
    about: '`ImportError`: documents, pictures, videos and sound that become objects of a study.',
  },
  pacs: { title: 'PACS', about: '`PacsError`: a PACS, whatever the adapter.' },
  peer: { title: 'Peers', about: '`PeerError`: connections between members.' },
  reconciliation: {
    title: 'Reconciliation',
    about:
      '`ReconciliationError`: the patient directory, and decisions about patients. A doubtful match is no error: it waits in the worklist.',
  },
  storage: { title: 'Storage', about: '`StorageError`: journal, spool, keys and index on the disk of this machine.' },
  transfer: { title: 'Transfer', about: '`TransferError`: exchanges between members, and their receipts.' },
};

const RETRY_WORDS: Readonly<Record<ErrorEntry['retry'], string>> = {
  elsewhere: 'elsewhere',
  later: 'later',
  no: 'no',
};

const HEAD = `# Errors

Every error of Interhosp has a code. Codes are stable: branch on them, never on the text. An error says its code, what
happened, the details that help (codes, counts and identifiers, never a patient's data) and what to do next.

_Tried again_ is what the member does without being asked. _later_: it tries again after a pause that grows,
for seven days, and then holds the exchange for a person. _elsewhere_: it tries another address or another way.
_no_: trying again would give the same answer, so the exchange is held for a person at once, with its bytes. An error
may carry other advice than its code where the case is known better; the error's own \`retry\` counts.

This page is written from the catalogue in \`packages/core/src/errors\` by \`scripts/errors-doc.ts\`.
`;

/** The document that the catalogue gives. */
export async function errorsDocument(): Promise<string> {
  const areas = Object.keys(ERRORS_BY_AREA) as ErrorArea[];
  return format([HEAD, ...areas.map(section)].join('\n'), { parser: 'markdown', printWidth: 120, singleQuote: true });
}

function section(area: ErrorArea): string {
  const { about, title } = AREAS[area];
  const entries = Object.entries<ErrorEntry>(ERRORS_BY_AREA[area]);
  const rows = entries.map(([code, { fix, retry, text }]) => {
    const cells = [`\`${code}\``, text, fix, RETRY_WORDS[retry]];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [
    `## ${title}`,
    '',
    about,
    '',
    '| code | what happened | what to do | tried again |',
    '| - | - | - | - |',
    ...rows,
    '',
  ].join('\n');
}

if (import.meta.main) writeFileSync(ERRORS_DOC, await errorsDocument());
