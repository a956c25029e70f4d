/** Error codes of connections between members; see catalogue.ts. */
export const PEER_ERRORS = {
  PEER_UNREACHABLE: {
    retry: 'later',
    text: 'The member cannot be dialled',
    fix: 'Check its addresses in the roster and the outbound firewall; dialling goes on by itself',
  },
  PEER_UNKNOWN: {
    retry: 'no',
    text: 'The peer is not in the roster',
    fix: 'Pull a newer roster, or ask the operator to admit the member',
  },
  PEER_REFUSED: {
    retry: 'no',
    text: 'The member refused the connection or the stream',
    fix: 'Both sides must hold a roster that names the other',
  },
  PEER_CLOSED: {
    retry: 'later',
    text: 'The connection ended in the middle of an exchange',
    fix: 'The exchange resumes by itself',
  },
  PEER_TIMEOUT: {
    retry: 'later',
    text: 'The member was silent for too long',
    fix: 'The exchange resumes by itself',
  },
  PEER_PROTOCOL: {
    retry: 'no',
    text: 'The member sent a frame that breaks the protocol',
    fix: 'Update the older of the two members',
  },
  PEER_LIMIT: {
    retry: 'later',
    text: 'A limit on connections, streams or frame size was reached',
    fix: 'Wait; if it persists raise the limit in the configuration',
  },
  PEER_IDENTITY: {
    retry: 'later',
    text: 'Another node than the one dialled answers at this address',
    fix: 'Correct the address of the member in the roster',
  },
  PEER_LISTEN: {
    retry: 'later',
    text: 'The host cannot listen on its address',
    fix: 'Check the listen addresses in the configuration and that no other program holds the port',
  },
} as const;
