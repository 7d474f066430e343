import { Duration } from 'aws-cdk-lib';
import { type Alarm, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type IFilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { alarmOn } from './alarms.ts';
import type { LambdaFunction } from './lambda-function.ts';

export interface HappeningProps {
  /** The stage's own, so that stages count apart. */
  readonly namespace: string;
  /** Names of log events, and the level at which they count: what is logged again is a mere warning. */
  readonly events: readonly string[];
  readonly level?: 'error' | 'warn';
  /** Whose logs may tell of them. */
  readonly by: readonly LambdaFunction[];
  /** In how many of five minutes' events it is no longer an odd one; by default the first counts. */
  readonly moreThan?: number;
  /** What it means, and what to type. */
  readonly text: string;
}

/**
 * Rings when functions log such events. Nothing is counted, and so nothing costs, before the first one. There is no
 * all-clear: that nothing more was logged does not mean that somebody has done something.
 */
export class Happening extends Construct {
  readonly alarm: Alarm;

  constructor(scope: Construct, id: string, { namespace, by, moreThan, text, ...counted }: HappeningProps) {
    super(scope, id);
    const filterPattern = linesOf(counted);
    for (const { node, log } of by)
      new MetricFilter(this, `In${node.id}`, {
        logGroup: log,
        filterPattern,
        metricNamespace: namespace,
        metricName: id,
        metricValue: '1',
      });
    const metric = new Metric({ namespace, metricName: id, statistic: Stats.SUM, period: Duration.minutes(5) });
    this.alarm = alarmOn(this, 'Alarm', { metric, periods: 1, moreThan, text });
  }
}

const linesOf = ({ events, level = 'error' }: Pick<HappeningProps, 'events' | 'level'>): IFilterPattern =>
  FilterPattern.all(
    FilterPattern.stringValue('$.level', '=', level),
    FilterPattern.any(...events.map((event) => FilterPattern.stringValue('$.event', '=', event))),
  );
