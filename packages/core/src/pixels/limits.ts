/**
 * What a compressed image may cost to decode. Reaching one is `DICOM_PIXELS_UNDECODABLE` (or `DICOM_LIMIT` where it is the
 * structure), and the instance is held with its bytes.
 */
export const PIXEL_LIMITS = {
  /** One decoded frame: 8,000 × 8,000 × 16 bit. A decoder holds a frame several times over. */
  frameBytes: 128 * 1024 * 1024,
  /** One coded frame; the codecs hardly ever make a frame larger than it was. */
  codedFrameBytes: 160 * 1024 * 1024,
  /** Frames of one instance: slides have tens of thousands. */
  frames: 1_000_000,
  /** Fragments of one instance; their places are held while it is decoded. */
  fragments: 2_000_000,
  /** Pixel Data of defined length (PS3.5 7.1.2): FFFFFFFEH would be even, FFFFFFFFH means undefined. */
  pixelDataBytes: 0xffff_fffe,
  /** Tile-parts and marker segments of one frame that are looked at; one tile-part for each tile is usual. */
  markerSegments: 200_000,
} as const;
