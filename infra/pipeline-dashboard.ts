import { Duration, Stack } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  type Metric,
  SingleValueWidget,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { LambdaFunction } from './constructs/lambda-function.ts';
import type { LogAlarm } from './constructs/log-alarm.ts';
import type { QueueWithDeadLetters } from './constructs/queue-with-dead-letters.ts';
import { pipelineMetric, pipelineMetricBy } from './pipeline-metrics.ts';

export interface DashboardProps {
  readonly name: string;
  readonly queues: readonly QueueWithDeadLetters[];
  readonly functions: readonly LambdaFunction[];
  readonly logAlarms: readonly LogAlarm[];
  readonly slots: number;
}

/** Throughput, waiting messages and failures, on one page for operators. */
export function createDashboard(pipeline: Construct, props: DashboardProps): Dashboard {
  const { name, queues, functions, logAlarms, slots } = props;
  const sum = (metricName: string, label: string) => pipelineMetric(name, metricName, { statistic: Stats.SUM, label });
  const max = (metricName: string, label: string) =>
    pipelineMetric(name, metricName, { statistic: Stats.MAXIMUM, label });
  const ofEachQueue = (pick: (queue: QueueWithDeadLetters) => Metric) =>
    queues.map((queue) => pick(queue).with({ label: queue.node.id }));
  const dashboard = new Dashboard(pipeline, 'Dashboard', { defaultInterval: Duration.days(1) });
  dashboard.addWidgets(
    graph('Runs that ended, by status', [pipelineMetricBy(name, 'RunsEnded', 'status', 'Sum')]),
    graph('Failed runs, by class', [pipelineMetricBy(name, 'RunsFailed', 'class', 'Sum')]),
    new SingleValueWidget({
      title: 'Now',
      metrics: [max('OpenRuns', 'open'), max('StuckRuns', 'stuck'), max('OldestOpenSeconds', 'oldest, seconds')],
      ...size,
    }),
  );
  dashboard.addWidgets(
    graph('Milliseconds in each state, median', [pipelineMetricBy(name, 'TimeInState', 'status', 'p50')]),
    graph('Milliseconds in each state, 95 of 100', [pipelineMetricBy(name, 'TimeInState', 'status', 'p95')]),
    graph('Bytes delivered', [sum('BytesDelivered', 'bytes')]),
  );
  dashboard.addWidgets(
    graph(
      'Messages that wait',
      ofEachQueue(({ waiting }) => waiting),
    ),
    graph(
      'Age of the oldest message, seconds',
      ofEachQueue(({ oldestSeconds }) => oldestSeconds),
    ),
    graph(
      'Dead letters',
      ofEachQueue(({ dead }) => dead),
    ),
  );
  dashboard.addWidgets(
    graph(
      'Errors of functions',
      functions.map((one) => one.errors.with({ label: one.node.id })),
    ),
    graph('Slots taken', [max('SlotsTaken', 'slots')], slots),
    graph(
      'What waits for a person',
      logAlarms.map(({ node, metric }) => metric.with({ label: node.id })),
    ),
  );
  return dashboard;
}

/** Three widgets fit in a row. */
const size = { width: 8, height: 6 };

const graph = (title: string, left: readonly IMetric[], limit?: number): GraphWidget =>
  new GraphWidget({
    title,
    left: [...left],
    leftYAxis: { min: 0, showUnits: false },
    leftAnnotations: limit === undefined ? undefined : [{ value: limit, label: 'all' }],
    ...size,
  });

/** The dashboard's page in the AWS console. */
export const consoleUrl = (dashboard: Dashboard): string => {
  const { region } = Stack.of(dashboard);
  return `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards/dashboard/${dashboard.dashboardName}`;
};
