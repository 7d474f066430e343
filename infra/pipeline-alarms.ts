import { Duration } from 'aws-cdk-lib';
import { type Alarm, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Commands } from './commands.ts';
import { alarmOn, sendAlarms } from './constructs/alarms.ts';
import type { LambdaFunction } from './constructs/lambda-function.ts';
import type { QueueWithDeadLetters } from './constructs/queue-with-dead-letters.ts';
import { type Happenings, happeningsOf } from './log-alarms.ts';
import { measured } from './pipeline-metrics.ts';

export interface Watched {
  readonly name: string;
  readonly commands: Commands;
  readonly topic: ITopic;
  readonly queues: readonly QueueWithDeadLetters[];
  readonly functions: Readonly<
    Record<'startRun' | 'webhook' | 'settle' | 'copyOutput' | 'notify' | 'reconcile', LambdaFunction>
  >;
  /** How often reconcile looks after runs. */
  readonly reconcileMinutes: number;
}

/** All that rings, and whom: what it means and what to type is in `docs/runbook.md`, a paragraph each. */
export function watch(pipeline: Construct, watched: Watched): Happenings {
  const { name, commands, topic, queues, functions } = watched;
  const { reconcile, ...others } = functions;
  const period = Duration.minutes(watched.reconcileMinutes);
  const reconcileFails = reconcile.alarmWhenFailing(
    period,
    `Tessera ${name}: reconcile keeps failing, so runs that went quiet stay so. Read the cause in its log; it tries again by itself.`,
  );
  const failing = Object.values(others).map((each) => each.alarmWhenOftenFailing(name));
  const happenings = happeningsOf(pipeline, name, commands, functions);
  sendAlarms(topic, {
    states: [
      ...queues.flatMap(({ alarms }) => alarms),
      reconcileFails,
      ...failing,
      stuckAlarm(pipeline, watched, period),
    ],
    happenings: happenings.alarms,
  });
  return happenings;
}

/** Reconcile wakes such runs each time and nothing moves them: somebody has to look why. */
function stuckAlarm(pipeline: Construct, { name, commands }: Watched, period: Duration): Alarm {
  return alarmOn(pipeline, 'RunsStuck', {
    metric: measured(name, 'StuckRuns', { statistic: Stats.MAXIMUM, period }),
    periods: 3,
    text: `Tessera ${name}: runs have been due for long and do not move on, however often they are woken. See which: ${commands.tessera('runs --open')}.`,
    paragraph: 'runs-stuck',
  });
}
