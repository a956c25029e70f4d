/**
 * Whether the receipts of a study hold: signed under the receiver's key, and about exactly what was made here. Manifest
 * root and transfer ID are computed from our own bytes, not asked for.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import type { TrustedKeys } from '@interhosp/core/federation';
import { cutInstance, manifestRootOf, transferIdOf } from '@interhosp/core/study';
import type { ExchangeId, InstanceEntry, MemberId } from '@interhosp/core/study';
import { statusDigestOf, verifyReceipt, type Receipt } from '@interhosp/core/transfer';
import type { Crypto } from '@interhosp/core/world';
import type { MadeStudy } from './scenario.ts';

/** What one study's receipts prove. */
export interface StudyReceipts {
  /** Those that hold. */
  readonly proved: ReadonlyArray<'R1' | 'R2'>;
  /** Sentences about what is missing or does not hold. */
  readonly problems: readonly string[];
}

/** An exchange as far as a receipt names it, with the envelopes that are said to be its receipts. */
export interface ClaimedReceipts {
  readonly exchangeId: ExchangeId;
  readonly attempt: number;
  readonly receipts: ReadonlyArray<{ readonly envelope: string }>;
}

/** Who sent to whom, and whose keys count. */
export interface ReceiptParties {
  readonly fedId: string;
  readonly sender: MemberId;
  readonly receiver: MemberId;
  /** The receiver's, from the roster. */
  readonly keys: TrustedKeys;
}

/** RFC 8410: what precedes the 32 bytes of an Ed25519 key in DER. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** Checks every receipt of a study, and that there are both. */
export async function checkReceipts(
  made: MadeStudy,
  { attempt, exchangeId, receipts }: ClaimedReceipts,
  { fedId, keys, receiver, sender }: ReceiptParties,
): Promise<StudyReceipts> {
  const { bytes, studyInstanceUid } = made;
  const entries = await Promise.all(made.instances.map(entryOf));
  const manifestRoot = manifestRootOf(entries, hashesAndSignatures);
  const transferId = transferIdOf(
    { federationId: fedId, manifestRoot, purpose: 'treatment', receiver, sender, studyInstanceUid },
    hashesAndSignatures,
  );
  const facts = { attempt, bytes, exchangeId, fedId, instances: entries.length, manifestRoot };
  const expected = { ...facts, receiver, sender, transferId };
  const proved = new Set<'R1' | 'R2'>();
  const problems: string[] = [];
  for (const { envelope } of receipts) {
    try {
      const bytesOfEnvelope = new TextEncoder().encode(envelope);
      const receipt = verifyReceipt(bytesOfEnvelope, { crypto: hashesAndSignatures, expected, keys });
      const problem = whatItLacks(receipt, entries);
      if (problem === undefined) proved.add(receipt.kind === 'durable' ? 'R1' : 'R2');
      else problems.push(problem);
    } catch (error) {
      problems.push(`a receipt does not hold: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  for (const kind of ['R1', 'R2'] as const) if (!proved.has(kind)) problems.push(`receipt ${kind} is missing`);
  return { proved: [...proved].toSorted(), problems };
}

/** The entry that these bytes have in the manifest. */
async function entryOf({ dataSet, transferSyntaxUid }: MadeStudy['instances'][number]): Promise<InstanceEntry> {
  const once = (async function* () {
    yield dataSet;
  })();
  return (await cutInstance({ dataSet: once, transferSyntaxUid }, hashesAndSignatures, async () => {})).entry;
}

/** R2 must speak of every instance, and say of each that it was filed. */
function whatItLacks({ kind, receipt }: Receipt, entries: readonly InstanceEntry[]): string | undefined {
  if (kind === 'durable') return undefined;
  if (receipt.filed !== entries.length || receipt.partial.length > 0) return 'receipt R2 is a partial one';
  const filed = entries.map(({ sopInstanceUid }) => ({ sopInstanceUid, status: 'filed' }) as const);
  const isOfThese = receipt.statusDigest === statusDigestOf(filed, hashesAndSignatures);
  return isOfThese ? undefined : 'receipt R2 speaks of other instances';
}

const notHere = (): never => {
  throw new Error('nothing is sealed or opened here');
};

/** By node:crypto directly, apart from the members' own. */
export const hashesAndSignatures: Crypto = {
  sha256: () => {
    const hash = createHash('sha256');
    return {
      update(bytes) {
        hash.update(bytes);
        return this;
      },
      digest: () => new Uint8Array(hash.digest()),
    };
  },
  verifyEd25519: (publicKey, message, signature) => {
    const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
    return verify(null, message, key, signature);
  },
  seal: notHere,
  open: notHere,
};
