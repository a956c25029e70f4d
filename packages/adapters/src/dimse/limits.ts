/** Limits of associations and messages (PS3.8, PS3.7). Reaching one ends the association with an error that has a name. */

/** P-DATA-TF PDUs up to this length are announced and taken; a longer one is refused before it is read. DCMTK's largest. */
export const MAX_PDU_BYTES = 131_072;

/** What a peer may at most make us send in one PDU, also when it announces no limit (0). */
export const MAX_SENT_PDU_BYTES = 131_072;

/** The smallest announced limit that we send to: below, an association would be all headers. */
export const MIN_SENT_PDU_BYTES = 256;

/** A-ASSOCIATE PDUs: 128 contexts with some twenty transfer syntaxes each take about 200 kB. */
export const MAX_ASSOCIATE_BYTES = 262_144;

/** Release and abort PDUs have four bytes. */
export const MAX_CONTROL_BYTES = 4;

/** Presentation contexts of an association: identifiers are odd numbers below 256 (PS3.8 9.3.2.2). */
export const MAX_CONTEXTS = 128;

/** Transfer syntaxes of one context; PS3.6 knows about sixty. */
export const MAX_CONTEXT_SYNTAXES = 128;

/** Sub-items of the user information: one role per SOP class, and a dozen others. */
export const MAX_USER_ITEMS = 512;

/** A command set: a dozen short elements, and at most one list of offending tags. */
export const MAX_COMMAND_BYTES = 65_536;

/** From the first byte of a command set to its last. */
export const COMMAND_MS = 30_000;

/** Presentation data values without a byte, one after the other: they say nothing, and take room in what is held. */
export const MAX_EMPTY_VALUES = 256;

/** Bytes of a data set that nobody wants any more which are let pass, so that the next message can come; then it is enough. */
export const MAX_DISCARDED_BYTES = 17_179_869_184;

/** An identifier of a query, an answer, or the information of an event or action, held in memory. */
export const MAX_IDENTIFIER_BYTES = 1_048_576;

/** Bytes of a data set that are held until somebody reads them; the socket waits when there are more. */
export const INBOX_HIGH_WATER_BYTES = 1_048_576;

/** Below this the socket goes on. */
export const INBOX_LOW_WATER_BYTES = INBOX_HIGH_WATER_BYTES / 2;

/** What a held piece costs beside its bytes: a view and its place in a list. A peer may send one byte in each. */
export const HELD_PIECE_BYTES = 128;

/** Bytes given to the socket before waiting until it has sent them. */
export const OUTBOX_HIGH_WATER_BYTES = 1_048_576;

/** ARTIM: from the connection to the request, and from our last word to the end of the connection (PS3.8 9.1.5). */
export const ARTIM_MS = 10_000;

/** Bytes that a peer may send behind the end of an association before it is cut off. */
export const MAX_LATE_BYTES = 8_388_608;

/** Until the connection stands. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Until a request for an association is answered; old PACS look up the calling host first. */
export const ASSOCIATE_TIMEOUT_MS = 30_000;

/** Silence of the peer while it owes us something. */
export const INACTIVITY_MS = 60_000;

/** Silence of a client that has an association and asks for nothing. */
export const IDLE_MS = 60_000;

/** Associations served at the same time, in all and by calling AE title. */
export const MAX_ASSOCIATIONS = 64;
export const MAX_ASSOCIATIONS_PER_AE = 8;

/** Connections that have not asked for an association yet; the oldest goes when another comes. */
export const MAX_PENDING_CONNECTIONS = 128;

/** Beginning of a deflated data set that is held to read its header from; real headers inflate from a few kilobytes. */
export const HELD_HEADER_BYTES = 262_144;

/** Objects up to this length are held until they are whole and packed; longer ones are written as they come, to their own file. */
export const WHOLE_OBJECT_BYTES = 1_048_576;

/** A pack of short objects. All of it stays on the disk until the last of them goes. */
export const PACK_BYTES = 67_108_864;

/** Space that is written ahead in a pack, and for objects up to which length: longer ones would have everything written twice. */
export const ZEROED_BYTES = 1_048_576;
export const ZEROED_FOR_BYTES = 65_536;

/** Bytes of an object after which it is synced while more come in. */
export const EARLY_SYNC_BYTES = 33_554_432;

/** A disk that takes longer for one small object is not waited for by everybody else, for so many times as long. */
export const SLOW_SYNC_MS = 20;
export const SLOW_DISK_PAUSES = 50;

/** Bytes read at a time from a received object. */
export const READ_PIECE_BYTES = 524_288;

/** Bytes that stay free on the disk of received objects; below, instances are refused as out of resources. */
export const MIN_FREE_BYTES = 2_147_483_648;

/** Bytes of one study that are received; whole-body and cardiac studies have some ten gigabytes. */
export const MAX_STUDY_BYTES = 274_877_906_944;

/** Instances that are held; the index of each takes about two kilobytes of memory. */
export const MAX_HELD_INSTANCES = 500_000;

/** Days that a study is held at least after its last instance came. */
export const RETENTION_DAYS = 30;

/** Time between two looks for studies that were held long enough. */
export const EXPIRY_CHECK_MS = 3_600_000;

/** Headers read at the same time when the index is built; the thread pool of Node has four threads. */
export const PARALLEL_READS = 8;

/**
 * Associations over which one store goes, by default and at most. Old PACS serve one; none serves many well; and DCMTK's dcmqrscp
 * gives two that it serves at once the same file name now and then, and answers success to both.
 */
export const STORE_ASSOCIATIONS = 1;
export const MAX_STORE_ASSOCIATIONS = 4;

/** Instances that are read ahead from the source of a store. */
export const READ_AHEAD_INSTANCES = 32;

/** Outcomes that wait for their reader; no further instance is sent when there are more. */
export const MAX_UNREAD_OUTCOMES = 256;

/** How long a store waits for more instances before it plans contexts for those at hand. */
export const GATHER_MS = 30;

/** How long an association for storing stays open without work; PACS end idle ones after half a minute or so. */
export const STORE_IDLE_MS = 10_000;

/** Associations that may be lost one after the other, without an answer between, until a store is given up. */
export const MAX_LOSSES_IN_A_ROW = 4;

/** Until a peer agrees to a release; after that it is an abort. */
export const RELEASE_WITHIN_MS = 5_000;

/** Instances of one transaction of storage commitment; larger studies take several. */
export const MAX_COMMITMENT_REFERENCES = 20_000;

/** A request or report of so many instances, with room. */
export const MAX_COMMITMENT_BYTES = 8_388_608;

/** Transactions of storage commitment that wait for a report, in either role. */
export const MAX_COMMITMENTS = 1_000;

/** Instances of all of them together: they are held in memory, with some 300 bytes each. */
export const MAX_COMMITMENT_REFERENCES_IN_ALL = 100_000;

/** Pauses between attempts to deliver a report; the last one again and again. */
export const REPORT_PAUSES_MS: readonly number[] = [1_000, 10_000, 60_000, 300_000, 1_800_000];

/** How long a report is tried to be delivered. */
export const REPORT_FOR_MS = 604_800_000;

/** How long an association is held open after a request for commitment, for those who report on it. */
export const REPORT_HERE_MS = 3_000;

/** How long a report is waited for: what was filed stands in the PACS by then, and only its receipt waits. */
export const REPORT_WITHIN_MS = 30_000;

/** How long a question is remembered to which no report came. */
export const COMMITMENT_FOR_MS = 2_592_000_000;
