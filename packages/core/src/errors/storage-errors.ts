/** Error codes of journal, spool and store; see catalogue.ts. */
export const STORAGE_ERRORS = {
  STORAGE_FULL: {
    retry: 'later',
    text: 'The disk is full',
    fix: 'Free space in the data folder; nothing that was accepted is lost, work goes on by itself',
  },
  STORAGE_FAILED: {
    retry: 'later',
    text: 'A write to disk failed, and whether it took effect is unknown',
    fix: 'Check the disk; the part is written again before it is trusted',
  },
  STORAGE_LOCKED: {
    retry: 'no',
    text: 'Another process works in this data folder',
    fix: 'Stop the other member first',
  },
  STORAGE_JOURNAL_DAMAGED: {
    retry: 'no',
    text: 'The journal does not verify',
    fix: 'Do not start; restore the data folder from a backup and report the offset shown',
  },
  STORAGE_JOURNAL_TORN: {
    retry: 'no',
    text: 'The journal lost records that had been acknowledged',
    fix: 'Restore the data folder from a backup, then let the peers resend',
  },
  STORAGE_PACK_DAMAGED: {
    retry: 'later',
    text: 'A block in the spool does not verify',
    fix: 'Before the seal it is fetched again by itself; after it, cancel the exchange and have the study sent again',
  },
  STORAGE_KEY_ERASED: {
    retry: 'no',
    text: 'The key of this exchange has been erased',
    fix: 'Nothing; the exchange was expunged',
  },
  STORAGE_KEY_DAMAGED: {
    retry: 'no',
    text: 'A key file does not verify',
    fix: 'Restore the key folder from a backup; what is sealed under this key cannot be read until then',
  },
  STORAGE_INDEX_DAMAGED: {
    retry: 'later',
    text: 'A value of the index does not verify',
    fix: 'It is rebuilt by itself, from the journal or its records; if records were lost, fill the registry or run interhosp rebuild',
  },
  STORAGE_VERSION: {
    retry: 'no',
    text: 'The data folder was written by a newer version',
    fix: 'Update this program',
  },
} as const;
