/** Error codes of DICOM bytes; see catalogue.ts. */
export const DICOM_ERRORS = {
  DICOM_UID_INVALID: {
    retry: 'no',
    text: 'The text is not a DICOM UID',
    fix: 'Use digits and dots, at most 64 characters, no component with a leading zero (PS3.5 9.1)',
  },
  DICOM_NOT_PART10: {
    retry: 'no',
    text: 'The file has no DICOM preamble and file meta information',
    fix: 'Export it again as a DICOM file (PS3.10 7.1)',
  },
  DICOM_TRUNCATED: {
    retry: 'no',
    text: 'The data set ends in the middle of an element',
    fix: 'Retrieve the instance again from its source',
  },
  DICOM_MALFORMED: {
    retry: 'no',
    text: 'The data set cannot be walked',
    fix: 'Have the source repaired; the instance is quarantined with its bytes',
  },
  DICOM_LIMIT: {
    retry: 'no',
    text: 'The data set exceeds a limit of the parser',
    fix: 'Have a person look at the quarantined instance; limits are listed in docs',
  },
  DICOM_TRANSFER_SYNTAX_UNSUPPORTED: {
    retry: 'no',
    text: 'Instances in this transfer syntax cannot be coerced yet',
    fix: 'Send the instance in another transfer syntax',
  },
  DICOM_CHARSET: {
    retry: 'no',
    text: 'The new text cannot be written in the character set of the data set',
    fix: 'Allow the switch to ISO_IR 192 for this destination, or correct the local name',
  },
  DICOM_CHARSET_UNDECLARED: {
    retry: 'no',
    text: 'The data set holds bytes outside ASCII but declares no character set',
    fix: 'Declare the character set of this source in the configuration',
  },
  DICOM_VALUE_INVALID: {
    retry: 'no',
    text: 'The value does not fit its value representation',
    fix: 'Correct the value in the system that supplies it',
  },
  DICOM_IDENTITY_MISSING: {
    retry: 'no',
    text: 'The data set lacks an identifier that every instance must have',
    fix: 'Have the source repaired; Study, Series and SOP Instance UID are required',
  },
  DICOM_PIXELS_UNDECODABLE: {
    retry: 'no',
    text: 'The compressed pixels cannot be decoded without loss',
    fix: 'Have the source send the instance in a transfer syntax that the PACS takes; its bytes are kept',
  },
} as const;
