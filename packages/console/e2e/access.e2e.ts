/** The console where a token is needed: the way in, who is signed in, tokens and the audit log, and the way out. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ADMIN_TOKEN, startPlatform, type TestPlatform } from '@noetl/testkit';
import type { Browser } from 'playwright-core';
import { examined, openBrowser, watchedPage, type Watched } from './browser.ts';

let platform: TestPlatform;
let browser: Browser;
let watched: Watched;

beforeAll(async () => {
  platform = await startPlatform({ workers: 0, auth: 'on' });
  browser = await openBrowser();
  watched = await watchedPage(browser, platform.url);
});

afterAll(async () => {
  await browser.close();
  await platform.stop();
});

/** What a browser says of each answer 401, and of nothing else. */
function onlyRefusals(): boolean {
  return watched.complaints.splice(0).every((complaint) => complaint.includes('401'));
}

test('asks for a token, takes none that is wrong, and shows the page that was asked for', async () => {
  const { page } = watched;
  await page.goto('/workers');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(await examined(page, 'login')).toEqual({ serious: [], sticksOut: [] });
  await page.getByLabel('Token').fill('not-a-token');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('TOKEN_INVALID').waitFor();
  await page.getByLabel('Token').fill(ADMIN_TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Workers and queues' }).waitFor();
  // Its numbers come over a stream.
  await page.locator('.tile').first().waitFor();
  await page.locator('.caller').getByText('admin').waitFor();
  expect(onlyRefusals()).toBe(true);
});

test('makes a token that is shown once, and revokes it', async () => {
  const { page } = watched;
  await page.getByRole('link', { name: 'Tokens' }).click();
  await page.getByLabel('Name').fill('dashboard');
  await page.getByLabel('Below path').fill('team-a');
  await page.getByRole('button', { name: 'Make token' }).click();
  const made = await page.getByLabel('Token', { exact: true }).innerText();
  expect(made).toMatch(/^noetl_[0-9a-f]{16}_[\w-]{43}$/);
  await page.getByRole('cell', { name: 'viewer:team-a/' }).waitFor();
  expect(await examined(page, 'tokens')).toEqual({ serious: [], sticksOut: [] });
  await page.getByRole('button', { name: 'Hide' }).click();
  expect(await page.content()).not.toContain(made);
  await page.getByRole('button', { name: 'Revoke', exact: true }).click();
  await page.getByRole('button', { name: 'Revoke now' }).click();
  await page.getByText('revoked', { exact: true }).waitFor();
});

test('shows who did what', async () => {
  const { page } = watched;
  await page.getByRole('link', { name: 'Audit' }).click();
  await page.getByRole('cell', { name: 'token.revoke' }).waitFor();
  expect(await examined(page, 'audit')).toEqual({ serious: [], sticksOut: [] });
});

test('the page at /docs sends the token of its tab; after signing out nothing is left', async () => {
  const { page } = watched;
  await page.goto('/docs');
  await page.getByRole('heading', { name: 'Platform' }).waitFor();
  await page.goto('/tokens');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(await page.evaluate<number>('sessionStorage.length')).toBe(0);
  expect(onlyRefusals()).toBe(true);
});
