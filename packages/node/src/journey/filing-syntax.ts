/**
 * In which transfer syntax an instance is filed: as the PACS says that it takes it, and as the site's policy allows. Asked
 * when an instance is announced, before its bytes travel, and again when it is filed.
 */
import type { ByteSource, DateTime, Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type { PacsDestination } from '@interhosp/core/pacs';
import {
  chooseSyntax,
  rewriteInstance,
  type DecodePolicy,
  type RewrittenInstance,
  type SyntaxChoice,
} from '@interhosp/core/pixels';
import type { InstanceEntry, MemberId } from '@interhosp/core/study';
import type { PixelDecoder } from '@interhosp/core/world';

/** What a site allows, and what it decodes with. */
export interface Decoding {
  readonly policy: DecodePolicy;
  readonly decoder: PixelDecoder;
}

/** What the choice depends on. */
export interface SyntaxPorts {
  readonly pacs: Pick<PacsDestination, 'acceptedSyntaxes'>;
  /** Without one nothing is rewritten. */
  readonly decoding?: Decoding;
}

/** What an instance is, as far as a PACS takes it or not. */
export type InstanceKind = Pick<InstanceEntry, 'sopClassUid' | 'transferSyntaxUid'>;

/** The choice for one instance. @throws {PacsError} when the PACS must be asked and does not answer. */
export async function syntaxFor(
  { sopClassUid, transferSyntaxUid }: InstanceKind,
  { decoding, pacs }: SyntaxPorts,
  signal: AbortSignal,
): Promise<SyntaxChoice> {
  const accepted = await pacs.acceptedSyntaxes?.(sopClassUid, { signal });
  return chooseSyntax(transferSyntaxUid, accepted, decoding?.policy ?? 'never');
}

/** Why an instance is not filed. */
export function refusal(code: 'PACS_CLASS_REFUSED' | 'PACS_SYNTAX_REFUSED', kind: InstanceKind): PacsError {
  const { sopClassUid, transferSyntaxUid } = kind;
  return new PacsError(code, { details: { sopClassUid, transferSyntaxUid } });
}

/** Whether a code says that the PACS takes no such instance, however often it is tried. */
export function isRefusalOfKind(code: string | undefined): code is 'PACS_CLASS_REFUSED' | 'PACS_SYNTAX_REFUSED' {
  return code === 'PACS_CLASS_REFUSED' || code === 'PACS_SYNTAX_REFUSED';
}

/** An instance in a plain syntax. @throws {DicomError} `DICOM_PIXELS_UNDECODABLE` and others, with retry `no` */
export function inPlainSyntax(
  source: ByteSource,
  change: { readonly from: Uid; readonly to: Uid },
  by: { readonly decoding: Decoding; readonly member: MemberId; readonly time: DateTime; readonly signal: AbortSignal },
): Promise<RewrittenInstance> {
  const { decoding, member, signal, time } = by;
  return rewriteInstance(source, change.from, {
    decoder: decoding.decoder,
    rewriter: { member, time },
    signal,
    to: change.to,
  });
}
