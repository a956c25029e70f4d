/** Error codes of PACS adapters; see catalogue.ts. */
export const PACS_ERRORS = {
  PACS_UNREACHABLE: {
    retry: 'later',
    text: 'The PACS does not answer',
    fix: 'Check that it runs and that address, port and firewall are right',
  },
  PACS_ABORTED: {
    retry: 'later',
    text: 'The connection to the PACS ended in the middle of an operation',
    fix: 'The operation is repeated by itself; if it goes on, look into the log of the PACS at this time',
  },
  PACS_REFUSED: {
    retry: 'no',
    text: 'The PACS refuses this request',
    fix: 'Check the permissions of this member in the PACS',
  },
  PACS_UNAUTHORIZED: {
    retry: 'no',
    text: 'The PACS does not accept the credentials',
    fix: 'Correct the credentials in the configuration',
  },
  PACS_BUSY: {
    retry: 'later',
    text: 'The PACS is busy or out of resources',
    fix: 'Wait; the exchange is retried by itself',
  },
  PACS_PROTOCOL: {
    retry: 'later',
    text: 'The PACS answered in a form that cannot be understood',
    fix: 'Report the product and version; the exchange is retried, then held',
  },
  PACS_TOO_MANY: {
    retry: 'no',
    text: 'The search matches more than the limit',
    fix: 'Narrow the search',
  },
  PACS_DESTINATION_UNKNOWN: {
    retry: 'no',
    text: 'The PACS does not know where to send what is moved',
    fix: 'Enter the AE title, address and port of this member in the PACS as a destination, or retrieve by C-GET or DICOMweb',
  },
  PACS_STUDY_UNKNOWN: {
    retry: 'no',
    text: 'The PACS does not hold this study',
    fix: 'Check the Study Instance UID',
  },
  PACS_INSTANCE_REFUSED: {
    retry: 'no',
    text: 'The PACS refused an instance',
    fix: 'See the reason code; the instance is kept and reported in the receipt',
  },
  PACS_INCOMPLETE: {
    retry: 'later',
    text: 'The PACS delivered fewer instances than it holds',
    fix: 'The retrieval is repeated by itself',
  },
  PACS_READ_ONLY: {
    retry: 'no',
    text: 'This adapter cannot store',
    fix: 'Configure a destination that can',
  },
  PACS_WRITE_ONLY: {
    retry: 'no',
    text: 'This adapter cannot search or retrieve',
    fix: 'Configure a source that can',
  },
  PACS_REDIRECTED: {
    retry: 'no',
    text: 'The PACS pointed to another origin',
    fix: 'Configure the final address; redirects and foreign addresses are never followed',
  },
  PACS_SYNTAX_REFUSED: {
    retry: 'no',
    text: 'The PACS does not take instances of this kind in the transfer syntax in which they come',
    fix: 'Let the PACS take the syntax, allow lossless decoding (filing.decode), or have the source send another; then release',
  },
  PACS_CLASS_REFUSED: {
    retry: 'no',
    text: 'The PACS takes no instances of this SOP class',
    fix: 'Let the PACS take the class, then release; until then these instances are kept',
  },
} as const;
