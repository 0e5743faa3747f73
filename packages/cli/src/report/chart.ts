/** Charts as SVG, drawn without a browser. */
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

export interface Chart {
  title: string;
  kind: 'line' | 'bar';
  x: Axis;
  y: Axis;
  series: ChartSeries[];
}

interface Axis {
  title: string;
  scale?: 'linear' | 'log';
}

interface ChartSeries {
  name: string;
  /** Of bars the first value is a name. */
  points: [x: number | string, y: number][];
}

const WIDTH = 720;
const HEIGHT = 320;
const BAR_HEIGHT = 22;
/** Lines with more points are drawn without a dot on each. */
const DOTS_MAX = 12;

export async function drawChart(chart: Chart): Promise<string> {
  const { spec } = compile(chart.kind === 'bar' ? bars(chart) : lines(chart));
  const view = new View(parse(spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

function lines({ title, x, y, series }: Chart): TopLevelSpec {
  const dots = series.every(({ points }) => points.length <= DOTS_MAX);
  return {
    title,
    width: WIDTH,
    height: HEIGHT,
    data: { values: values(series) },
    mark: { type: 'line', point: dots },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: x.title, scale: { type: x.scale ?? 'linear' } },
      y: { field: 'y', type: 'quantitative', title: y.title, scale: { type: y.scale ?? 'linear' } },
      color: { field: 'name', type: 'nominal', title: null, legend: { labelLimit: WIDTH } },
    },
  };
}

/** Horizontal, because names are long; in the order given. */
function bars({ title, y, series }: Chart): TopLevelSpec {
  return {
    title,
    width: WIDTH,
    height: { step: BAR_HEIGHT },
    data: { values: values(series) },
    mark: 'bar',
    encoding: {
      y: { field: 'x', type: 'nominal', title: null, sort: null, axis: { labelLimit: WIDTH } },
      x: { field: 'y', type: 'quantitative', title: y.title, scale: { type: y.scale ?? 'linear' } },
    },
  };
}

function values(series: ChartSeries[]): { name: string; x: number | string; y: number }[] {
  return series.flatMap(({ name, points }) => points.map(([x, y]) => ({ name, x, y })));
}
