/** How often each name is borne in a registry: a Peeters who agrees says less than a Chauiquin. */
import type { LocalPatient } from '../study/index.ts';
import { registeredName } from './name-forms.ts';

/** Bearers of names. Names are glued (see {@link NameForms}); one that nobody bears counts 0. */
export interface NameCounts {
  /** Patients with a name. */
  readonly total: number;
  family(glued: string): number;
  given(glued: string): number;
}

/** Counts that follow a registry. */
export class CountedNames implements NameCounts {
  readonly #families = new Map<string, number>();
  readonly #givens = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  family(glued: string): number {
    return this.#families.get(glued) ?? 0;
  }

  given(glued: string): number {
    return this.#givens.get(glued) ?? 0;
  }

  /** @param by - 1 for a patient who came, -1 for one who went. */
  count({ name }: LocalPatient, by: 1 | -1): void {
    const registered = registeredName(name?.alphabetic);
    if (registered === undefined) return;
    this.#total += by;
    countIn(this.#families, registered.family.glued, by);
    countIn(this.#givens, registered.given.glued, by);
  }
}

function countIn(counts: Map<string, number>, glued: string, by: number): void {
  if (glued === '') return;
  const count = (counts.get(glued) ?? 0) + by;
  if (count === 0) counts.delete(glued);
  else counts.set(glued, count);
}
