/**
 * A data set as it is walked: its elements, by random access, and how they are written. What a transfer syntax puts around
 * them, DEFLATE, is taken off here and put on again by {@link spliceStream}.
 */
import type { Inflate } from '../world/inflate.ts';
import { webInflate } from '../world/web-inflate.ts';
import type { ByteSource } from './byte-source.ts';
import type { VrForm } from './encode.ts';
import { inflatedSource } from './inflated-source.ts';
import { isDeflated, TRANSFER_SYNTAXES, vrFormOf } from './transfer-syntax.ts';
import type { Uid } from './uid.ts';

/** How a data set is opened. */
export interface OpenDataSetOptions {
  /** Default: the streams of the web platform. */
  readonly inflate?: Inflate;
  /** What is broken behind the header does not matter; default false. Only a deflated data set is known to be broken here. */
  readonly isTolerant?: boolean;
  readonly signal?: AbortSignal;
}

/** An open data set; {@link close} ends the inflater that may stand behind it. */
export interface OpenDataSet {
  readonly form: VrForm;
  /** Plain elements. For a deflated data set its length is known once `measure` was called. */
  readonly source: ByteSource;
  /** Reads a deflated data set to its end once. @throws {DicomError} `DICOM_LIMIT`, `DICOM_TRUNCATED`, `DICOM_MALFORMED` */
  measure(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a data set in any transfer syntax. Nothing is read yet. */
export function openDataSet(source: ByteSource, transferSyntaxUid: Uid, options: OpenDataSetOptions = {}): OpenDataSet {
  if (!isDeflated(transferSyntaxUid)) {
    return { form: vrFormOf(transferSyntaxUid), source, measure: nothing, close: nothing };
  }
  const { inflate = webInflate, ...rest } = options;
  const inflated = inflatedSource(source, { ...rest, inflate });
  return {
    form: vrFormOf(TRANSFER_SYNTAXES.ExplicitVRLittleEndian),
    source: inflated,
    async measure() {
      await inflated.measure();
    },
    close: () => inflated.close(),
  };
}

/** Opens a data set for one purpose, and closes it whatever comes of that. */
export async function withDataSet<T>(
  source: ByteSource,
  transferSyntaxUid: Uid,
  options: OpenDataSetOptions,
  use: (dataSet: OpenDataSet) => Promise<T>,
): Promise<T> {
  const dataSet = openDataSet(source, transferSyntaxUid, options);
  try {
    return await use(dataSet);
  } finally {
    await dataSet.close();
  }
}

function nothing(): Promise<void> {
  return Promise.resolve();
}
