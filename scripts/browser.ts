import { findProgram, install } from './install.ts';

/** Finds a Chromium or a Chrome of this machine. */
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

/** Installs a Chromium by the system's package manager where that needs no question, after saying so. */
export function installBrowser(say: (line: string) => void): void {
  install({ what: 'Chromium', apt: ['chromium'], brew: ['--cask', 'chromium'] }, say);
}
