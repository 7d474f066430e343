import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  type AttributeValue,
  type CancellationReason,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { InvalidInput } from '../../errors.ts';
import { awsBatchBackoff } from '../../retry.ts';
import type { Write, Written } from '../ports.ts';
import { keyOf } from '../writes.ts';
import { isAwsError, wasRepeated } from './errors.ts';
import { conditionExpression, fromAttributes, placeholders, toAttributes, updateExpression } from './expressions.ts';

const maxAttempts = 8;

/** One write costs half of a transaction, so it is sent as what it is. */
export async function writeAll(dynamo: DynamoDBClient, table: string, writes: readonly Write[]): Promise<Written> {
  const [only, ...others] = writes;
  for (let attempt = 1; ; attempt++) {
    try {
      if (only && others.length === 0) await writeOne(dynamo, table, only);
      else
        await dynamo.send(
          new TransactWriteItemsCommand({ TransactItems: writes.map((write) => toTransactItem(table, write)) }),
        );
      return { done: true };
    } catch (error) {
      const conflicts = conflictsIn(error);
      if (conflicts && only && isOwnRepeat(error, only, conflicts)) return { done: true };
      if (conflicts) return { done: false, conflicts };
      if (isRefused(error))
        throw new InvalidInput(`DynamoDB refuses this write to ${table}: ${error.message}`, {}, { cause: error });
      // Another transaction has one of the items at this moment: nothing was written, and it will be over soon.
      if (!isContention(error) || attempt === maxAttempts) throw error;
      await sleep(awsBatchBackoff(attempt) * 1000);
    }
  }
}

async function writeOne(dynamo: DynamoDBClient, table: string, write: Write): Promise<void> {
  const { Put, Update, Delete, ConditionCheck } = toTransactItem(table, write);
  if (Put) await dynamo.send(new PutItemCommand(Put));
  if (Update) await dynamo.send(new UpdateItemCommand(Update));
  if (Delete) await dynamo.send(new DeleteItemCommand(Delete));
  if (ConditionCheck) await dynamo.send(new UpdateItemCommand(ConditionCheck));
}

type Exact<T> = T & { Key: Record<string, AttributeValue> };

function toTransactItem(table: string, write: Write): TransactWriteItem {
  const places = placeholders();
  const condition = conditionExpression('update' in write ? (write.if ?? {}) : write.if, places);
  const update = 'update' in write ? updateExpression(write, places) : undefined;
  const { pk, sk } = keyOf(write);
  const common = {
    TableName: table,
    ...places.maps,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  };
  const conditional = { ...common, ...(condition !== undefined && { ConditionExpression: condition }) };
  if ('put' in write) return { Put: { ...conditional, Item: toAttributes(write.put) } };
  const keyed: Exact<typeof conditional> = { ...conditional, Key: toAttributes({ pk, sk }) };
  if ('delete' in write) return { Delete: keyed };
  if (update !== undefined) return { Update: { ...keyed, UpdateExpression: update } };
  return { ConditionCheck: { ...keyed, ConditionExpression: condition } };
}

type Conflicts = Extract<Written, { done: false }>['conflicts'];

function conflictsIn(error: unknown): Conflicts | undefined {
  if (error instanceof ConditionalCheckFailedException) return [toConflict(error, 0)];
  if (!(error instanceof TransactionCanceledException)) return undefined;
  const conflicts = (error.CancellationReasons ?? []).flatMap((reason, index) =>
    reason.Code === 'ConditionalCheckFailed' ? [toConflict(reason, index)] : [],
  );
  return conflicts.length > 0 ? conflicts : undefined;
}

function toConflict({ Item: item }: { Item?: Record<string, AttributeValue> }, index: number): Conflicts[number] {
  return { index, ...(item && Object.keys(item).length > 0 && { existing: fromAttributes(item) }) };
}

/** The SDK's first try may have put the item and lost the answer; then the item in the way is the very one. */
function isOwnRepeat(error: unknown, write: Write, [conflict]: Conflicts): boolean {
  if (!wasRepeated(error) || !('put' in write) || !conflict?.existing) return false;
  return isDeepStrictEqual(conflict.existing, fromAttributes(toAttributes(write.put)));
}

const waitable = ['None', 'TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'];

function isContention(error: unknown): boolean {
  if (error instanceof TransactionCanceledException)
    return (error.CancellationReasons ?? []).every((reason) => waitable.includes(reason.Code ?? 'None'));
  return isAwsError(error, 'TransactionConflictException', 'TransactionInProgressException');
}

/** About the values of the write, not about the table or our rights to it: those can be put right. */
function isRefused(error: unknown): error is Error {
  const aboutValues = /item size|maximum allowed size|parameter values? (was|were) invalid|empty string|type mismatch/i;
  const reasons: CancellationReason[] =
    error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
  if (reasons.some((reason) => reason.Code === 'ValidationError')) return true;
  return isAwsError(error, 'ValidationException') && aboutValues.test(error.message);
}
