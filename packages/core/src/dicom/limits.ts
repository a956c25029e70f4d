/**
 * What a data set may cost to read. A header of a real study stays far below each; reaching one is `DICOM_LIMIT` and a
 * matter for a person.
 */
export const DICOM_LIMITS = {
  /** Sequences inside one another. Enhanced multi-frame objects have about 10, deep SR trees about 30. */
  depth: 64,
  /** Elements and items that are looked at, nested ones included; an enhanced MR of 10,000 frames has some 500,000. */
  elements: 1_000_000,
  /** Bytes read while looking for the next element, long values not included. */
  headerBytes: 64 * 1024 * 1024,
  /** Longest value that is collected from a header: names, UIDs, small sequences. */
  valueBytes: 64 * 1024,
  /** Original Attributes Sequence, which grows with each hospital; held in memory while a plan is made. */
  originalAttributesBytes: 4 * 1024 * 1024,
  /** File meta information: a dozen short elements and at most one private value. */
  metaBytes: 1024 * 1024,
  /** Zero bytes after the last element, which some writers add to fill a sector. */
  paddingBytes: 64 * 1024,
  /** What a deflated data set may hold (PS3.5 A.5). */
  inflatedBytes: 16 * 1024 * 1024 * 1024,
  /** Up to this, whatever the proportion: an empty segmentation of 64 MiB is deflated a thousandfold. */
  inflatedFreeBytes: 64 * 1024 * 1024,
  /** Above it, times the bytes that were read; images are deflated two- to fivefold, masks a hundredfold. */
  inflatedRatio: 200,
} as const;
