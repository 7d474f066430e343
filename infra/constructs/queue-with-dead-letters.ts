import { Duration, Stack } from 'aws-cdk-lib';
import { type Alarm, type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { alarmOn, alarmPeriod, kebab } from './alarms.ts';

export interface QueueWithDeadLettersProps {
  /**
   * How long a message stays hidden after it is handed to a function. AWS refuses to connect a function whose timeout is
   * longer, so this is that timeout; a function that works for minutes shortens it for its own message and extends it
   * while it works, and so a crash does not hide the message for all of that time.
   */
  readonly visibility: Duration;
  /** How often a message is handed out before it is put among the dead letters. */
  readonly maxReceives?: number;
  /** What has not happened when a message lies among the dead letters; begins the alarm's text. */
  readonly meaning: string;
  /** What to type to have dead letters tried again. Default: AWS's own command. */
  readonly redrive?: string;
  /** Longer than a message has to wait on a busy day. */
  readonly oldest: Duration;
}

/** A queue, the queue for messages that failed too often, and alarms: on the first of those, and on messages that wait long. */
export class QueueWithDeadLetters extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly visibility: Duration;
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: QueueWithDeadLettersProps) {
    super(scope, id);
    const defaults = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, retentionPeriod: Duration.days(14) };
    this.visibility = props.visibility;
    this.deadLetters = new Queue(this, 'DeadLetters', defaults);
    this.queue = new Queue(this, 'Queue', {
      ...defaults,
      visibilityTimeout: props.visibility,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: props.maxReceives ?? 5 },
    });
    this.alarms = [this.deadLettersAlarm(props), this.waitsAlarm(props)];
  }

  /** Messages that wait for a function. */
  get waiting(): Metric {
    return this.queue.metricApproximateNumberOfMessagesVisible({ period: alarmPeriod, statistic: Stats.MAXIMUM });
  }

  get oldestSeconds(): Metric {
    return this.queue.metricApproximateAgeOfOldestMessage({ period: alarmPeriod, statistic: Stats.MAXIMUM });
  }

  get dead(): Metric {
    return this.deadLetters.metricApproximateNumberOfMessagesVisible({ period: alarmPeriod, statistic: Stats.MAXIMUM });
  }

  private deadLettersAlarm({ meaning, redrive = this.redriveCommand }: QueueWithDeadLettersProps): Alarm {
    return alarmOn(this, 'DeadLettersAlarm', {
      metric: this.dead,
      periods: 1,
      text: `${meaning} Read the cause in the function's log, mend it, then have the messages tried again: ${redrive}`,
      paragraph: `${kebab(this.node.id)}-dead-letters`,
    });
  }

  /** SQS leaves messages that failed three times out of this age; the dead letters' alarm is about those. */
  private waitsAlarm({ meaning, oldest }: QueueWithDeadLettersProps): Alarm {
    const [who] = meaning.split(':');
    return alarmOn(this, 'WaitsAlarm', {
      metric: this.oldestSeconds,
      moreThan: oldest.toSeconds(),
      periods: 3,
      text: `${who}: a message has been in ${this.node.id} for more than ${oldest.toMinutes()} minutes: more comes in than is worked off, or its function does not run.`,
      paragraph: `${kebab(this.node.id)}-waits`,
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
