import { findProgram, install } from './install.ts';

/** The servers of OpenStack Swift, whose proxy server implements S3. */
const programs = ['account', 'container', 'object', 'proxy'].map((name) => `swift-${name}-server`);

/** Whether an S3 server is installed on this machine. */
export function hasBucketServer(): boolean {
  return programs.every((name) => findProgram(name) !== undefined);
}

/** Installs an S3 server with the system's package manager, if that needs no prompt. */
export function installBucketServer(say: (line: string) => void): void {
  const apt = ['--no-install-recommends', 'swift-proxy', 'swift-account', 'swift-container', 'swift-object'];
  install({ what: 'OpenStack Swift (an S3 server)', apt }, say);
}
