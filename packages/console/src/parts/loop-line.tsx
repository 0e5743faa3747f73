/** A loop in two lines: how far it is, as a bar and in words. */
import { Link } from 'wouter';
import type { Counters } from '../answers.ts';
import { count, seconds } from '../format.ts';
import { StackedBar } from './stacked-bar.tsx';
import { StatusMark } from './status.tsx';

export function LoopLine({ loop, href }: { loop: Counters; href: string }) {
  return (
    <div className="loop-line">
      <Link href={href}>{loop.step}</Link> <StatusMark status={loop.status} paused={loop.paused} />
      <StackedBar loop={loop} />
      <p className="faint">
        {count(loop.results_written)} of {count(loop.total)} done, {count(loop.failed)} failed,{' '}
        {count(Math.round(loop.items_per_second))} items/s
        {loop.eta === null ? '' : `, ${seconds(loop.eta)} left`}
      </p>
    </div>
  );
}
