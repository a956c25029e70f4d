/**
 * What one exchange may cost, in one place. Sizes are checked before anything is allocated or parsed; reaching one is
 * `TRANSFER_LIMIT`. They are part of the protocol: a second implementation may count on them.
 */
export { MAX_INSTANCES, MAX_MANIFEST_BYTES, MAX_STUDY_BYTES } from '../study/manifest.ts';

/** Version in the offer; the protocol ID carries the same. */
export const PROTOCOL_VERSION = 1;
/** Protocol ID of the control stream. */
export const TRANSFER_PROTOCOL_ID = '/interhosp/transfer/1.0.0';

/** Largest frame without its length prefix: a block of 1 MiB, or an append with 60,000 digests, with room to spare. */
export const MAX_FRAME_BYTES = 2 * 1024 * 1024;
/** Largest study header, as canonical JSON: demographics are 1 KiB, a study of many modalities and names 4 KiB. */
export const MAX_HEADER_BYTES = 256 * 1024;
/** Most blocks of one instance, so that its digests fit one frame: 58 GiB. */
export const MAX_BLOCKS_PER_INSTANCE = 60_000;
/** Most segments of one instance: room for one a frame of a multi-frame image, later. */
export const MAX_SEGMENTS = 4_096;
/** Most instances that one Held, Want or Durable names; more go in further frames. */
export const MAX_INSTANCES_PER_FRAME = 4_096;
/** Most runs of one instance in one frame: every second block of the largest one. */
export const MAX_RUNS_PER_INSTANCE = MAX_BLOCKS_PER_INSTANCE / 2;
/** Most runs that one frame names over all its instances; more go in further frames. */
export const MAX_RUNS_PER_FRAME = 65_536;
/** Most instances that the source could not give; beyond it the study is held at its source. */
export const MAX_QUARANTINED = 10_000;
/** Largest signed receipt: 10,000 instances named in a partial one. */
export const MAX_RECEIPT_BYTES = MAX_FRAME_BYTES - 1_024;
/** Most receipts in one answer: durable, confirmed, withdrawn, signed anew, and then some. */
export const MAX_RECEIPTS = 8;
/** Most features in an offer. */
export const MAX_FEATURES = 16;
/** Longest pause that a refusal may ask for: the seven days for which an exchange is retried. */
export const MAX_RETRY_AFTER_MS = 7 * 24 * 60 * 60 * 1_000;
/** Most attempts of one transfer. */
export const MAX_ATTEMPT = 1_000_000;

/** Least credit a receiver grants: with a quarter of it withheld, one block still fits. */
export const MIN_CREDIT_BYTES = 2 * 1024 * 1024;
/** Credit unless the receiver says otherwise: 4 MiB a stream (64 MiB a peer, 256 MiB a node are the node's to keep). */
export const DEFAULT_CREDIT_BYTES = 4 * 1024 * 1024;
/** Most credit outstanding: a window of 200 ms at 2.5 Gbit/s. */
export const MAX_CREDIT_BYTES = 64 * 1024 * 1024;

/** Most blocks being read from the spool for one stream: enough for tiny instances to keep the disk busy. */
export const READS_IN_FLIGHT = 32;
/** Most bytes being read from the spool for one stream. */
export const READ_BYTES_IN_FLIGHT = 8 * 1024 * 1024;
/** Instances appended ahead of their blocks: at 80 ms and 2,000 instances a second, a round trip of them and as many again. */
export const APPEND_AHEAD = 512;
