import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IAlarmAction,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';

interface AlarmOnProps {
  readonly metric: AlarmProps['metric'];
  /** The number of periods above the threshold that raise the alarm: in a row, or of the last `outOf` periods. */
  readonly periods: number;
  readonly outOf?: number;
  /** Default: 0. */
  readonly threshold?: number;
  readonly text: string;
  /** The anchor of the alarm's paragraph in `docs/runbook.md`. */
  readonly paragraph: string;
}

/** An alarm that is raised while a metric is above its threshold. */
export function alarmOn(scope: Construct, id: string, props: AlarmOnProps): Alarm {
  return new Alarm(scope, id, {
    metric: props.metric,
    threshold: props.threshold ?? 0,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: props.outOf ?? props.periods,
    datapointsToAlarm: props.outOf === undefined ? undefined : props.periods,
    treatMissingData: TreatMissingData.NOT_BREACHING,
    alarmDescription: `${props.text} Runbook: docs/runbook.md#${props.paragraph}`,
  });
}

/** A construct's id as an anchor: `CopyOutput` becomes `copy-output`. */
export const kebab = (id: string): string => id.replaceAll(/(?<!^)[A-Z]/g, '-$&').toLowerCase();

/** The period of all alarms, except those on rarer measurements. */
export const alarmPeriod = Duration.minutes(5);

export interface Alarms {
  /** Alarms on a state. The topic is also notified when the state ends. */
  readonly withAllClear: readonly Alarm[];
  /** Alarms on an event, which has no end. */
  readonly withoutAllClear?: readonly Alarm[];
}

/** The given topic or a new one, with the address subscribed to it. */
export function alarmTopicFor(
  scope: Construct,
  { alarmTopic, alarmEmail }: { readonly alarmTopic?: ITopic; readonly alarmEmail?: string },
): ITopic {
  const topic = alarmTopic ?? newTopic(scope);
  if (alarmEmail !== undefined) topic.addSubscription(new EmailSubscription(alarmEmail));
  return topic;
}

function newTopic(scope: Construct): Topic {
  const topic = new Topic(scope, 'Alarms', { enforceSSL: true });
  topic.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  );
  return topic;
}

export function sendAlarms(topic: ITopic, { withAllClear, withoutAllClear = [] }: Alarms): void {
  const action: IAlarmAction = new SnsAction(topic);
  for (const alarm of [...withAllClear, ...withoutAllClear]) alarm.addAlarmAction(action);
  for (const alarm of withAllClear) alarm.addOkAction(action);
}
