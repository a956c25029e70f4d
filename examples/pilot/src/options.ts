/** What `demo` understands on its command line. */
import { parseArgs } from 'node:util';

/** Which PACS the two hospitals have. */
export type PacsKind = 'embedded' | 'orthanc';

/** How the members speak to their PACS. */
export type PacsProtocol = 'dicomweb' | 'dimse';

/** The choices of one run. */
export interface DemoOptions {
  readonly pacs: PacsKind;
  /** Default DIMSE with Orthanc; the embedded PACS speaks DICOMweb. */
  readonly protocol: PacsProtocol;
  /** The last line of standard output is one JSON object, and everything else goes to standard error. */
  readonly json: boolean;
  /** Leave both hospitals running at the end, until Ctrl-C. */
  readonly keep: boolean;
  readonly help: boolean;
}

/** The text of `--help`. */
export const USAGE = `demo: two hospitals on this machine send each other studies, from PACS to PACS

  --pacs embedded|orthanc   the PACS of both hospitals: a small one of our own (default), or two real Orthanc servers
  --protocol dimse|dicomweb how the members speak to Orthanc: DIMSE (default) or DICOMweb
  --keep                    leave both hospitals running at the end, until Ctrl-C
  --json                    the last line of standard output is {"sent","filed","review","lost","receipts"}
  --help

Exit codes: 0 everything arrived, 1 something is lost or wrong, 2 usage, or a program that is missing.`;

/** A mistake in the command line, or something that has to be installed first: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Reads the command line. @throws {UsageError} */
export function parseOptions(args: readonly string[]): DemoOptions {
  const values = parse(args);
  const { help = false, json = false, keep = false, pacs = 'embedded' } = values;
  if (pacs !== 'embedded' && pacs !== 'orthanc') throw new UsageError(`--pacs is embedded or orthanc, not ${pacs}`);
  return { help, json, keep, pacs, protocol: protocolOf(pacs, values.protocol) };
}

function protocolOf(pacs: PacsKind, asked: string | undefined): PacsProtocol {
  const protocol = asked ?? (pacs === 'orthanc' ? 'dimse' : 'dicomweb');
  if (protocol !== 'dicomweb' && protocol !== 'dimse') {
    throw new UsageError(`--protocol is dimse or dicomweb, not ${protocol}`);
  }
  if (protocol === 'dimse' && pacs === 'embedded') throw new UsageError('--protocol dimse needs --pacs orthanc');
  return protocol;
}

function parse(args: readonly string[]) {
  // `pnpm demo -- --json` hands the separator on.
  const own = args[0] === '--' ? args.slice(1) : args;
  try {
    return parseArgs({
      args: [...own],
      options: {
        help: { type: 'boolean' },
        json: { type: 'boolean' },
        keep: { type: 'boolean' },
        pacs: { type: 'string' },
        protocol: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
