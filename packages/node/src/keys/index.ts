export { createKeyVault, openKeyVault } from './key-vault.ts';
export type { ExchangeKeys, KeyVault, KeyVaultOptions } from './key-vault.ts';
export { SCRYPT_COST } from './master-key.ts';
export type { ScryptCost } from './master-key.ts';
export {
  MAX_PASSPHRASE_BYTES,
  MIN_PASSPHRASE_BYTES,
  newPassphrase,
  readPassphrase,
  refuseExposed,
} from './passphrase.ts';
