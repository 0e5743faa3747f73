/** Where the steps and arcs of a playbook stand: layers from top to bottom. */
import dagre from '@dagrejs/dagre';
import type { Graph } from '../answers.ts';

export const NODE = { width: 168, height: 52 };

interface Point {
  x: number;
  y: number;
}

export interface Layout {
  width: number;
  height: number;
  nodes: (Graph['steps'][number] & { x: number; y: number })[];
  /** Points of each arc, as an SVG path. */
  arcs: (Graph['arcs'][number] & { path: string })[];
}

export function layoutOf({ steps, arcs }: Graph): Layout {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 24, ranksep: 36, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { name } of steps) graph.setNode(name, { ...NODE });
  const known = new Set(steps.map(({ name }) => name));
  const drawn = arcs.filter(({ from, to }) => known.has(from) && known.has(to));
  for (const { from, to } of drawn) graph.setEdge(from, to);
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    nodes: steps.map((step) => {
      const { x, y } = graph.node(step.name) as Point;
      return { ...step, x: x - NODE.width / 2, y: y - NODE.height / 2 };
    }),
    arcs: drawn.map((arc) => ({
      ...arc,
      path: curve((graph.edge(arc.from, arc.to) as { points: Point[] }).points),
    })),
  };
}

/** A smooth line through points. */
function curve(points: Point[]): string {
  const [first, ...rest] = points;
  if (!first) return '';
  const at = ({ x, y }: Point): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const middle = rest.slice(0, -1).map((point, i) => {
    const next = rest[i + 1] ?? point;
    return `Q ${at(point)} ${at({ x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 })}`;
  });
  const last = rest.at(-1) ?? first;
  return `M ${at(first)} ${middle.join(' ')} L ${at(last)}`;
}
