import { findProgram, install } from './install.ts';

/** The servers of OpenStack Swift, whose proxy speaks S3. */
const programs = ['account', 'container', 'object', 'proxy'].map((name) => `swift-${name}-server`);

/** Whether this machine can serve a bucket. */
export function hasBucketServer(): boolean {
  return programs.every((name) => findProgram(name) !== undefined);
}

/** Installs what serves a bucket by the system's package manager where that needs no question, after saying so. */
export function installBucketServer(say: (line: string) => void): void {
  const apt = ['--no-install-recommends', 'swift-proxy', 'swift-account', 'swift-container', 'swift-object'];
  install({ what: 'server for a bucket (OpenStack Swift)', apt }, say);
}
