/** Splits what is too much for one frame over several: Held, Want and Durable name instances by the thousand. */
import type { InstanceRuns } from './frames.ts';
import { MAX_INSTANCES_PER_FRAME, MAX_RUNS_PER_FRAME } from './limits.ts';

/** The instances in order, in as few pages as the limits of a frame allow; no page is empty. */
export function pagesOf<I extends InstanceRuns>(instances: readonly I[]): readonly (readonly I[])[] {
  const pages: I[][] = [];
  let page: I[] = [];
  let runs = 0;
  for (const instance of instances) {
    const isFull = page.length === MAX_INSTANCES_PER_FRAME || runs + instance.runs.length > MAX_RUNS_PER_FRAME;
    if (isFull && page.length > 0) {
      pages.push(page);
      page = [];
      runs = 0;
    }
    page.push(instance);
    runs += instance.runs.length;
  }
  if (page.length > 0) pages.push(page);
  return pages;
}
