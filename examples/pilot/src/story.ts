/** How the demonstration tells what happens: to people, on standard output, or on standard error beside `--json`. */

/** Tells the story. */
export interface Story {
  /** A chapter. */
  chapter(title: string): void;
  /** A sentence or a block of text. */
  say(text?: string): void;
  /** A command as a person would type it, and what it printed. */
  command(line: string, output: string): void;
  /** Where progress bars may be drawn. */
  readonly stream: NodeJS.WriteStream;
}

/** A story on one of the two streams. */
export function createStory(options: { readonly json: boolean }): Story {
  const stream = options.json ? process.stderr : process.stdout;
  const write = (text: string) => void stream.write(`${text}\n`);
  const emphasis = (text: string) => (stream.isTTY ? `\u001b[1m${text}\u001b[0m` : text);
  let chapters = 0;
  return {
    stream,
    chapter: (title) => write(`\n${emphasis(`${++chapters}. ${title}`)}`),
    say: (text = '') => write(text === '' ? '' : indented(text)),
    command: (line, output) => write(`\n${indented(emphasis(`$ ${line}`))}\n${indented(output.trimEnd())}`),
  };
}

/** Lines up columns; the first row is the heading. */
export function table(rows: ReadonlyArray<readonly string[]>): string {
  const [heading = []] = rows;
  const widths = heading.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [line(heading), rule, ...rows.slice(1).map(line)].map((text) => text.trimEnd()).join('\n');
}

/** `5.3 MB` */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '   ');
}
