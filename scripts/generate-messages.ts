// Turns each packages/*/src/**/NAME.proto into NAME.generated.js and NAME.generated.d.ts beside it, which are committed.
// Protons writes TypeScript with enums and namespaces, which Node cannot strip; so we compile it once, here.
//
//   pnpm generate            writes them
//   pnpm generate --check    fails when a committed file is not what the .proto gives

import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const protons = join(root, 'node_modules/protons/dist/bin/protons.js');
const check = process.argv.includes('--check');

for (const proto of globSync('packages/*/src/**/*.proto', { cwd: root })) {
  for (const [file, text] of generate(join(root, proto))) {
    if (!check) writeFileSync(file, text);
    else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
      console.error(`${proto} gives another ${basename(file)}: run pnpm generate`);
      process.exitCode = 1;
    }
  }
}

/** Returns the generated files by their path. */
function generate(proto: string): ReadonlyMap<string, string> {
  const name = basename(proto, '.proto');
  // Beside the .proto, so that the imports of the generated code are found where it will live.
  const folder = mkdtempSync(join(dirname(proto), '.generate-'));
  try {
    execFileSync(process.execPath, [protons, proto, '--output', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    return compile(join(folder, `${name}.ts`), proto);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compile(source: string, proto: string): ReadonlyMap<string, string> {
  const program = ts.createProgram([source], {
    target: ts.ScriptTarget.ES2024,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    declaration: true,
    strict: true,
    skipLibCheck: true,
    removeComments: false,
    newLine: ts.NewLineKind.LineFeed,
    types: [],
  });
  const problems = ts.getPreEmitDiagnostics(program);
  if (problems.length > 0) {
    throw new Error(ts.formatDiagnostics(problems, ts.createCompilerHost(program.getCompilerOptions())));
  }
  const files = new Map<string, string>();
  program.emit(program.getSourceFile(source), (path, text) => {
    const target = join(dirname(proto), basename(path).replace(/(\.d\.ts|\.js)$/, '.generated$1'));
    files.set(target, `// Generated from ${basename(proto)} by \`pnpm generate\`. Change that, not this.\n${text}`);
  });
  return files;
}
