/** Which instance a stream is, as far as its first bytes tell: one that fails later is named in the seal. */
import {
  createHeaderScanner,
  isDeflated,
  TAGS,
  tryParseUid,
  vrFormOf,
  type HeaderScanner,
  type Uid,
} from '@interhosp/core/dicom';
import type { RetrievedInstance } from '@interhosp/core/pacs';

/** SOP Instance UID (0008,0018) is among the first elements; behind so much it is not looked for. */
const LOOKED_AT_BYTES = 65_536;

/** The same bytes, and the name once it has passed. */
export interface NamedInstance {
  readonly dataSet: AsyncIterable<Uint8Array>;
  /** As the data set says, else as the PACS says; undefined when neither does. */
  sopInstanceUid(): Uid | undefined;
}

/** Watches an instance for its name. */
export function namedAs({ dataSet, sopInstanceUid, transferSyntaxUid }: RetrievedInstance): NamedInstance {
  let scanner: HeaderScanner | undefined;
  // A deflated data set is told apart by the PACS alone until it was inflated.
  if (isDeflated(transferSyntaxUid)) return { dataSet, sopInstanceUid: () => sopInstanceUid };
  async function* lookedForName(): AsyncGenerator<Uint8Array, void, undefined> {
    let looked = 0;
    for await (const chunk of dataSet) {
      if (looked < LOOKED_AT_BYTES && nameIn(scanner) === undefined) {
        scanner ??= createHeaderScanner({ form: vrFormOf(transferSyntaxUid), wanted: new Set([TAGS.SOPInstanceUID]) });
        looked = look(scanner, chunk.subarray(0, LOOKED_AT_BYTES - looked)) ? looked + chunk.length : LOOKED_AT_BYTES;
      }
      yield chunk;
    }
  }
  return { dataSet: lookedForName(), sopInstanceUid: () => nameIn(scanner) ?? sopInstanceUid };
}

/** False when the bytes are no data set; whoever cuts them says so. */
function look(scanner: HeaderScanner, bytes: Uint8Array): boolean {
  try {
    scanner.push(bytes);
    return true;
  } catch {
    return false;
  }
}

function nameIn(scanner: HeaderScanner | undefined): Uid | undefined {
  const value = scanner?.values.get(TAGS.SOPInstanceUID);
  if (value === undefined) return undefined;
  return tryParseUid(new TextDecoder('latin1').decode(value.bytes));
}
