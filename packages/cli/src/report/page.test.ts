/** A report is one page with its charts inside, whatever the texts in it are. */
import { expect, test } from '@jest/globals';
import type { Chart } from './chart.ts';
import { reportPage } from './page.ts';

const AXES = { x: { title: 'items' }, y: { title: 'items/s' } };

test('charts are drawn into the page, and texts stay texts', async () => {
  const charts: Chart[] = [
    {
      ...AXES,
      title: 'rates',
      kind: 'line',
      series: [
        {
          name: 'a & b',
          points: [
            [1, 2],
            [10, 5],
          ],
        },
      ],
    },
    {
      ...AXES,
      title: 'bars',
      kind: 'bar',
      series: [
        {
          name: 'c',
          points: [
            ['<i>one</i>', 3],
            ['two', 4],
          ],
        },
      ],
    },
  ];
  const page = await reportPage({
    title: 'of <b>everything</b>',
    facts: { cpu: 'x < y' },
    sections: [{ title: 's', text: 'a "text"', head: ['h'], rows: [['<script>alert(1)</script>']], charts }],
  });
  expect(page.match(/<svg/g)).toHaveLength(2);
  expect(page).toContain('of &lt;b&gt;everything&lt;/b&gt;');
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).toContain('a &amp; b');
  expect(page).not.toMatch(/<script|<b>|<i>/);
});

test('points lie on the scale that was asked for', async () => {
  const place = async (scale: 'linear' | 'log'): Promise<string[]> => {
    const chart: Chart = {
      title: 't',
      kind: 'line',
      x: { title: 'x', scale },
      y: { title: 'y' },
      series: [
        {
          name: 's',
          points: [
            [1, 0],
            [10, 50],
            [100, 100],
          ],
        },
      ],
    };
    const page = await reportPage({
      title: '',
      facts: {},
      sections: [{ title: '', head: [], rows: [], charts: [chart] }],
    });
    // The line itself: the only path that begins at the left edge and has three points.
    const [, path = ''] = /d="M(0,[^"LZ]*L[^"LZ]*L[^"LZ]*)"/.exec(page) ?? [];
    return path.split('L').map((point) => point.split(',')[0] ?? '');
  };
  expect(await place('log')).toEqual(['0', '360', '720']);
  expect((await place('linear')).at(1)).not.toBe('360');
});
