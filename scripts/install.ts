import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** Finds the first of some programs, each by its name on PATH or by its whole path. */
export function findProgram(...names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names
    .flatMap((name) => (isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name))))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Runs a program and returns what went wrong, in its own words; `undefined` when nothing did. */
function faultOf(program: string, ...args: string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim().split('\n').slice(-3).join(' ') || `exit code ${status}`);
}

/** What to install, by package manager. */
export interface Package {
  what: string;
  /** Arguments of `apt-get install`. */
  apt: string[];
  /** Arguments of `brew install`, where it has such a package. */
  brew?: string[];
}

/** How to install a package here without a question being asked: commands to run in order, if there is a way. */
function installCommands({ apt, brew }: Package): string[][] {
  const aptGet = findProgram('apt-get');
  const isRoot = process.getuid?.() === 0;
  if (aptGet && (isRoot || !faultOf('sudo', '-n', 'true'))) {
    const sudo = isRoot ? [] : ['sudo', '-n'];
    return [
      [...sudo, aptGet, 'update', '-q'],
      [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', aptGet, 'install', '-y', '-q', ...apt],
    ];
  }
  const homebrew = findProgram('brew');
  return homebrew && brew ? [[homebrew, 'install', ...brew]] : [];
}

/** Installs a package by the system's package manager where that needs no question, after saying so. */
export function install(wanted: Package, say: (line: string) => void): void {
  for (const [program = '', ...args] of installCommands(wanted)) {
    say(`no ${wanted.what} on this machine, so it is installed: ${[program, ...args].join(' ')}`);
    const fault = faultOf(program, ...args);
    if (fault) {
      say(`that did not work: ${fault}`);
      return;
    }
  }
}
