/**
 * In which transfer syntax an instance is filed: as it came, wherever the PACS takes that. Otherwise, and only where the
 * site says so, with the same values in a plain syntax; else not at all, and a person is told why.
 */
import type { ErrorCode } from '../errors/index.ts';
import { TRANSFER_SYNTAXES } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import { isPlainSyntax, pixelCodecOf } from './codecs.ts';

/** What a site allows where its PACS does not take an instance as it came. */
export type DecodePolicy =
  /** The default: such an instance is held. */
  | 'never'
  /** Pixels that decode bit by bit are decoded, and elements written in the other VR form. */
  | 'lossless';

/** What is done with an instance. */
export type SyntaxChoice =
  | { readonly kind: 'as-stored' }
  | { readonly kind: 'rewritten'; readonly transferSyntaxUid: Uid }
  | {
      readonly kind: 'refused';
      readonly code: Extract<ErrorCode, 'PACS_CLASS_REFUSED' | 'PACS_SYNTAX_REFUSED'>;
    };

/** Explicit VR first: it says of each element what it is, private ones included. */
const PLAIN = [TRANSFER_SYNTAXES.ExplicitVRLittleEndian, TRANSFER_SYNTAXES.ImplicitVRLittleEndian] as const;

/**
 * Chooses for an instance of one SOP class.
 *
 * @param stored - The transfer syntax in which it came.
 * @param accepted - As `PacsDestination.acceptedSyntaxes` answers: undefined when it is not known, and a store will tell.
 */
export function chooseSyntax(stored: Uid, accepted: readonly Uid[] | undefined, decode: DecodePolicy): SyntaxChoice {
  if (accepted === undefined || accepted.includes(stored)) return { kind: 'as-stored' };
  if (accepted.length === 0) return { code: 'PACS_CLASS_REFUSED', kind: 'refused' };
  const isRewritable = isPlainSyntax(stored) || pixelCodecOf(stored) !== undefined;
  const plain = PLAIN.find((one) => accepted.includes(one));
  if (decode === 'never' || !isRewritable || plain === undefined)
    return { code: 'PACS_SYNTAX_REFUSED', kind: 'refused' };
  return { kind: 'rewritten', transferSyntaxUid: plain };
}
