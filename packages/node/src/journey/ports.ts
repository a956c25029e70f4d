/** What the two journeys are handed by the member that runs them. */
import type { Pacs, PacsSource } from '@interhosp/core/pacs';
import type { MemberId } from '@interhosp/core/study';
import type { Clock, Crypto, Log, Random, Signer } from '@interhosp/core/world';
import type { JournalPosition } from '../journal/index.ts';
import type { KeyVault } from '../keys/index.ts';
import type { FederationDocuments } from '../member/documents.ts';
import type { Ledger } from '../member/ledger.ts';
import type { Slots } from '../member/slots.ts';
import type { PeerStream } from '../peer/index.ts';
import type { Spool } from '../spool/index.ts';
import type { FilingSettings } from './filing-store.ts';
import type { Decoding } from './filing-syntax.ts';
import type { PatientPorts } from './patient.ts';

/** What both need. */
export interface SharedPorts {
  readonly self: MemberId;
  readonly federationId: string;
  readonly documents: FederationDocuments;
  readonly ledger: Ledger;
  readonly spool: Spool;
  readonly keys: KeyVault;
  readonly slots: Slots;
  /** Places for filing: a line that is full of sending does not keep a study from its PACS. */
  readonly filingSlots: Slots;
  /** Without any progress for so long, a person is asked. */
  readonly patienceMs: number;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly log: Log;
  /** How long the bytes of a closed exchange are kept. */
  readonly keepMs: number;
  /** A stream to a member, over whichever of its nodes answers. @throws {PeerError} */
  openStream(member: MemberId, kind: 'transfer' | 'receipt', signal: AbortSignal): Promise<PeerStream>;
  /** The member a peer belongs to, by the roster in force. */
  memberOf(peerId: string): MemberId | undefined;
  /** Logs something that went wrong and is dealt with. */
  note(event: string, error: unknown): void;
}

/** What the way out needs. */
export interface OutboundPorts extends SharedPorts {
  readonly source: PacsSource;
}

/** What the way in needs. */
export interface InboundPorts extends SharedPorts {
  readonly pacs: Pacs;
  readonly filing: FilingSettings;
  readonly random: Random;
  /** Without one nothing is decoded. */
  readonly decoding?: Decoding;
  readonly patients: PatientPorts;
  readonly signer: Signer;
  readonly journalHead: () => JournalPosition;
  /** Runs one filing at a time for each study. */
  lane<T>(studyInstanceUid: string, work: () => Promise<T>): Promise<T>;
}
