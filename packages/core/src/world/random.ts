/** Port: randomness. */
export interface Random {
  /** `count` bytes fit for keys. */
  bytes(count: number): Uint8Array;
}
