/**
 * The way of a study into this hospital, step by step. Two regions run side by side, the bytes and the patient; filing
 * needs both. Each step is recorded before the next begins, so that after a crash at any point the same list goes on.
 */
import type { LiveExchange } from '../member/live-exchange.ts';
import { crashpoint } from '../world/index.ts';
import { expunge } from './expunge.ts';
import { fileStudy } from './filing.ts';
import { settlePatient } from './patient.ts';
import { mustBePermitted } from './permission.ts';
import type { InboundPorts } from './ports.ts';
import { deliverReceipts, signConfirmed, signDurable } from './receipts.ts';
import { together } from './together.ts';

/** From the offer to the erasure here. @throws What a supervisor retries, or holds for a person. */
export async function inbound(x: LiveExchange, ports: InboundPorts, signal: AbortSignal): Promise<void> {
  const { header } = x.required('OFFER_SEEN');
  await together(
    signal,
    (both) => settleBytes(x, ports, both),
    (both) => settlePatient(x, ports.patients, both),
  );

  await ports.lane(x.facts.studyInstanceUid, () =>
    ports.slots.run(
      x.facts.priority,
      async () => {
        mustBePermitted(x, ports, 'receive', header.modalities, 'file');
        if (!x.state.has('CONFIRMED')) {
          const pack = await ports.spool.open(x.id);
          await fileStudy(x, pack, { ...ports, settings: ports.filing }, signal);
          await pack.close();
        }
      },
      { signal },
    ),
  );
  await x.step('R2_SIGNED', () => signConfirmed(x, ports));
  crashpoint('C22', 'receiver');

  await deliverReceipts(x, ports, signal);
  await x.step('CLOSED', () => ({}));
  await expunge(x, ports, signal);
}

/** The bytes come by the sender's streams (receive.ts); here is what follows once they are all durable. */
async function settleBytes(x: LiveExchange, ports: InboundPorts, signal: AbortSignal): Promise<void> {
  await x.until(() => x.state.has('SEALED'), signal);
  crashpoint('C11', 'receiver');
  await x.step('VERIFIED', () => ({}));
  crashpoint('C12', 'receiver');
  await x.step('R1_SIGNED', () => signDurable(x, ports));
}
