/** Error codes of exchanges between members; see catalogue.ts. */
export const TRANSFER_ERRORS = {
  TRANSFER_REFUSED: {
    retry: 'later',
    text: 'The receiver does not accept the offer',
    fix: 'See the reason code; the offer is repeated by itself where that can help',
  },
  TRANSFER_PROTOCOL: {
    retry: 'no',
    text: 'A message does not fit the state of the exchange',
    fix: 'Update the older of the two members',
  },
  TRANSFER_LIMIT: {
    retry: 'no',
    text: 'The exchange exceeds a limit',
    fix: 'Split the study or raise the limit on both sides',
  },
  TRANSFER_DIGEST_MISMATCH: {
    retry: 'later',
    text: 'A block does not match its digest',
    fix: 'It is sent again by itself',
  },
  TRANSFER_RECEIPT_INVALID: {
    retry: 'no',
    text: 'A receipt does not verify',
    fix: 'Treat the study as not delivered, and call the other member',
  },
  TRANSFER_RECEIPT_FOREIGN: {
    retry: 'no',
    text: 'A receipt speaks of another transfer',
    fix: 'Treat the study as not delivered, and call the other member',
  },
  TRANSFER_STUDY_CONFLICT: {
    retry: 'no',
    text: 'The PACS already holds this study under another patient or with other pixels',
    fix: 'A person decides; nothing was overwritten',
  },
  TRANSFER_NOT_CONFIRMED: {
    retry: 'later',
    text: 'The PACS was not seen to hold every instance under the intended patient',
    fix: 'Confirmation is repeated by itself, then held for a person',
  },
  TRANSFER_UNKNOWN: {
    retry: 'no',
    text: 'There is no such exchange',
    fix: 'List the exchanges with interhosp jobs',
  },
  TRANSFER_HELD: {
    retry: 'later',
    text: 'The exchange waits for a person at the receiver',
    fix: 'Nothing; it goes on by itself once a person there has released it',
  },
  TRANSFER_PARTIAL: {
    retry: 'no',
    text: 'Some instances of the study were not sent or not filed; the others are in the PACS of the receiver',
    fix: 'Look at them with interhosp job, settle them, then interhosp release; their bytes are kept until then',
  },
  TRANSFER_ABANDONED: {
    retry: 'no',
    text: 'The sender has not gone on with this exchange for as long as the site waits',
    fix: 'Call the sender, or cancel the exchange with interhosp cancel',
  },
  TRANSFER_CANCELLED: {
    retry: 'no',
    text: 'The exchange was cancelled',
    fix: 'Send the study again if that was wrong',
  },
  TRANSFER_STATE: {
    retry: 'no',
    text: 'Two records contradict each other',
    fix: 'Do not continue; verify the journal',
  },
  TRANSFER_MANIFEST_MISMATCH: {
    retry: 'no',
    text: 'The sealed manifest is not the one that was received',
    fix: 'Send the study again as a new exchange; nothing of this one was filed as complete',
  },
  TRANSFER_RECORD_INVALID: {
    retry: 'no',
    text: 'A record of the journal cannot be read',
    fix: 'Do not continue this exchange; verify the journal and report the record shown',
  },
  TRANSFER_RECORD_VERSION: {
    retry: 'no',
    text: 'A record of the journal was written by a newer version',
    fix: 'Update this program',
  },
} as const;
