import { type IMetric, MathExpression, Metric, type MetricProps } from 'aws-cdk-lib/aws-cloudwatch';
import { alarmPeriod } from './constructs/alarms.ts';

/** Where the functions of one pipeline write what they measure, so that those of one account count apart. */
export const namespaceOf = (name: string): string => `Tessera/${name}`;

/** Something that the functions measure. */
export const measured = (
  name: string,
  metricName: string,
  props: Pick<MetricProps, 'statistic' | 'period' | 'label'> = {},
): Metric => new Metric({ namespace: namespaceOf(name), metricName, period: alarmPeriod, ...props });

/** The same for each value of a dimension, whichever there are by then. */
export const measuredBy = (name: string, metricName: string, dimension: string, statistic: string): IMetric =>
  new MathExpression({
    expression: `SEARCH('{"${namespaceOf(name)}",${dimension}} MetricName="${metricName}"', '${statistic}', ${alarmPeriod.toSeconds()})`,
    usingMetrics: {},
    label: '',
    period: alarmPeriod,
  });
