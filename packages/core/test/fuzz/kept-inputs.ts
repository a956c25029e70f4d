/** Inputs that every fuzzer of DICOM bytes runs first: shapes that broke a reader. From the hexadecimal of its message. */

/** Each with what it does. */
const KEPT: ReadonlyArray<readonly [what: string, hex: string]> = [
  ['a sequence of undefined length that ends with the bytes', '08000500535100000000ffffffff'],
  ['an item in UN whose element runs past it', '09005010554e000010000000feff00e0080000000800301064000000'],
];

/** The bytes of each. */
export function keptInputs(): readonly Uint8Array[] {
  return KEPT.map(([, hex]) => new Uint8Array(Buffer.from(hex, 'hex')));
}
