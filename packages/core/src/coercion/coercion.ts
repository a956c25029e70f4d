/** What a coercion is told, and what it answers. */
import type { CharacterSetPolicy, DateTime, SplicePlan } from '../dicom/index.ts';
import type { LocalPatient, MemberId } from '../study/index.ts';

/** What happens to the source's Accession Number where no local order is known. */
export type AccessionPolicy =
  /** Emptied: a foreign number could attach the study to an order of this hospital. */
  | { readonly kind: 'empty' }
  /** `prefix` before the number, when both fit into 16 characters; else emptied. */
  | { readonly kind: 'prefix'; readonly prefix: string };

/** What a site decides once. */
export interface CoercionPolicy extends CharacterSetPolicy {
  /** Default `empty`. */
  readonly accession?: AccessionPolicy;
  /**
   * Issuers whose identifiers are national numbers. Items of Other Patient IDs that name one are dropped, unless
   * `writeNationalNumber`.
   */
  readonly nationalNumberIssuers?: readonly string[];
  /** Writes the local patient's national number into Other Patient IDs, under this issuer. Default: it is not written. */
  readonly writeNationalNumber?: { readonly issuer: string };
  /** Digital signatures over changed attributes no longer verify: kept and flagged (default), or removed. */
  readonly digitalSignatures?: 'keep' | 'remove';
}

/** The local order a study belongs to, where one is known. */
export interface LocalOrder {
  readonly accessionNumber: string;
  /** An OID, or a local name of who issues accession numbers. */
  readonly accessionIssuer?: string;
  readonly placerOrderNumber?: string;
  readonly fillerOrderNumber?: string;
  readonly requestedProcedureId?: string;
  readonly requestedProcedureDescription?: string;
  readonly admissionId?: string;
}

/** Everything a coercion depends on, beside the bytes. The same input gives the same bytes. */
export interface CoercionInput {
  readonly patient: LocalPatient;
  readonly order?: LocalOrder;
  /** Whose values are replaced; stands in for the issuer of a source ID that names none. */
  readonly sender: MemberId;
  readonly receiver: MemberId;
  /** Modifying System (0400,0563), ASCII, at most 64 characters; default `Interhosp`. */
  readonly systemName?: string;
  /** Fixed once per transfer, so that a repeat is identical. */
  readonly time: DateTime;
  readonly policy?: CoercionPolicy;
}

/** What a person should know of an instance that was coerced. */
export type CoercionFlag =
  /** Identifiers of the source stand where they are not coerced: a report, a document, a nested sequence, burned-in text. */
  | 'contains-source-identifiers'
  /** Digital signatures are there and no longer verify. */
  | 'digital-signatures-invalid'
  /** A nested structure could not be followed, so the other flags may be incomplete. */
  | 'structure-unreadable'
  /** A UID of study, series, instance or SOP class is missing or none: such an instance is neither sent nor filed. */
  | 'identifiers-missing';

/** A coerced instance: what to send, and what differs. */
export interface Coercion {
  readonly plan: SplicePlan;
  /** Tags that differ, eight upper-case hex digits each, ascending. */
  readonly changed: readonly string[];
  readonly flags: readonly CoercionFlag[];
}
