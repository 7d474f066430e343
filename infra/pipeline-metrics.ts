import { type IMetric, MathExpression, Metric, type MetricProps } from 'aws-cdk-lib/aws-cloudwatch';
import { alarmPeriod } from './constructs/alarms.ts';

/** Each pipeline has its own namespace, so that several in one account count separately. */
export const metricNamespace = (name: string): string => `Tessera/${name}`;

/** A metric that the functions write. */
export const pipelineMetric = (
  name: string,
  metricName: string,
  props: Pick<MetricProps, 'statistic' | 'period' | 'label'> = {},
): Metric => new Metric({ namespace: metricNamespace(name), metricName, period: alarmPeriod, ...props });

/** The metric for each value of a dimension. The values are looked up when the graph is drawn. */
export const pipelineMetricBy = (name: string, metricName: string, dimension: string, statistic: string): IMetric =>
  new MathExpression({
    expression: `SEARCH('{"${metricNamespace(name)}",${dimension}} MetricName="${metricName}"', '${statistic}', ${alarmPeriod.toSeconds()})`,
    usingMetrics: {},
    label: '',
    period: alarmPeriod,
  });
