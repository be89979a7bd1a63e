import { findProgram, install } from './install.ts';

/** Finds nginx on this machine. */
export function findNginx(): string | undefined {
  return findProgram('nginx', '/usr/sbin/nginx', '/opt/homebrew/bin/nginx');
}

/** Installs nginx with the system's package manager, if that needs no prompt. */
export function installNginx(say: (line: string) => void): void {
  install({ what: 'nginx', apt: ['--no-install-recommends', 'nginx-light'], brew: ['nginx'] }, say);
}
