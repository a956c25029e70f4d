/** One work at a time for each key: two exchanges of one study must not file side by side. */
export interface Lanes {
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
}

/** Makes lanes; one exists only while something is in it. */
export function createLanes(): Lanes {
  const last = new Map<string, Promise<unknown>>();
  return {
    run: (key, work) => {
      const run = (last.get(key) ?? Promise.resolve()).then(work);
      const settled = run.catch(() => {}).finally(() => last.get(key) === settled && last.delete(key));
      last.set(key, settled);
      return run;
    },
  };
}
