/** The page at `/docs` in a real browser: it shows and calls the api under our policy, and asks nobody else. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '@noetl/testkit';
import type { Browser } from 'playwright-core';
import { openBrowser, watchedPage, type Watched } from './browser.ts';

let platform: TestPlatform;
let browser: Browser;
let watched: Watched;

beforeAll(async () => {
  platform = await startPlatform({ workers: 0 });
  browser = await openBrowser();
  watched = await watchedPage(browser, platform.url);
});

afterAll(async () => {
  await browser.close();
  await platform.stop();
});

test('an endpoint is found, opened and called', async () => {
  const { page, complaints } = watched;
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto('/docs');
  await page.getByRole('heading', { name: 'Platform' }).click();
  await page.getByText('/api/ready').click();
  await page.getByRole('button', { name: 'Try it out' }).click();
  await page.getByRole('button', { name: 'Execute' }).click();
  await page.locator('.live-responses-table').getByText('"nats": true').waitFor();
  await page.screenshot({ path: `${process.env['NOETL_SCREENSHOTS'] ?? '.'}/docs.png`, fullPage: true });
  expect(asked.filter((url) => !url.startsWith(platform.url) && !url.startsWith('data:'))).toEqual([]);
  expect(complaints).toEqual([]);
});
