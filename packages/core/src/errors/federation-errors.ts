/** Error codes of rosters, envelopes and permissions; see catalogue.ts. */
export const FEDERATION_ERRORS = {
  FEDERATION_ENVELOPE_INVALID: {
    retry: 'no',
    text: 'The signed document is not in canonical form',
    fix: 'Fetch it again from another member',
  },
  FEDERATION_SIGNATURE_INVALID: {
    retry: 'no',
    text: 'The signatures do not reach the threshold of the keys trusted for this document',
    fix: 'Check the federation ID and ask the operator for a valid document',
  },
  FEDERATION_ROLLBACK: {
    retry: 'no',
    text: 'The document is older than one already seen',
    fix: 'Fetch the newest roster from any member',
  },
  FEDERATION_EQUIVOCATION: {
    retry: 'no',
    text: 'Two different documents carry the same version',
    fix: 'Stop adding members and call the federation operator; both documents are kept as proof',
  },
  FEDERATION_EXPIRED: {
    retry: 'later',
    text: 'The roster has expired',
    fix: 'Ask the operator for a renewed roster; emergencies between existing members still go',
  },
  FEDERATION_FOREIGN: {
    retry: 'no',
    text: 'The document belongs to another federation',
    fix: 'Check the federation ID in the configuration',
  },
  FEDERATION_CHAIN_BROKEN: {
    retry: 'later',
    text: 'The document does not follow the one held here',
    fix: 'Fetch the versions between',
  },
  FEDERATION_MEMBER_UNKNOWN: {
    retry: 'no',
    text: 'The roster names no such member',
    fix: 'Check the member ID, or pull a newer roster',
  },
  FEDERATION_NOT_PERMITTED: {
    retry: 'no',
    text: 'The roster does not permit this',
    fix: 'Ask the federation operator to widen the permissions of the member',
  },
  FEDERATION_LIMIT: {
    retry: 'no',
    text: 'The document exceeds a limit',
    fix: 'Ask the operator for a smaller document',
  },
} as const;
