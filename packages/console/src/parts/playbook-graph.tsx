/** The graph of a playbook, with the state of each step where there is one. */
import { useMemo } from 'react';
import { Link } from 'wouter';
import type { Counters, Graph, StepState } from '../answers.ts';
import { count } from '../format.ts';
import { layoutOf, NODE } from './graph-layout.ts';

interface GraphProps {
  graph: Graph;
  steps?: StepState[];
  loops?: Counters[];
  /** Where a click on a loop step leads. */
  loopHref?: (step: string) => string;
}

export function PlaybookGraph({ graph, steps = [], loops = [], loopHref }: GraphProps) {
  const { width, height, nodes, arcs } = useMemo(() => layoutOf(graph), [graph]);
  const label = nodes.map(({ name }) => `${name}: ${statusOf(steps, name)}`).join(', ');
  return (
    <div className="graph" role="group" aria-label={`Steps: ${label}`} tabIndex={0}>
      <svg viewBox={`0 0 ${String(width)} ${String(height)}`} width={width} height={height}>
        <defs>
          <marker
            id="arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path d="M0 0 L8 4 L0 8 z" />
          </marker>
        </defs>
        {arcs.map(({ from, to, path, conditional }) => (
          <path
            key={`${from} ${to}`}
            className={conditional ? 'arc maybe' : 'arc'}
            d={path}
            markerEnd="url(#arrow)"
          />
        ))}
        {nodes.map((node) => {
          const loop = loops.find(({ step }) => step === node.name);
          const drawn = (
            <StepNode key={node.name} node={node} status={statusOf(steps, node.name)} loop={loop} />
          );
          return loop && loopHref ? (
            <Link key={node.name} href={loopHref(node.name)} aria-label={`Loop ${node.name}`}>
              {drawn}
            </Link>
          ) : (
            drawn
          );
        })}
      </svg>
    </div>
  );
}

function statusOf(steps: StepState[], name: string): string {
  return steps.find(({ step }) => step === name)?.status ?? 'not entered';
}

const SIGNS: Record<string, string> = { RUNNING: '▶', COMPLETED: '✓', FAILED: '✕', SKIPPED: '–' };

interface NodeProps {
  node: { name: string; kinds: string[]; loop: boolean; x: number; y: number };
  status: string;
  loop: Counters | undefined;
}

function StepNode({ node, status, loop }: NodeProps) {
  const share = loop && loop.total > 0 ? loop.results_written / loop.total : 0;
  const kind = node.kinds.join(', ') || 'route';
  const below = loop
    ? `${count(loop.results_written)} / ${count(loop.total)}`
    : `${node.loop ? 'loop · ' : ''}${kind}`;
  return (
    <g
      className={`node ${status.toLowerCase().replace(' ', '-')}`}
      transform={`translate(${String(node.x)} ${String(node.y)})`}
    >
      <title>{`${node.name}: ${status}`}</title>
      {node.loop && <rect className="behind" x={4} y={4} width={NODE.width} height={NODE.height} rx={8} />}
      <rect className="box" width={NODE.width} height={NODE.height} rx={8} />
      {loop && <rect className="share" y={NODE.height - 5} width={NODE.width * share} height={5} rx={2} />}
      <text x={12} y={22} className="name">
        {short(node.name)}
      </text>
      <text x={12} y={39} className="kind">
        {short(below)}
      </text>
      <text x={NODE.width - 20} y={23} className="sign" aria-hidden="true">
        {SIGNS[status] ?? ''}
      </text>
    </g>
  );
}

function short(text: string): string {
  return text.length > 20 ? `${text.slice(0, 19)}…` : text;
}
