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

/** Finds Firefox on this machine. */
export function findFirefox(): string | undefined {
  return findProgram('firefox-esr', 'firefox', '/Applications/Firefox.app/Contents/MacOS/firefox');
}

/** Installs Firefox with the system's package manager, if that needs no prompt. */
export function installFirefox(say: (line: string) => void): void {
  install({ what: 'Firefox', apt: ['firefox-esr'], brew: ['--cask', 'firefox'] }, say);
}

/** Installs Chromium with the system's package manager, if that needs no prompt. */
export function installBrowser(say: (line: string) => void): void {
  install({ what: 'Chromium', apt: ['chromium'], brew: ['--cask', 'chromium'] }, say);
}
