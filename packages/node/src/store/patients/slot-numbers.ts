/** A number for each slot, 0 unless one was set; grows as slots are counted up. */

type Numbers = Uint32Array | Float64Array;

/** See the file's head. */
export interface SlotNumbers {
  get(slot: number): number;
  set(slot: number, value: number): void;
  /** One more than the highest slot that was given a number other than 0. */
  readonly end: number;
}

const FIRST_LENGTH = 1_024;

/** @param Kind - How wide a number is. */
export function slotNumbers(Kind: new (length: number) => Numbers): SlotNumbers {
  let numbers = new Kind(FIRST_LENGTH);
  let end = 0;
  return {
    get end() {
      return end;
    },
    get: (slot) => numbers[slot] ?? 0,
    set(slot, value) {
      if (slot >= numbers.length) {
        if (value === 0) return;
        const longer = new Kind(Math.max(slot + 1, Math.ceil(numbers.length * 1.5)));
        longer.set(numbers);
        numbers = longer;
      }
      numbers[slot] = value;
      if (value !== 0 && slot >= end) end = slot + 1;
    },
  };
}
