/** Error codes of importing what is not DICOM: documents, pictures, videos, sound; see catalogue.ts. */
export const IMPORT_ERRORS = {
  IMPORT_IDENTITY_MISSING: {
    retry: 'no',
    text: 'Nothing says whose file this is, or of which study',
    fix: 'Put a JSON file beside it, `report.pdf.json` or `import.json`, with StudyInstanceUID, or AccessionNumber and PatientID',
  },
  IMPORT_SIDECAR_INVALID: {
    retry: 'no',
    text: 'The JSON file beside a file to import cannot be used',
    fix: 'Use DICOM keywords with values that fit them; see the field, and the list in docs/operating.md',
  },
  IMPORT_STUDY_UNKNOWN: {
    retry: 'later',
    text: 'The folder does not hold the study that a file is said to belong to',
    fix: 'Put the study there, or give PatientID, PatientName and PatientBirthDate beside the StudyInstanceUID of a new one',
  },
  IMPORT_STUDY_AMBIGUOUS: {
    retry: 'no',
    text: 'More than one study or patient fits what is said of a file',
    fix: 'Give StudyInstanceUID and PatientID with its IssuerOfPatientID',
  },
  IMPORT_CONFLICT: {
    retry: 'no',
    text: 'What is said of a file contradicts its study, or another file of it',
    fix: 'Have a person look at it: the file may be of another patient; then correct the JSON file',
  },
  IMPORT_VALUE_MISSING: {
    retry: 'no',
    text: 'An attribute is missing that an object of this kind must have',
    fix: 'Add it to the JSON file beside the file; see the field',
  },
  IMPORT_MALFORMED: {
    retry: 'no',
    text: 'The file is cut off, damaged, or not what its name says',
    fix: 'Copy it again from its source',
  },
  IMPORT_UNSUPPORTED: {
    retry: 'no',
    text: 'DICOM has no place for this variant of the format',
    fix: 'Convert the file; see the reason, and docs/operating.md for how',
  },
  IMPORT_LIMIT: {
    retry: 'no',
    text: 'The file exceeds a limit of the import',
    fix: 'Split the file; limits are listed in docs/operating.md',
  },
} as const;
