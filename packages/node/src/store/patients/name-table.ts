/** How often names are borne: all counts in memory, since a question asks for hundreds, and their rows on the disk. */
import { registeredName, type NameCounts } from '@interhosp/core/patients';
import type { LocalPatient } from '@interhosp/core/study';

/** Counts of names, written with what the name is: `f!peeters`, `g!maria`. */
export class NameTable implements NameCounts {
  readonly #counts = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  family(glued: string): number {
    return this.#counts.get(`f!${glued}`) ?? 0;
  }

  given(glued: string): number {
    return this.#counts.get(`g!${glued}`) ?? 0;
  }

  countOf(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  set(name: string, count: number): void {
    if (count === 0) this.#counts.delete(name);
    else this.#counts.set(name, count);
  }

  addTotal(by: number): void {
    this.#total += by;
  }

  clear(): void {
    this.#counts.clear();
    this.#total = 0;
  }
}

/** The names of a patient as {@link NameTable} has them; undefined for one without a name. */
export function namesOf({ name }: LocalPatient): readonly string[] | undefined {
  const registered = registeredName(name?.alphabetic);
  if (registered === undefined) return undefined;
  const { family, given } = registered;
  return [...(family.glued === '' ? [] : [`f!${family.glued}`]), ...(given.glued === '' ? [] : [`g!${given.glued}`])];
}
