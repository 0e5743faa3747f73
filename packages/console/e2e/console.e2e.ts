/** A user's way through the console: register, run, watch, see what failed, redrive it, see it pass; and every page. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPlatform, waitFor, type TestPlatform } from '@noetl/testkit';
import type { Browser } from 'playwright-core';
import { counter, examined, openBrowser, watchedPage, type Watched } from './browser.ts';

const ITEMS = 600;

let platform: TestPlatform;
let browser: Browser;
let watched: Watched;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'noetl-console-e2e-'));
  platform = await startPlatform({ workers: 2 });
  browser = await openBrowser();
  watched = await watchedPage(browser, platform.url);
});

afterAll(async () => {
  await browser.close();
  await platform.stop();
  await rm(dir, { recursive: true });
});

/** Every hundredth item fails until the file `healed` is there. */
function playbook(): string {
  return `apiVersion: noetl.io/v2
kind: Playbook
metadata:
  name: parcels
  path: shop/parcels
workload:
  items: ${String(ITEMS)}
  folder: ${dir}
  express: true
  tags: [spring, small]
workflow:
  - step: start
    desc: Says how many
    tool: { kind: noop }
    next: { arcs: [{ step: weigh }] }
  - step: weigh
    desc: One parcel after the other
    loop:
      in: "{{ range(workload.items) }}"
      iterator: parcel
      spec: { mode: parallel, policy: { on_error: continue } }
    tool:
      kind: python
      args: { parcel: "{{ iter.parcel }}", folder: "{{ workload.folder }}" }
      code: |
        import os, time
        def main(parcel, folder):
            time.sleep(0.02)
            if parcel % 100 == 42 and not os.path.exists(folder + "/healed"):
                raise ValueError(f"parcel {parcel} has no label")
            return {"parcel": parcel, "grams": 100 + parcel % 7}
    next:
      arcs:
        - { step: verdict }
  - step: verdict
    tool:
      kind: python
      args: { stats: "{{ weigh.stats }}" }
      code: |
        def main(stats):
            verdict = "PASSED" if stats["failed"] == 0 else "NOT YET"
            print("verdict:", verdict)
            return {"verdict": verdict}
`;
}

describe('the console', () => {
  test('shows where a playbook is wrong, and registers it when it is right', async () => {
    const { page } = watched;
    await page.goto('/');
    await page.getByRole('link', { name: 'Catalog', exact: true }).click();
    await page.getByLabel('YAML').fill(playbook().replace('step: verdict }', 'step: verdicts }'));
    await page.getByRole('button', { name: 'Register' }).click();
    await page.locator('.line.marked').first().waitFor();
    expect(await page.getByRole('region', { name: 'Faults' }).innerText()).toContain('verdict');
    // A refused request is told in the browser's own console; that is the only complaint of this page.
    expect(watched.complaints.splice(0)).toEqual([expect.stringContaining('400')]);
    expect(await examined(page, 'catalog')).toEqual({ serious: [], sticksOut: [] });
    await page.getByRole('textbox', { name: 'YAML' }).fill(playbook());
    await page.getByRole('button', { name: 'Register' }).click();
    await page.getByRole('heading', { name: 'shop/parcels' }).waitFor();
    await page.getByRole('button', { name: 'Run version 1' }).waitFor();
    expect(await examined(page, 'playbook')).toEqual({ serious: [], sticksOut: [] });
  });

  test('runs it, and the counters rise by themselves', async () => {
    const { page } = watched;
    await page.getByRole('button', { name: 'Run version 1' }).click();
    await page.getByRole('link', { name: 'weigh', exact: true }).click();
    await page.locator('[data-counter=total]').waitFor();
    const seen = new Set<number>();
    await waitFor(
      async () => {
        seen.add(await counter(page, 'results_written'));
        return seen.has(ITEMS);
      },
      { what: 'all results on the page', timeoutMs: 60_000 },
    );
    expect(seen.size).toBeGreaterThan(2);
    expect(await counter(page, 'failed')).toBe(ITEMS / 100);
    await page.getByText('# has no label').first().waitFor();
    await page.getByRole('button', { name: 'Show item 42', exact: true }).click();
    await page.getByRole('article', { name: 'Item 42' }).getByLabel('Error').waitFor();
    expect(await examined(page, 'loop-failed')).toEqual({ serious: [], sticksOut: [] });
    const loopPage = page.url();
    await page.getByRole('link', { name: 'Dead letters' }).click();
    await page.getByText('# has no label').first().waitFor();
    expect(await examined(page, 'dead-letters')).toEqual({ serious: [], sticksOut: [] });
    await page.goto(loopPage);
  });

  test('redrives what failed, after saying how much that is, and it passes', async () => {
    const { page } = watched;
    await writeFile(join(dir, 'healed'), '');
    await waitFor(() => page.getByRole('button', { name: 'Redrive', exact: true }).isVisible(), {
      what: 'the button',
    });
    await page.getByRole('button', { name: 'Redrive', exact: true }).click();
    await page.getByText('Runs 6 items again').waitFor();
    await page.getByRole('button', { name: 'Redrive now' }).click();
    await waitFor(async () => (await counter(page, 'succeeded')) === ITEMS, {
      what: 'all to have succeeded',
    });
    await page.getByRole('navigation', { name: 'Pages', exact: true }).getByText('Executions').click();
    await page.getByRole('link', { name: /^\d+$/ }).first().click();
    await page.getByLabel('Result', { exact: true }).getByText('PASSED').waitFor();
    await page.getByLabel('Input', { exact: true }).getByText('"spring"').waitFor();
    await page.getByLabel('Prints', { exact: true }).getByText('verdict: PASSED').waitFor();
    expect(await examined(page, 'execution')).toEqual({ serious: [], sticksOut: [] });
  });

  test.each([
    ['Executions', '/executions'],
    ['Schedules', '/schedules'],
    ['Workers and queues', '/workers'],
    ['Credentials', '/credentials'],
  ])('%s: no serious finding, nothing sticks out', async (heading, path) => {
    const { page } = watched;
    await page.goto(path);
    await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
    await page.locator('table, .empty, .tile').first().waitFor();
    expect(await examined(page, path.slice(1))).toEqual({ serious: [], sticksOut: [] });
  });

  test('schedules and credentials are written, and a secret is never shown', async () => {
    const { page } = watched;
    await page.goto('/schedules');
    await page.getByLabel('Cron').fill('0 3 * * *');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('cell', { name: /0 3 \* \* \*/ }).waitFor();
    await page.goto('/credentials');
    await page.getByLabel('Name').fill('carrier');
    await page.getByLabel('Fields, as JSON').fill('{"token": "s3cret-of-the-carrier"}');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('cell', { name: 'carrier', exact: true }).waitFor();
    expect(await page.content()).not.toContain('s3cret');
  });

  test('a keyboard is enough: skip link, navigation, an item', async () => {
    const { page } = watched;
    await page.goto('/executions');
    await page.getByRole('link', { name: /^\d+$/ }).first().waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Skip to content');
    await page.getByRole('link', { name: /^\d+$/ }).first().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'weigh', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Go to index').fill('142');
    await page.keyboard.press('Enter');
    await page.getByRole('article', { name: 'Item 142' }).getByText('"grams": 102').waitFor();
  });

  test('no page complained', () => {
    expect(watched.complaints).toEqual([]);
  });
});
