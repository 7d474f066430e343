import { Duration, Stack } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { alarmOn } from './alarms.ts';

export interface QueueWithDeadLettersProps {
  /**
   * How long a message stays hidden after it is handed to a function. AWS refuses to connect a function whose timeout is
   * longer, so this is that timeout; a function that works for minutes shortens it for its own message and extends it
   * while it works, and so a crash does not hide the message for all of that time.
   */
  readonly visibility: Duration;
  /** What has not happened when a message lies among the dead letters; begins the alarm's text. */
  readonly meaning: string;
}

/** How often a message is handed out before it is put among the dead letters. */
const maxReceives = 5;

/** A queue, the queue for messages that failed five times, and an alarm as soon as one is there. */
export class QueueWithDeadLetters extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly visibility: Duration;
  readonly alarm: Alarm;

  constructor(scope: Construct, id: string, props: QueueWithDeadLettersProps) {
    super(scope, id);
    const defaults = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, retentionPeriod: Duration.days(14) };
    this.visibility = props.visibility;
    this.deadLetters = new Queue(this, 'DeadLetters', defaults);
    this.queue = new Queue(this, 'Queue', {
      ...defaults,
      visibilityTimeout: props.visibility,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: maxReceives },
    });
    this.alarm = alarmOn(this, 'DeadLettersAlarm', {
      metric: this.deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(5),
        statistic: 'max',
      }),
      periods: 1,
      text: `${props.meaning} Read the cause in the function's log, mend it, then have the messages tried again: ${this.redriveCommand}`,
    });
  }

  /** Moves every dead letter back to where it came from. */
  private get redriveCommand(): string {
    return (
      `aws sqs start-message-move-task --region ${Stack.of(this).region} ` +
      `--source-arn ${this.deadLetters.queueArn} --destination-arn ${this.queue.queueArn}`
    );
  }
}
