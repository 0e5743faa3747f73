/** Alerts: every expression is PromQL, and the rule of the Prometheus operator is made of the same file. */
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import type { Finding } from './finding.ts';

export const ALERTS = 'deploy/prometheus/alerts.yaml';
export const RULE = 'deploy/kubernetes/monitoring/alerts.yaml';

interface Rules {
  groups?: {
    name: string;
    rules: { alert?: string; expr?: string; labels?: object; annotations?: object }[];
  }[];
}

export function alertFindings(alerts: string, rule: string): { checked: number; findings: Finding[] } {
  const { groups = [] } = parse(alerts) as Rules;
  const rules = groups.flatMap((group) => group.rules);
  const findings = rules.flatMap(({ alert = 'a rule', expr = '', annotations }): Finding[] => {
    const place = `${ALERTS}: ${alert}`;
    const wrong = errorIn(expr);
    return [
      ...(wrong === undefined ? [] : [{ place, message: `the expression is no PromQL, from "${wrong}" on` }]),
      ...(annotations === undefined
        ? [{ place, message: 'nothing says what to do: annotations are missing' }]
        : []),
    ];
  });
  if (rule === ruleOf(alerts)) return { checked: rules.length, findings };
  const message = 'is not what is made of the alerts: npm run deploy:check -- --write';
  return { checked: rules.length, findings: [...findings, { place: RULE, message }] };
}

/** Where the grammar does not fit; undefined when it does. */
function errorIn(expression: string): string | undefined {
  if (expression.trim() === '') return expression;
  const cursor = parser.parse(expression).cursor();
  do if (cursor.type.isError) return expression.slice(cursor.from, cursor.from + 40).trim();
  while (cursor.next());
  return undefined;
}

/** The object that brings the alerts into a cluster. */
export function ruleOf(alerts: string): string {
  const groups = alerts.slice(alerts.indexOf('groups:'));
  return [
    `# Made from ${ALERTS} by npm run deploy:check -- --write.`,
    'apiVersion: monitoring.coreos.com/v1',
    'kind: PrometheusRule',
    'metadata:',
    '  name: noetl',
    'spec:',
    groups.replace(/^(?=.)/gm, '  '),
  ].join('\n');
}
