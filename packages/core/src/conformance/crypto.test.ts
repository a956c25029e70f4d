import { describe, it } from 'vitest';
import { nodeCrypto, testSigner } from '../../test/node-crypto.ts';
import { cryptoConformance, signerConformance } from './crypto.ts';

// The port that the tests of core use; the node's own runs in packages/node/src/world/conformance.test.ts.
cryptoConformance({ describe, it }, { name: 'tests of core', create: () => nodeCrypto });
signerConformance(
  { describe, it },
  { name: 'tests of core', create: () => Promise.resolve(testSigner('conformance')), crypto: nodeCrypto },
);
