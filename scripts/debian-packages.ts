// The programs the tests run against, and how they get onto a Debian machine. Nothing else in the repository needs root.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A Debian package, and a program or file that tells it is there on a machine without dpkg. */
interface NeededPackage {
  readonly name: string;
  readonly program?: string;
  readonly file?: string;
}

const needed: readonly NeededPackage[] = [
  { name: 'orthanc', program: 'Orthanc' },
  { name: 'orthanc-dicomweb', file: '/usr/share/orthanc/plugins/libOrthancDicomWeb.so' },
  { name: 'dcmtk', program: 'storescu' },
  { name: 'libgdcm-tools', program: 'gdcmconv' },
  { name: 'dicom3tools', program: 'dciodvfy' },
  { name: 'chromium', program: 'chromium' },
  { name: 'nginx', program: 'nginx' },
  { name: 'python3-pydicom', file: '/usr/lib/python3/dist-packages/pydicom/__init__.py' },
  { name: 'strace', program: 'strace' },
];

const aptAttempts = 3;

/**
 * Makes sure that the test servers are installed: with apt where that is possible, otherwise by saying what is missing.
 *
 * @returns What somebody has to do by hand; `undefined` when everything is there.
 */
export function ensureDebianPackages(): string | undefined {
  const missing = needed.filter((each) => !isInstalled(each)).map((each) => each.name);
  if (missing.length === 0) return undefined;

  const byHand = [
    `The tests need these Debian packages: ${missing.join(' ')}`,
    `Install them with: sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing.join(' ')}`,
  ].join('\n');
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !onPath('apt-get')) return byHand;

  console.log(`installing ${missing.join(' ')}`);
  for (let attempt = 1; attempt <= aptAttempts; attempt++) {
    const log = runApt(['update'], ['install', '-y', '--no-install-recommends', ...missing]);
    if (log === undefined) return undefined;
    if (attempt === aptAttempts) return `${log}\n${byHand}`;
  }
  return byHand;
}

function isInstalled(each: NeededPackage): boolean {
  if (onPath('dpkg-query')) {
    const answer = spawnSync('dpkg-query', ['-W', '-f=${db:Status-Status}', each.name], { encoding: 'utf8' });
    if (answer.stdout === 'installed') return true;
  }
  if (each.file !== undefined) return existsSync(each.file);
  return each.program !== undefined && onPath(each.program);
}

function onPath(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** Returns the log of the first command that failed, or `undefined`. */
function runApt(...commands: readonly string[][]): string | undefined {
  for (const command of commands) {
    const answer = spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...command], {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 256 * 1024 * 1024,
    });
    if (answer.status !== 0) return `${answer.stdout}${answer.stderr}`;
  }
  return undefined;
}
