/** Port: raw DEFLATE (RFC 1951), for Deflated Explicit VR Little Endian (PS3.5 A.5). */
export interface Inflate {
  /**
   * Inflates a stream without ever holding it whole.
   *
   * @param options.maxBytes - More output than this is `DICOM_LIMIT`.
   */
  inflateRaw(bytes: AsyncIterable<Uint8Array>, options: { readonly maxBytes: number }): AsyncIterable<Uint8Array>;
  deflateRaw(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}
