import { Duration, Stack } from 'aws-cdk-lib';
import { type Alarm, type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { alarmOn, alarmPeriod, kebab } from './alarms.ts';

export interface QueueWithDeadLettersProps {
  /**
   * The visibility timeout. AWS refuses to connect a function whose own timeout is longer, so the two are equal. A function
   * that works for minutes shortens it for its message and extends it while it works, so a crash does not delay the retry
   * by that much.
   */
  readonly visibility: Duration;
  /** After so many failed attempts a message becomes a dead letter. Default: 5. */
  readonly maxReceives?: number;
  /** What a dead letter means. Begins the alarm's text. */
  readonly meaning: string;
  /** The command that redrives dead letters. Default: AWS's own. */
  readonly redrive?: string;
  /** A message of this age raises an alarm. Longer than messages wait on a busy day. */
  readonly oldest: Duration;
}

/** A queue and its dead-letter queue, with alarms on the first dead letter and on messages that wait too long. */
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
      text: `${meaning} Find the cause in the function's log and fix it, then redrive the messages: ${redrive}`,
      paragraph: `${kebab(this.node.id)}-dead-letters`,
    });
  }

  /** SQS does not count messages that failed three times; the dead-letter alarm covers those. */
  private waitsAlarm({ meaning, oldest }: QueueWithDeadLettersProps): Alarm {
    const [pipeline] = meaning.split(':');
    return alarmOn(this, 'WaitsAlarm', {
      metric: this.oldestSeconds,
      threshold: oldest.toSeconds(),
      periods: 3,
      text: `${pipeline}: a message has been in ${this.node.id} for more than ${oldest.toMinutes()} minutes. Messages arrive faster than they are handled, or the function does not run.`,
      paragraph: `${kebab(this.node.id)}-waits`,
    });
  }

  private get redriveCommand(): string {
    return (
      `aws sqs start-message-move-task --region ${Stack.of(this).region} ` +
      `--source-arn ${this.deadLetters.queueArn} --destination-arn ${this.queue.queueArn}`
    );
  }
}
