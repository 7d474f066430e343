import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { NewFunction } from '../constructs/lambda-function.ts';
import type { QueueWithDeadLetters } from '../constructs/queue-with-dead-letters.ts';
import type { RecordsTable } from '../constructs/records-table.ts';
import type { ObjectStore } from '../constructs/video-bucket.ts';
import type { ResolvedProps } from '../resolve-props.ts';

/** Everything that the engine's functions are connected to. */
export interface EngineParts {
  readonly newFunction: NewFunction;
  readonly settings: ResolvedProps;
  readonly records: RecordsTable;
  readonly media: ObjectStore;
  readonly work: QueueWithDeadLetters;
  readonly apiKey: ISecret;
  readonly webhookSecret: ISecret;
}
