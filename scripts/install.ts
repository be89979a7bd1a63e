import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** Finds the first program that exists, each given as a name on PATH or as an absolute path. */
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

/** Runs a program. Returns its error message; `undefined` on success. */
function runAndGetError(program: string, ...args: string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim().split('\n').slice(-3).join(' ') || `exit code ${status}`);
}

/** A package to install. */
export interface Package {
  /** Name in messages. */
  what: string;
  /** Arguments of `apt-get install`. */
  apt: string[];
  /** Arguments of `brew install`, if Homebrew has the package. */
  brew?: string[];
}

/** Returns the commands that install a package without a prompt, in order. Empty if there is no such way. */
function installCommands({ apt, brew }: Package): string[][] {
  const aptGet = findProgram('apt-get');
  const isRoot = process.getuid?.() === 0;
  if (aptGet && (isRoot || !runAndGetError('sudo', '-n', 'true'))) {
    const sudo = isRoot ? [] : ['sudo', '-n'];
    return [
      [...sudo, aptGet, 'update', '-q'],
      [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', aptGet, 'install', '-y', '-q', ...apt],
    ];
  }
  const homebrew = findProgram('brew');
  return homebrew && brew ? [[homebrew, 'install', ...brew]] : [];
}

/** Installs a package with the system's package manager, if that needs no prompt. Prints each command before it runs. */
export function install(wanted: Package, say: (line: string) => void): void {
  for (const [program = '', ...args] of installCommands(wanted)) {
    say(`${wanted.what} not found. Installing it: ${[program, ...args].join(' ')}`);
    const error = runAndGetError(program, ...args);
    if (error) {
      say(`The installation failed: ${error}`);
      return;
    }
  }
}
