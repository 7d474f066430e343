import { Duration, Stack } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, type IMetric, SingleValueWidget, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { LambdaFunction } from './constructs/lambda-function.ts';
import type { QueueWithDeadLetters } from './constructs/queue-with-dead-letters.ts';
import type { Happenings } from './log-alarms.ts';
import { measured, measuredBy } from './pipeline-metrics.ts';

export interface Shown {
  readonly name: string;
  readonly queues: readonly QueueWithDeadLetters[];
  readonly functions: readonly LambdaFunction[];
  readonly happenings: Happenings;
  readonly slots: number;
}

/** What the people who run it look at first: what comes and goes, what waits, what fails. */
export function dashboardOf(pipeline: Construct, { name, queues, functions, happenings, slots }: Shown): Dashboard {
  const sum = (metricName: string, label: string) => measured(name, metricName, { statistic: Stats.SUM, label });
  const most = (metricName: string, label: string) => measured(name, metricName, { statistic: Stats.MAXIMUM, label });
  const each = (of: (queue: QueueWithDeadLetters) => IMetric & { with(props: { label: string }): IMetric }) =>
    queues.map((queue) => of(queue).with({ label: queue.node.id }));
  const dashboard = new Dashboard(pipeline, 'Dashboard', { defaultInterval: Duration.days(1) });
  dashboard.addWidgets(
    graph('Runs that ended, by status', [measuredBy(name, 'RunsEnded', 'status', 'Sum')]),
    graph('Failed runs, by class', [measuredBy(name, 'RunsFailed', 'class', 'Sum')]),
    new SingleValueWidget({
      title: 'Now',
      metrics: [most('OpenRuns', 'open'), most('StuckRuns', 'stuck'), most('OldestOpenSeconds', 'oldest, seconds')],
      ...size,
    }),
  );
  dashboard.addWidgets(
    graph('Milliseconds in each state, median', [measuredBy(name, 'TimeInState', 'status', 'p50')]),
    graph('Milliseconds in each state, 95 of 100', [measuredBy(name, 'TimeInState', 'status', 'p95')]),
    graph('Bytes delivered', [sum('BytesDelivered', 'bytes')]),
  );
  dashboard.addWidgets(
    graph(
      'Messages that wait',
      each(({ waiting }) => waiting),
    ),
    graph(
      'Age of the oldest message, seconds',
      each(({ oldestSeconds }) => oldestSeconds),
    ),
    graph(
      'Dead letters',
      each(({ dead }) => dead),
    ),
  );
  dashboard.addWidgets(
    graph(
      'Errors of functions',
      functions.map((one) => one.errors.with({ label: one.node.id })),
    ),
    graph('Slots taken', [most('SlotsTaken', 'slots')], slots),
    graph(
      'What waits for a person',
      happenings.counted.map(({ id, metric }) => metric.with({ label: id })),
    ),
  );
  return dashboard;
}

/** Three in a row. */
const size = { width: 8, height: 6 };

const graph = (title: string, left: readonly IMetric[], limit?: number): GraphWidget =>
  new GraphWidget({
    title,
    left: [...left],
    leftYAxis: { min: 0, showUnits: false },
    leftAnnotations: limit === undefined ? undefined : [{ value: limit, label: 'all' }],
    ...size,
  });

/** Its page in the console. */
export const addressOf = (dashboard: Dashboard): string => {
  const { region } = Stack.of(dashboard);
  return `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards/dashboard/${dashboard.dashboardName}`;
};
