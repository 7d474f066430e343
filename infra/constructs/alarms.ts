import { Stack } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IAlarmAction,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';

interface AlarmOnProps {
  readonly metric: AlarmProps['metric'];
  /** In how many periods on end the metric must be above zero. */
  readonly periods: number;
  readonly text: string;
}

/** An alarm that rings while a number that should be zero is not. */
export function alarmOn(scope: Construct, id: string, props: AlarmOnProps): Alarm {
  return new Alarm(scope, id, {
    metric: props.metric,
    threshold: 0,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: props.periods,
    treatMissingData: TreatMissingData.NOT_BREACHING,
    alarmDescription: props.text,
  });
}

/** Sends all these alarms, and their all-clear, to one address; AWS asks the address once to confirm. */
export function sendAlarms(scope: Construct, alarms: readonly Alarm[], email: string): void {
  const topic = new Topic(scope, 'Alarms', { enforceSSL: true });
  topic.addSubscription(new EmailSubscription(email));
  topic.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  );
  const action: IAlarmAction = new SnsAction(topic);
  for (const alarm of alarms) {
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
  }
}
