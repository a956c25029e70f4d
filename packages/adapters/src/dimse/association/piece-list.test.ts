import { describe, expect, it } from 'vitest';
import { PieceList } from './piece-list.ts';

describe('pieces that are kept', () => {
  it('are few, however short they came, and the same bytes', () => {
    const list = new PieceList();
    const count = 100_000;
    for (let at = 0; at < count; at++) list.push(Uint8Array.of(at % 251));
    expect(list.lengthBytes).toBe(count);
    expect(list.pieces.length).toBeLessThan(1_200);
    expect(Buffer.concat(list.take())).toEqual(Buffer.from(Array.from({ length: count }, (_, at) => at % 251)));
    expect([list.lengthBytes, list.take()]).toEqual([0, []]);
  });

  it('are in memory of their own when they were joined', () => {
    const list = new PieceList();
    for (let at = 0; at < 1_024; at++) list.push(new Uint8Array(2));
    const [run] = list.take();
    expect(run?.length).toBe(2_048);
    expect(run?.buffer.byteLength).toBe(2_048);
  });

  it('are those that came where they are long', () => {
    const list = new PieceList();
    const pieces = Array.from({ length: 3_000 }, () => new Uint8Array(1_000));
    for (const piece of pieces) list.push(piece);
    expect(list.take().every((piece, at) => piece === pieces[at])).toBe(true);
  });
});
