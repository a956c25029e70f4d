/** Bytes as lower-case hexadecimal digits and back. */
import { TransferError } from '../errors/interhosp-error.ts';

/** Two lower-case digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** @throws {TransferError} `TRANSFER_PROTOCOL` when the text is not an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw new TransferError('TRANSFER_PROTOCOL', { details: { kind: 'hex' } });
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16);
  return bytes;
}
