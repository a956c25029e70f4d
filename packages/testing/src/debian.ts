/** What a test does when the programs it needs are not installed: it fails, unless somebody said that they are missing. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Folders that are not on every PATH; Debian keeps Orthanc in one of them. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin'];

/** Finds a program. @throws {Error} with the command that installs it. */
export function findProgram(name: string, packages: readonly string[]): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_FOLDERS];
  const path = folders.map((folder) => join(folder, name)).find((each) => existsSync(each));
  if (path === undefined) throw missing(name, packages);
  return path;
}

/** Finds a file that a package brings. @throws {Error} with the command that installs it. */
export function findInstalledFile(path: string, packages: readonly string[]): string {
  if (!existsSync(path)) throw missing(path, packages);
  return path;
}

/**
 * Whether the tests against real servers are left out: only where INTERHOSP_WITHOUT_DEBIAN=1 says so by name, as on a
 * developer's machine that is no Debian. CI never sets it.
 */
export function debianIsMissing(): boolean {
  return process.env['INTERHOSP_WITHOUT_DEBIAN'] === '1';
}

function missing(what: string, packages: readonly string[]): Error {
  return new Error(
    `${what} is not installed. Install it with: sudo apt-get install -y --no-install-recommends ${packages.join(' ')}; ` +
      'or set INTERHOSP_WITHOUT_DEBIAN=1 to leave the tests against real servers out.',
  );
}
