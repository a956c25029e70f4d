/**
 * `pnpm demo`: two hospitals of Liège on this machine, each with a PACS, a patient directory and a member of its own, send
 * each other studies. The story is in play.ts; what happened is asked from both PACS (evidence.ts) and proved by the
 * signed receipts (receipts.ts).
 */
import { parseOptions, USAGE, UsageError, type DemoOptions } from './options.ts';
import { checkPacsInstalled } from './pacs-start.ts';
import { play, type DemoFigures } from './play.ts';
import { Interrupted, openStage } from './stage.ts';
import { createStory } from './story.ts';

/** Exit codes; 130 is what a shell gives for Ctrl-C. */
const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options.help) {
      process.stdout.write(`${USAGE}\n`);
      return EXIT.done;
    }
    checkPacsInstalled(options.pacs);
    return await perform(options);
  } catch (error) {
    if (error instanceof Interrupted) return EXIT.interrupted;
    const text = error instanceof UsageError ? error.message : ((error as Error).stack ?? String(error));
    process.stderr.write(`\ndemo: ${text}\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
}

async function perform(options: DemoOptions): Promise<number> {
  const story = createStory(options);
  const stage = await openStage();
  try {
    const { figures, keep } = await play(stage, story, options);
    if (options.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
    if (options.keep) await keep();
    return isGood(figures) ? EXIT.done : EXIT.failed;
  } finally {
    await stage.close();
  }
}

function isGood({ filed, lost, problems, receipts, sent }: DemoFigures): boolean {
  return lost === 0 && problems === 0 && filed === sent && receipts === 2 * sent;
}
