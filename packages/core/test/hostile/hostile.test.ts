// Each class of attack by its name: what is accepted is whole and harmless, the rest refused with a code, and little is used.
import { describe, expect, it } from 'vitest';
import { coerceInstance, type Coercion, type CoercionInput } from '../../src/coercion/index.ts';
import {
  bytesSource,
  part10Header,
  readPart10,
  spliceStream,
  tryParseUid,
  type ByteSource,
} from '../../src/dicom/index.ts';
import { interpretIncomplete, readHeaderValues, STUDY_HEADER_TAGS } from '../../src/dicom/read-study-header.ts';
import { errorCodeOf } from '../../src/errors/index.ts';
import { parseMemberId } from '../../src/study/index.ts';
import { chunksOf, collect } from '../streams.ts';
import {
  countBombs,
  deepNesting,
  deflateBombs,
  disorder,
  harmless,
  hostileText,
  hostileUids,
  lengthBombs,
  misplacedMarks,
  polyglotPreambles,
  type HostileFile,
} from './hostile-files.ts';

const INPUT: CoercionInput = {
  patient: { patientId: { id: 'L-77', issuer: 'LOCAL' } },
  sender: parseMemberId('be-sender'),
  receiver: parseMemberId('be-receiver'),
  time: { epochMs: 0, utcOffsetMinutes: 0 },
};

const CLASSES: ReadonlyArray<readonly [what: string, files: readonly HostileFile[]]> = [
  ['preambles that are programs (CVE-2019-11687)', polyglotPreambles()],
  ['nesting without end (CVE-2015-8979)', deepNesting()],
  ['lengths that ask for memory (CVE-2025-2357, CVE-2024-28130, CVE-2026-5440)', lengthBombs()],
  ['millions of small things', countBombs()],
  ['marks and undefined lengths in wrong places (CVE-2022-2119 and its kin)', misplacedMarks()],
  ['identifiers that are paths or commands (CVE-2022-2120)', hostileUids()],
  ['deflate bombs', deflateBombs()],
  ['disorder', disorder()],
  ['text that escapes and floods', hostileText()],
  ['what is harmless', harmless()],
];

/** What a file is judged with, as `coerce` and the journey do it; what is asked for is counted. */
async function judged({ bytes }: HostileFile) {
  const { dataSet, sopClassUid, sopInstanceUid, transferSyntaxUid } = await readPart10(chunksOf(bytes, 4096));
  const source = counting(bytesSource(await collect(dataSet)));
  const coercion: Coercion = await coerceInstance(source, transferSyntaxUid, INPUT);
  const result = await collect(spliceStream(coercion.plan, source));
  const values = await readHeaderValues(bytesSource(result), transferSyntaxUid, STUDY_HEADER_TAGS);
  const names = interpretIncomplete(values).identity;
  const head = part10Header({
    sopClassUid:
      names.sopClassUid ??
      sopClassUid ??
      (() => {
        throw new Error('no name');
      })(),
    sopInstanceUid:
      names.sopInstanceUid ??
      sopInstanceUid ??
      (() => {
        throw new Error('no name');
      })(),
    transferSyntaxUid,
  });
  return { ...coercion, head, names, result };
}

/** No read may ask for more than a copy does: a length in a file must not become a buffer. */
function counting(source: ByteSource): ByteSource {
  return {
    lengthBytes: source.lengthBytes,
    read(offset, length) {
      expect(length).toBeLessThanOrEqual(4 * 1024 * 1024);
      return source.read(offset, length);
    },
  };
}

describe('hostile files', () => {
  it.each(CLASSES)('%s', async (_, files) => {
    const before = process.memoryUsage();
    for (const file of files) {
      const outcome = await judged(file).then(
        (done) => ({ code: undefined, done }),
        (error: unknown) => ({ code: errorCodeOf(error) ?? `no code: ${String(error)}`, done: undefined }),
      );
      const { code, done } = outcome;
      if (code !== undefined) expect(code, file.name).toMatch(/^DICOM_[A-Z_0-9]+$/);
      if (file.verdict === 'accepted') expect(code, file.name).toBeUndefined();
      if (file.verdict === 'refused') expect(code, file.name).toBeDefined();
      if (file.verdict.startsWith('DICOM_')) expect(code, file.name).toBe(file.verdict);
      if (done === undefined) continue;
      // Whatever stood before the prefix, nothing foreign stands there now.
      expect(
        [...done.head.subarray(0, 128)].every((byte) => byte === 0),
        file.name,
      ).toBe(true);
      expect(done.result.length, file.name).toBe(done.plan.lengthBytes);
      for (const uid of Object.values(done.names)) expect(tryParseUid(uid), file.name).toBe(uid);
    }
    const after = process.memoryUsage();
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(200_000_000);
  });

  it('are more than two hundred, no two alike in name', () => {
    const names = CLASSES.flatMap(([what, files]) => files.map(({ name }) => `${what}: ${name}`));
    expect(names.length).toBeGreaterThan(200);
    expect(new Set(names).size).toBe(names.length);
  });
});
