/** What DICOM says of a video, whichever way it is coded. */
import type { Uid } from '@interhosp/core/dicom';

/** What the parameter sets of a coded video say. */
export interface Coding {
  /** Lossy Image Compression Method (0028,2114). */
  readonly method: 'ISO_14496_10' | 'ISO_23008_2';
  /** Transfer syntax of a stream in one fragment, and of one in several. */
  readonly syntax: { readonly single: Uid; readonly fragments: Uid };
  /** Whether the syntax of one fragment allows several (PS3.5 8.2.10). */
  readonly mayBeFragmentedAlways: boolean;
  readonly bits: 8 | 10;
  readonly rows: number;
  readonly columns: number;
}

/** How a picture is to be turned to stand upright; mirrored ones are refused. */
export type QuarterTurns = 0 | 1 | 2 | 3;

/** A video as it lies in a file, container and all. */
export interface Video extends Coding {
  readonly frames: number;
  readonly durationMs: number;
  /** Clockwise, as a player would. */
  readonly quarterTurns: QuarterTurns;
  /** Sound that comes with it: one entry a track. */
  readonly sound: readonly ('MONO' | 'STEREO')[];
  readonly lengthBytes: number;
}
