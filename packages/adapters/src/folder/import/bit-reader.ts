/** Bits of a parameter set, with Exp-Golomb codes (ISO/IEC 14496-10 9.1, 23008-2 9.2). */
import { malformed } from './refusal.ts';

/** Reads from the first bit on. */
export interface BitReader {
  /** At most 32 bits, as an unsigned number. @throws {ImportError} `IMPORT_MALFORMED` at the end of the bytes */
  bits(count: number): number;
  flag(): boolean;
  skip(count: number): void;
  /** ue(v) */
  unsigned(): number;
  /** se(v) */
  signed(): number;
}

/** A longer prefix has no 32-bit value. */
const MAX_PREFIX = 31;

/** Reads the payload of a NAL unit without its header; emulation prevention bytes are taken out. */
export function bitReader(nalPayload: Uint8Array): BitReader {
  const bytes = withoutEmulationPrevention(nalPayload);
  let at = 0;
  const bit = (): number => {
    const byte = bytes[at >>> 3];
    if (byte === undefined) throw malformed('parameter-set');
    return (byte >>> (7 - (at++ & 7))) & 1;
  };
  const bits = (count: number): number => {
    let value = 0;
    for (let left = count; left > 0; left--) value = value * 2 + bit();
    return value;
  };
  const unsigned = (): number => {
    let zeros = 0;
    while (bit() === 0) if (++zeros > MAX_PREFIX) throw malformed('parameter-set');
    return 2 ** zeros - 1 + bits(zeros);
  };
  return {
    bits,
    flag: () => bit() === 1,
    skip(count) {
      at += count;
    },
    unsigned,
    signed() {
      const code = unsigned();
      return code % 2 === 0 ? -(code / 2) : (code + 1) / 2;
    },
  };
}

/** 00 00 03 stands for 00 00 (ISO/IEC 14496-10 7.4.1.1). */
function withoutEmulationPrevention(bytes: Uint8Array): Uint8Array {
  const kept: number[] = [];
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    kept.push(byte);
  }
  return Uint8Array.from(kept);
}
