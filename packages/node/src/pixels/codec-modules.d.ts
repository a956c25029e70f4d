// What is used of the codecs of cornerstonejs, which bring no types, and of WebAssembly, which only the browser's libraries
// declare.

declare const WebAssembly: {
  readonly Memory: { readonly prototype: { readonly buffer: ArrayBuffer; grow(pages: number): number } };
  readonly RuntimeError: new () => Error;
};

declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  interface JpegLsDecoder {
    getEncodedBuffer(lengthBytes: number): Uint8Array;
    decode(): void;
    /** A view of its memory. */
    getDecodedBuffer(): Uint8Array;
    getFrameInfo(): {
      readonly width: number;
      readonly height: number;
      readonly bitsPerSample: number;
      readonly componentCount: number;
    };
    /** 0: component by component; 1: by line; 2: by sample. */
    getInterleaveMode(): number;
    delete(): void;
  }
  const create: (options: import('./worker-codecs.ts').EmscriptenOptions) => Promise<{
    readonly JpegLSDecoder: new () => JpegLsDecoder;
  }>;
  export default create;
}

declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  interface Jpeg2000Decoder {
    getEncodedBuffer(lengthBytes: number): Uint8Array;
    decode(): void;
    /** A view of its memory. */
    getDecodedBuffer(): Uint8Array;
    getFrameInfo(): {
      readonly width: number;
      readonly height: number;
      readonly bitsPerSample: number;
      readonly componentCount: number;
      readonly isSigned: boolean;
    };
    getIsReversible(): boolean;
    delete(): void;
  }
  const create: (options: import('./worker-codecs.ts').EmscriptenOptions) => Promise<{
    readonly J2KDecoder: new () => Jpeg2000Decoder;
  }>;
  export default create;
}
