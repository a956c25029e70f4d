/** Error codes of patient directories and reconciliation; see catalogue.ts. */
export const RECONCILIATION_ERRORS = {
  RECONCILIATION_DIRECTORY_UNAVAILABLE: {
    retry: 'later',
    text: 'The patient directory cannot be read',
    fix: 'Check its address or file; arrivals wait meanwhile',
  },
  RECONCILIATION_DIRECTORY_INVALID: {
    retry: 'no',
    text: 'The patient directory holds a row that cannot be used',
    fix: 'Correct the row shown, or its columns',
  },
  RECONCILIATION_FILE_INVALID: {
    retry: 'no',
    text: 'A file of patients, or of the truth about them, holds a row that cannot be used',
    fix: 'Correct the line and column shown, as interhosp reconcile --help describes them',
  },
  RECONCILIATION_PATIENT_UNKNOWN: {
    retry: 'no',
    text: 'The patient directory does not know this patient ID',
    fix: 'Check the ID, or have the patient registered first',
  },
  RECONCILIATION_NOT_IN_REVIEW: {
    retry: 'no',
    text: 'The exchange is not waiting for a decision',
    fix: 'List what waits with interhosp review list',
  },
  RECONCILIATION_RECORD_INVALID: {
    retry: 'no',
    text: 'A recorded decision cannot be read',
    fix: 'Update the software if the record is newer than it; otherwise check the journal with interhosp audit verify',
  },
} as const;
