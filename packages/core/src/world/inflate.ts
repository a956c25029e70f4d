/** Port: raw DEFLATE (RFC 1951), for Deflated Explicit VR Little Endian (PS3.5 A.5). */
export interface Inflate {
  /**
   * Inflates a stream without ever holding it whole. Bytes behind its last block are not looked at.
   *
   * @param options.maxBytes - More output than this is `DICOM_LIMIT`, and no more is given out before.
   * @throws {DicomError} `DICOM_LIMIT`; `DICOM_TRUNCATED` when the stream ends early; `DICOM_MALFORMED` when it is none.
   */
  inflateRaw(bytes: AsyncIterable<Uint8Array>, options: { readonly maxBytes: number }): AsyncIterable<Uint8Array>;
  deflateRaw(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}
