/** The loop page of a million items: quick to appear, small in memory, every request small. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPlatform, waitFor, type TestPlatform } from '@noetl/testkit';
import type { Browser } from 'playwright-core';
import { counter, examined, openBrowser, watchedPage } from './browser.ts';

const ITEMS = 1_000_000;
const PAINT_MS = 1_500;
const HEAP_MAX = 150 * 1024 * 1024;
const REQUEST_MAX = 1024 * 1024;

let platform: TestPlatform;
let browser: Browser;

beforeAll(async () => {
  platform = await startPlatform({ workers: 2 });
  browser = await openBrowser();
});

afterAll(async () => {
  await browser.close();
  await platform.stop();
});

const PLAYBOOK = `apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: million, path: big/million }
workflow:
  - step: count
    loop: { in: "{{ range(${String(ITEMS)}) }}", iterator: n, spec: { mode: parallel, policy: { on_error: continue } } }
    tool:
      kind: python
      args: { n: "{{ iter.n }}" }
      code: |
        def main(n):
            if n % 99_991 == 7:
                raise ValueError("item %d is odd" % n)
            return {"n": n, "square": n * n}
`;

async function execute(): Promise<string> {
  const post = (path: string, body: string, type: string): Promise<Response> =>
    fetch(`${platform.url}${path}`, { method: 'POST', headers: { 'content-type': type }, body });
  await post('/api/catalog/register', PLAYBOOK, 'application/yaml');
  const started = await post('/api/execute', '{"path": "big/million"}', 'application/json');
  return ((await started.json()) as { execution_id: string }).execution_id;
}

test('a million items: first paint, heap and requests are small', async () => {
  const id = await execute();
  const { page, complaints, largest } = await watchedPage(browser, platform.url);
  await page.goto(`/executions/${id}/loops/count`);
  await waitFor(async () => (await counter(page, 'results_written')) > 0, {
    what: 'the first results on the page',
  });
  await examined(page, 'million-running');
  await waitFor(async () => (await counter(page, 'results_written')) === ITEMS, {
    what: 'a million',
    timeoutMs: 90_000,
  });
  await page.locator('.cell.failed').first().waitFor();
  await page.getByText('item # is odd').first().waitFor();

  await page.reload();
  await page.locator('[data-counter=total]').waitFor();
  const paint = await page.evaluate<number>(
    "performance.getEntriesByName('first-contentful-paint')[0].startTime",
  );
  await page.getByLabel('Go to index').fill(String(ITEMS - 1));
  await page.keyboard.press('Enter');
  await page
    .getByRole('article', { name: `Item ${String(ITEMS - 1)}` })
    .getByText('"square": 999998000001')
    .waitFor();
  await page.getByRole('button', { name: /^999,999 / }).waitFor();
  const heap = await page.evaluate<number>('gc(), performance.memory.usedJSHeapSize');
  const nodes = await page.evaluate<number>("document.querySelectorAll('*').length");
  expect(await examined(page, 'million')).toEqual({ serious: [], sticksOut: [] });
  const asked = performance.now();
  const fresh = await fetch(`${platform.url}/api/executions/${id}/loops/count/map?buckets=999`);
  const mapMs = Math.round(performance.now() - asked);
  expect(fresh.status).toBe(200);
  console.log(
    `first paint ${String(Math.round(paint))} ms, heap ${String(Math.round(heap / 1e6))} MB, ` +
      `${String(nodes)} nodes, largest answer ${String(Math.round(largest() / 1024))} KiB, a new map ${String(mapMs)} ms`,
  );
  expect(complaints).toEqual([]);
  expect(paint).toBeLessThan(PAINT_MS);
  expect(heap).toBeLessThan(HEAP_MAX);
  expect(largest()).toBeLessThan(REQUEST_MAX);
});
