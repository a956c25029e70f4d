/** Limits of the import, each with its reason. Reaching one is `IMPORT_LIMIT`. */

/** A JSON file beside a file to import: some forty keywords. */
export const MAX_SIDECAR_BYTES = 65_536;
/** A PDF or CDA document; a scanned dossier of a thousand pages stays below. Encapsulated Document has one length of 32 bits. */
export const MAX_DOCUMENT_BYTES = 1_073_741_824;
/** A picture; 65,535 rows and columns are what DICOM can say, and such a JPEG stays below. */
export const MAX_PICTURE_BYTES = 536_870_912;
/** Sound of a WAV file: RIFF has lengths of 32 bits, and Waveform Data too. */
export const MAX_SOUND_BYTES = 4_294_900_000;
/** A video; a day of surgery in full HD takes about 200 GB. */
export const MAX_VIDEO_BYTES = 1_099_511_627_776;
/** One fragment of Pixel Data: its length has 32 bits, the largest is reserved, and it is even (PS3.5 A.4). */
export const MAX_FRAGMENT_BYTES = 4_294_967_294;
/** Fragments of a longer video: a round size that every reader can hold in a signed number. */
export const FRAGMENT_BYTES = 1_073_741_824;

/** Bytes of XML in which the head of a CDA document is looked for: identifier, code and title are among its first elements. */
export const CDA_HEAD_BYTES = 65_536;
/** Elements inside one another in the head of a CDA document. */
export const CDA_DEPTH = 16;
/** Marker segments before the picture of a JPEG; an ICC profile in pieces, previews and EXIF take some twenty. */
export const JPEG_SEGMENTS = 1_024;
/** Entries of an EXIF directory that are looked at. */
export const EXIF_ENTRIES = 512;
/** Boxes of an MP4 that are looked at; a movie with a few tracks has about a hundred. */
export const MP4_BOXES = 10_000;
/** Boxes inside one another. */
export const MP4_DEPTH = 12;
/** A box that is read whole: a sample description with its parameter sets. */
export const MP4_BOX_BYTES = 65_536;
/** Tracks of an MP4. */
export const MP4_TRACKS = 32;
/** Chunks of a WAV file that are looked at. */
export const WAV_CHUNKS = 256;

/** Bytes that are hashed in one look at a folder before what is left waits for the next look. */
export const HASHED_BYTES_PER_LOOK = 8_589_934_592;
