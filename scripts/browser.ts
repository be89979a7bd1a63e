import { findProgram, install } from './install.ts';

/** Finds Chromium or Chrome on this machine. */
export function findBrowser(): string | undefined {
  return findProgram(
    'chromium',
    'chromium-browser',
    'google-chrome',
    'google-chrome-stable',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  );
}

/** Installs Chromium with the system's package manager, if that needs no prompt. */
export function installBrowser(say: (line: string) => void): void {
  install({ what: 'Chromium', apt: ['chromium'], brew: ['--cask', 'chromium'] }, say);
}
