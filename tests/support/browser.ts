import { type Browser, chromium, type Page } from 'playwright-core';
import { findBrowser } from '../../scripts/browser.ts';
import { onCleanup } from './cleanup.ts';
import { describeIf } from './describe-if.ts';

const program = findBrowser();

/** `describe` for tests that need a real browser. */
export const describeInBrowser = describeIf(
  program ? undefined : 'no Chromium or Chrome was found, and none could be installed without a prompt',
);

// All tests of a file share one browser.
let running: Promise<Browser> | undefined;
afterAll(async () => (await running)?.close());

function browser(): Promise<Browser> {
  running ??= chromium.launch({
    executablePath: program ?? '',
    // Chromium refuses its sandbox to root, which tests in a container run as. The other flags stop background requests.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return running;
}

/** Opens a page and records every fault: an exception, a console error, or a request to another host. */
export async function openPage(
  url: string,
  options: { width?: number; height?: number } = {},
): Promise<{ page: Page; faults: string[] }> {
  const { width = 1100, height = 800 } = options;
  const context = await (await browser()).newContext({
    viewport: { width, height },
    acceptDownloads: true,
  });
  context.setDefaultTimeout(90_000);
  onCleanup(() => context.close());
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith('http') && origin !== new URL(url).origin) faults.push(`request to ${origin}`);
  });
  await page.goto(url);
  return { page, faults };
}
