import { findProgram, install } from './install.ts';

/** Finds an nginx of this machine. */
export function findNginx(): string | undefined {
  return findProgram('nginx', '/usr/sbin/nginx', '/opt/homebrew/bin/nginx');
}

/** Installs nginx by the system's package manager where that needs no question, after saying so. */
export function installNginx(say: (line: string) => void): void {
  install({ what: 'nginx', apt: ['--no-install-recommends', 'nginx-light'], brew: ['nginx'] }, say);
}
