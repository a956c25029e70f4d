/** A storage SCP that does what a test tells it to, on the associations of the adapter itself. */
import type { Uid } from '@interhosp/core/dicom';
import { answerContexts, type SyntaxChoice } from '../src/dimse/association/accept-association.ts';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import type { AssociateRequest, AssociateReject } from '../src/dimse/association/associate.ts';
import type { Association } from '../src/dimse/association/association.ts';
import { COMMANDS } from '../src/dimse/association/command-set.ts';
import { performStore, type IncomingInstance } from '../src/dimse/store/incoming-store.ts';
import { listen } from '../src/dimse/association/listener.ts';
import type { PeerAddress } from '../src/dimse/association/request-association.ts';
import { SOP_CLASSES } from '../src/dimse/association/uids.ts';

/** What is scripted; the rest is a PACS in good health that takes everything. */
export interface ScpScript {
  /** Syntaxes taken for a SOP class; default any. */
  syntaxesOf?(sopClassUid: Uid): SyntaxChoice | undefined;
  /** Rejects a request. */
  reject?(request: AssociateRequest, count: number): AssociateReject | undefined;
  /** Called when an instance begins; the status, or `abort`. Its bytes were read before unless it reads them. */
  answer?(received: ReceivedInstance, association: Association): number | 'abort' | Promise<number | 'abort'>;
}

/** An instance that came in whole. */
export interface ReceivedInstance extends Pick<
  IncomingInstance,
  'sopClassUid' | 'sopInstanceUid' | 'transferSyntaxUid' | 'callingAe'
> {
  readonly bytes: Uint8Array;
}

/** A running SCP. */
export interface ScriptedScp extends AsyncDisposable {
  readonly peer: PeerAddress;
  readonly port: number;
  /** Requests for an association, in order. */
  readonly requests: readonly AssociateRequest[];
  /** Instances that came in whole, in order. */
  readonly received: readonly ReceivedInstance[];
  /** Associations at this moment. */
  readonly associations: number;
  /** The most there were at a time. */
  readonly mostAssociations: number;
}

/** Whatever comes first. */
const anyOf: SyntaxChoice = (offered) => offered[0];

/** Begins to listen on a free port. */
export async function startScriptedScp(script: ScpScript = {}): Promise<ScriptedScp> {
  const requests: AssociateRequest[] = [];
  const received: ReceivedInstance[] = [];
  let most = 0;
  const listener = await listen({
    port: 0,
    decide(request) {
      requests.push(request);
      const reject = script.reject?.(request, requests.length);
      if (reject !== undefined) return { reject };
      const syntaxesOf = (uid: Uid) =>
        uid === SOP_CLASSES.verification || script.syntaxesOf === undefined ? anyOf : script.syntaxesOf(uid);
      return { contexts: answerContexts(request.contexts, syntaxesOf), roles: [] };
    },
    async serve(association, signal) {
      most = Math.max(most, listener.associations);
      for (;;) {
        const message = await association.receive({ signal });
        if (message === undefined) return await association.release();
        if (message.command.field !== COMMANDS.storeRequest) return association.abort();
        await performStore(association, message, (instance) => take(instance, association), signal);
        if (!association.isOpen) return;
      }
    },
    maxAssociationsPerAe: 64,
  });
  async function take(instance: IncomingInstance, association: Association): Promise<number> {
    const { callingAe, sopClassUid, sopInstanceUid, transferSyntaxUid } = instance;
    const bytes = await instance.dataSet.whole(64 * 1_048_576);
    const whole = { bytes, callingAe, sopClassUid, sopInstanceUid, transferSyntaxUid };
    received.push(whole);
    const status = (await script.answer?.(whole, association)) ?? 0;
    if (status !== 'abort') return status;
    association.abort();
    return 0;
  }
  return {
    port: listener.port,
    peer: {
      host: '127.0.0.1',
      port: listener.port,
      calledAe: parseAeTitle('PACS'),
      callingAe: parseAeTitle('INTERHOSP'),
    },
    requests,
    received,
    get associations() {
      return listener.associations;
    },
    get mostAssociations() {
      return most;
    },
    [Symbol.asyncDispose]: () => listener.stop(),
  };
}
