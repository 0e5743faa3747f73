/** Items a second since the loop began, as an area over time. */
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import type { LoopMap } from '../answers.ts';
import { count } from '../format.ts';

const HEIGHT = 190;

export function Throughput({ map }: { map: LoopMap }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const made = plotIn(element);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    // Colours are read when the plot is drawn.
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const redraw = (): void => made.redraw();
    const themed = new MutationObserver(redraw);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    scheme.addEventListener('change', redraw);
    return () => {
      resized.disconnect();
      themed.disconnect();
      scheme.removeEventListener('change', redraw);
      made.destroy();
    };
  }, []);
  const rates = map.throughput.map((items) => (items * 1000) / map.slot_ms);
  useEffect(() => {
    const times = rates.map((_, slot) => (slot * map.slot_ms) / 1000);
    plot.current?.setData([times, rates]);
  });
  const peak = Math.max(0, ...rates);
  return (
    <div
      ref={box}
      className="plot"
      role="img"
      aria-label={`Throughput; at most ${count(Math.round(peak))} items a second`}
    />
  );
}

function plotIn(element: HTMLElement): uPlot {
  // A canvas takes no variables: what the box has as its colour is resolved.
  const colour = (name: string) => () => {
    element.style.color = `var(${name})`;
    return getComputedStyle(element).color;
  };
  const axis = {
    stroke: colour('--faint'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  return new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false },
      scales: { x: { time: false } },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((tick) => `${String(tick)} s`) },
        { ...axis, size: 70, values: (_, ticks) => ticks.map((tick) => `${count(tick)}/s`) },
      ],
      series: [
        {},
        { stroke: colour('--busy'), fill: colour('--busy-soft'), width: 1.5, points: { show: false } },
      ],
    },
    [[], []],
    element,
  );
}
