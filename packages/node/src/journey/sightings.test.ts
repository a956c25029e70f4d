import { describe, expect, it } from 'vitest';
import { uidOf } from '../../test/journey/archive.ts';
import { Sightings, type Sighting } from './sightings.ts';

function sighting(changes: Partial<Sighting>): Sighting {
  return {
    countedMs: 0,
    dueMs: 0,
    failures: 0,
    instances: 1,
    isDone: false,
    isSplit: false,
    lookedMs: 0,
    sinceMs: 0,
    ...changes,
  };
}

describe('sightings', () => {
  it('forget what was looked at longest ago when there is no room, and say so', () => {
    let full = 0;
    const sightings = new Sightings(() => full++, 3);
    for (const number of [1, 2, 3]) sightings.set(uidOf(number), sighting({}));
    sightings.set(uidOf(1), sighting({ lookedMs: 1 }));
    expect(full).toBe(0);
    sightings.set(uidOf(4), sighting({}));
    expect([full, sightings.size, sightings.get(uidOf(2))]).toEqual([1, 3, undefined]);
    expect(sightings.get(uidOf(1))).toMatchObject({ lookedMs: 1 });
  });

  it('are pruned of what was dealt with and is seen no more; what is open stays', () => {
    const sightings = new Sightings(() => {});
    sightings.set(uidOf(1), sighting({ isDone: true, lookedMs: 9 }));
    sightings.set(uidOf(2), sighting({ isDone: true, lookedMs: 10 }));
    sightings.set(uidOf(3), sighting({ lookedMs: 9 }));
    sightings.prune(10);
    expect([1, 2, 3].filter((number) => sightings.get(uidOf(number)) !== undefined)).toEqual([2, 3]);
  });

  it('are due when their time has come and no poll looks at them', () => {
    const sightings = new Sightings(() => {});
    sightings.set(uidOf(1), sighting({ dueMs: 20, lookedMs: 9 }));
    sightings.set(uidOf(2), sighting({ dueMs: 21, lookedMs: 9 }));
    sightings.set(uidOf(3), sighting({ dueMs: 20, lookedMs: 10 }));
    sightings.set(uidOf(4), sighting({ dueMs: Number.POSITIVE_INFINITY, isDone: true, lookedMs: 9 }));
    expect([...sightings.due(20, 10).keys()]).toEqual([uidOf(1)]);
  });
});
