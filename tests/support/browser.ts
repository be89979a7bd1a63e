import { type Browser, chromium, type Page } from 'playwright-core';
import { findBrowser } from '../../scripts/browser.ts';
import { onCleanup } from './cleanup.ts';
import { describeIf } from './describe-if.ts';

const program = findBrowser();

/** `describe` for tests in a real browser. */
export const describeInBrowser = describeIf(
  program ? undefined : 'no Chromium or Chrome was found, and none could be installed without asking',
);

// One for all tests of a file.
let running: Promise<Browser> | undefined;
afterAll(async () => (await running)?.close());

function browser(): Promise<Browser> {
  running ??= chromium.launch({
    executablePath: program ?? '',
    // No sandbox, since tests in a container run as root; and nothing that the browser would fetch for itself.
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

/** A page of its own, which notes every fault: an exception, an error on the console, a request to another host. */
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
