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
  /** In how many periods the metric must be above the threshold; without `outOf`, on end. */
  readonly periods: number;
  readonly outOf?: number;
  /** The threshold; 0 where nothing is said. */
  readonly moreThan?: number;
  readonly text: string;
  /** The paragraph of `docs/runbook.md` that tells what to do. */
  readonly paragraph: string;
}

/** An alarm that rings while a number that should be zero, or not much more, is larger. */
export function alarmOn(scope: Construct, id: string, props: AlarmOnProps): Alarm {
  return new Alarm(scope, id, {
    metric: props.metric,
    threshold: props.moreThan ?? 0,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: props.outOf ?? props.periods,
    datapointsToAlarm: props.outOf === undefined ? undefined : props.periods,
    treatMissingData: TreatMissingData.NOT_BREACHING,
    alarmDescription: `${props.text} Runbook: docs/runbook.md#${props.paragraph}`,
  });
}

/** How a construct's id is written in anchors: `CopyOutput` as `copy-output`. */
export const kebab = (id: string): string => id.replaceAll(/(?<!^)[A-Z]/g, '-$&').toLowerCase();

/** All alarms look at five minutes at a time, but for those on what happens less often. */
export const alarmPeriod = Duration.minutes(5);

export interface Alarms {
  /** These have an all-clear, which is sent too. */
  readonly states: readonly Alarm[];
  /** These only tell that something has happened. */
  readonly happenings?: readonly Alarm[];
}

/** The topic that was given, or one of its own; with an address, that is told what comes. */
export function alarmTopicOf(
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

/** Sends all these alarms to the topic. */
export function sendAlarms(topic: ITopic, { states, happenings = [] }: Alarms): void {
  const action: IAlarmAction = new SnsAction(topic);
  for (const alarm of [...states, ...happenings]) alarm.addAlarmAction(action);
  for (const alarm of states) alarm.addOkAction(action);
}
