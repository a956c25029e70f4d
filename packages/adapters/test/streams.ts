// Streams as tests need them.

/** Everything a stream yields. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Every byte of a stream. */
export async function allBytes(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return Buffer.concat(await all(stream));
}
