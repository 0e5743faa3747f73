/** A real browser on the console: pages that watch what they load, screenshots, and the check for accessibility. */
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type Page } from 'playwright-core';

const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };

export interface Watched {
  page: Page;
  /** What the page complained of: errors of scripts, of the policy, of requests. */
  complaints: string[];
  /** Bytes of the largest answer so far, as they came over the wire. */
  largest: () => number;
}

export function openBrowser(): Promise<Browser> {
  const executablePath = process.env['NOETL_CHROMIUM'];
  if (executablePath === undefined) throw new Error('start the browser tests with: npm run e2e');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--js-flags=--expose-gc'] });
}

export async function watchedPage(browser: Browser, baseURL: string): Promise<Watched> {
  const context = await browser.newContext({ baseURL, viewport: WIDE, colorScheme: 'light' });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  let largest = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    largest = Math.max(largest, encodedDataLength);
  });
  return { page, complaints, largest: () => largest };
}

/** Takes pictures wide and narrow, light and dark. Gives the serious findings of axe, and whether anything sticks out. */
export async function examined(
  page: Page,
  name: string,
): Promise<{ serious: string[]; sticksOut: string[] }> {
  const serious: string[] = [];
  const sticksOut: string[] = [];
  const views = [
    { size: WIDE, scheme: 'light' },
    { size: NARROW, scheme: 'dark' },
  ] as const;
  for (const { size, scheme } of views) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: scheme });
    const file = `${name}-${String(size.width)}-${scheme}.png`;
    await page.screenshot({ path: join(process.env['NOETL_SCREENSHOTS'] ?? '.', file), fullPage: true });
    const { violations } = await new AxeBuilder({ page }).analyze();
    for (const { id, impact, nodes } of violations)
      if (impact === 'serious' || impact === 'critical')
        serious.push(`${file}: ${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    if (overflow > 0) sticksOut.push(`${file}: ${String(overflow)} px`);
  }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: 'light' });
  return { serious, sticksOut };
}

/** The number that a counter of the loop page shows. */
export async function counter(page: Page, name: string): Promise<number> {
  return Number((await page.locator(`[data-counter=${name}]`).innerText()).replaceAll(',', ''));
}
