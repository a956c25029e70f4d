/** Port: randomness. */
export interface Random {
  /** `count` bytes fit for keys, however many; memory of their own. */
  bytes(count: number): Uint8Array;
}
