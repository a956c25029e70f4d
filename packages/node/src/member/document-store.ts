/** The federation's documents as peers ask for them: roots first, then the roster, then each member's practitioners. */
import { fromBase64url, decodeEnvelope, parseJcs, PRACTITIONERS_TYPE, ROOT_TYPE } from '@interhosp/core/federation';
import type { DocumentStore, DocumentVersion } from '../peer/index.ts';
import { envelopeHash, type FederationDocuments } from './documents.ts';

interface Named extends DocumentVersion {
  readonly envelope: Uint8Array;
}

/** Documents for `/interhosp/roster/1.0.0`. */
export function documentStore(documents: FederationDocuments): DocumentStore {
  const named = (): readonly Named[] => documents.envelopes().map(nameOf);
  return {
    list: () => Promise.resolve(named().map(({ hash, id, kind, version }) => ({ hash, id, kind, version }))),
    get: (kind, id) => Promise.resolve(named().find((one) => one.kind === kind && one.id === id)?.envelope),
    offer: async (kind, id, _version, bytes) => {
      const known = named().find((one) => one.kind === kind && one.id === id);
      if (known?.hash === envelopeHash(bytes)) return 'known';
      return (await documents.accept([bytes])) ? 'taken' : 'refused';
    },
  };
}

function nameOf(envelope: Uint8Array): Named {
  const { payload, payloadType } = decodeEnvelope(envelope);
  const { orgId, version } = parseJcs(fromBase64url(payload)) as { readonly orgId?: string; readonly version: number };
  const hash = envelopeHash(envelope);
  if (payloadType === ROOT_TYPE) return { envelope, hash, id: String(version), kind: 'root', version };
  if (payloadType === PRACTITIONERS_TYPE) return { envelope, hash, id: orgId ?? '', kind: 'practitioners', version };
  return { envelope, hash, id: 'roster', kind: 'roster', version };
}
