import { type Alarm, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { alarmOn, alarmPeriod, kebab } from './alarms.ts';
import type { LambdaFunction } from './lambda-function.ts';

export interface CountedProps {
  /** The stage's own, so that stages count apart. */
  readonly namespace: string;
  /** Names of log events, and the level at which they count: what is logged again is a mere warning. */
  readonly events: readonly string[];
  readonly level?: 'error' | 'warn';
  /** Whose logs may tell of them. */
  readonly by: readonly LambdaFunction[];
}

export interface HappeningProps extends CountedProps {
  /** In how many of five minutes' events it is no longer an odd one; by default the first counts. */
  readonly moreThan?: number;
  /** What it means, and what to type. */
  readonly text: string;
}

/** Makes a metric, called as the construct is, of such lines in logs. Before the first one it does not exist, nor cost. */
export class Counted extends Construct {
  readonly metric: Metric;

  constructor(scope: Construct, id: string, { namespace, events, level = 'error', by }: CountedProps) {
    super(scope, id);
    const filterPattern = FilterPattern.all(
      FilterPattern.stringValue('$.level', '=', level),
      FilterPattern.any(...events.map((event) => FilterPattern.stringValue('$.event', '=', event))),
    );
    const metric = { metricNamespace: namespace, metricName: id, metricValue: '1' };
    for (const { node, log } of by) new MetricFilter(this, `In${node.id}`, { logGroup: log, filterPattern, ...metric });
    this.metric = new Metric({ namespace, metricName: id, statistic: Stats.SUM, period: alarmPeriod });
  }
}

/**
 * Rings when functions log such events. There is no all-clear: that nothing more was logged does not mean that somebody
 * has done something.
 */
export class Happening extends Counted {
  readonly alarm: Alarm;

  constructor(scope: Construct, id: string, { moreThan, text, ...counted }: HappeningProps) {
    super(scope, id, counted);
    this.alarm = alarmOn(this, 'Alarm', { metric: this.metric, periods: 1, moreThan, text, paragraph: kebab(id) });
  }
}
