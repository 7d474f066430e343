import { Duration } from 'aws-cdk-lib';
import { type Alarm, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Commands } from './commands.ts';
import { alarmOn, sendAlarms } from './constructs/alarms.ts';
import type { LambdaFunction } from './constructs/lambda-function.ts';
import type { LogAlarm } from './constructs/log-alarm.ts';
import type { QueueWithDeadLetters } from './constructs/queue-with-dead-letters.ts';
import { addLogAlarms } from './log-alarms.ts';
import { pipelineMetric } from './pipeline-metrics.ts';

export interface PipelineAlarmsProps {
  readonly name: string;
  readonly commands: Commands;
  readonly topic: ITopic;
  readonly queues: readonly QueueWithDeadLetters[];
  readonly functions: Readonly<
    Record<'startRun' | 'webhook' | 'settle' | 'copyOutput' | 'notify' | 'reconcile', LambdaFunction>
  >;
  readonly reconcileMinutes: number;
}

/**
 * All alarms of a pipeline, sent to its topic. To add one, add it here (or in log-alarms.ts, for a log event) together
 * with a paragraph in `docs/runbook.md`; test/infra/runbook.test.ts checks that every alarm has one.
 */
export function addPipelineAlarms(pipeline: Construct, props: PipelineAlarmsProps): readonly LogAlarm[] {
  const { reconcile, ...others } = props.functions;
  const reconcileFails = reconcile.alarmWhenFailing(
    Duration.minutes(props.reconcileMinutes),
    `Tessera ${props.name}: reconcile keeps failing, so runs that went quiet are not woken. Read the cause in its log; it is retried by itself.`,
  );
  const functionsFail = Object.values(others).map((each) => each.alarmWhenOftenFailing(props.name));
  const logAlarms = addLogAlarms(pipeline, props);
  sendAlarms(props.topic, {
    withAllClear: [
      ...props.queues.flatMap(({ alarms }) => alarms),
      reconcileFails,
      ...functionsFail,
      runsStuckAlarm(pipeline, props),
    ],
    withoutAllClear: logAlarms.map(({ alarm }) => alarm),
  });
  return logAlarms;
}

/** Reconcile wakes such runs on every pass, and they still do not move. */
function runsStuckAlarm(pipeline: Construct, { name, commands, reconcileMinutes }: PipelineAlarmsProps): Alarm {
  const period = Duration.minutes(reconcileMinutes);
  return alarmOn(pipeline, 'RunsStuck', {
    metric: pipelineMetric(name, 'StuckRuns', { statistic: Stats.MAXIMUM, period }),
    periods: 3,
    text: `Tessera ${name}: runs are overdue and do not move although reconcile wakes them. To list them: ${commands.tessera('runs --open')}.`,
    paragraph: 'runs-stuck',
  });
}
