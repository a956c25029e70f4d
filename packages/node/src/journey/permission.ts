/** The roster, asked at each stage of an exchange: a removal works at once, in the middle of one. */
import { FederationError } from '@interhosp/core/errors';
import { mayExchange, type ExchangeStage } from '@interhosp/core/federation';
import type { LiveExchange } from '../member/live-exchange.ts';
import type { SharedPorts } from './ports.ts';

/** @throws {FederationError} `FEDERATION_NOT_PERMITTED` and others, when the roster in force does not permit it. */
export function mustBePermitted(
  x: LiveExchange,
  ports: Pick<SharedPorts, 'clock' | 'documents' | 'log' | 'self'>,
  action: 'send' | 'receive',
  modalities: readonly string[],
  stage: ExchangeStage,
): void {
  const { clock, documents, log, self } = ports;
  const { peer, priority, purpose } = x.facts;
  const [from, to] = action === 'send' ? [self, peer] : [peer, self];
  const permission = mayExchange(documents.state(), {
    action,
    from,
    modalities,
    nowMs: clock.now(),
    priority,
    purpose,
    stage,
    to,
  });
  if (!permission.allowed) {
    throw new FederationError(permission.code, {
      details: { member: permission.member ?? peer, reason: permission.reason },
    });
  }
  if (permission.alarm !== undefined)
    log.write('error', 'federation.roster.expired-emergency', { exchangeId: x.id, member: peer });
}
