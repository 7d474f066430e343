import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Commands } from './commands.ts';
import { QueueWithDeadLetters, type QueueWithDeadLettersProps } from './constructs/queue-with-dead-letters.ts';

/** A function's timeout is also its queue's visibility timeout, which delays a retry: no longer than the work needs. */
export const timeouts = {
  // One start with its retries takes at most four minutes. If it is cut off, nobody knows whether the run began.
  startRun: Duration.minutes(5),
  // One request to an API that answers only at the fourth attempt.
  settle: Duration.seconds(150),
  // Much longer than a slice, after which a copy hands over to the next message.
  copyOutput: Duration.minutes(5),
  // The event bus, and a batch of receivers that may each take 15 seconds to answer.
  notify: Duration.minutes(1),
};

/** A message of this age raises an alarm. Longer than messages wait on a busy day. */
const oldest = {
  starts: Duration.minutes(30),
  settles: Duration.minutes(30),
  copies: Duration.hours(1),
  // A receiver that does not answer is retried after five seconds, five minutes and half an hour.
  notices: Duration.hours(1),
};

/** A webhook receiver may be down for a night: the eighth and last attempt comes after that. */
export const noticeReceives = 8;

export interface PipelineQueues {
  readonly starts: QueueWithDeadLetters;
  readonly settles: QueueWithDeadLetters;
  readonly copies: QueueWithDeadLetters;
  readonly notices: QueueWithDeadLetters;
}

export interface PipelineQueuesProps {
  readonly name: string;
  readonly commands: Commands;
}

/** The pipeline's queues, in the order of an upload's journey. */
export function createQueues(pipeline: Construct, { name, commands }: PipelineQueuesProps): PipelineQueues {
  const newQueue = (id: 'Starts' | 'Settles' | 'Copies' | 'Notices', props: QueueWithDeadLettersProps) =>
    new QueueWithDeadLetters(pipeline, id, {
      ...props,
      meaning: `Tessera ${name}: ${props.meaning}`,
      redrive: commands.tessera(`redrive ${id.toLowerCase()}`),
    });
  return {
    starts: newQueue('Starts', {
      visibility: timeouts.startRun,
      oldest: oldest.starts,
      meaning: 'an upload was not processed.',
    }),
    settles: newQueue('Settles', {
      visibility: timeouts.settle,
      oldest: oldest.settles,
      meaning: 'a run was not moved on.',
    }),
    copies: newQueue('Copies', {
      visibility: timeouts.copyOutput,
      oldest: oldest.copies,
      meaning: 'a finished output was not delivered.',
    }),
    notices: newQueue('Notices', {
      visibility: timeouts.notify,
      oldest: oldest.notices,
      maxReceives: noticeReceives,
      meaning: 'a subscriber was not notified of a run.',
    }),
  };
}
