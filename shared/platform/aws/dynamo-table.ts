import {
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { InvalidInput } from '../../errors.ts';
import { fromCursor, toCursor } from '../cursor.ts';
import type { Page, Query, Table } from '../ports.ts';
import { checkWrites } from '../writes.ts';
import { writeAll } from './dynamo-writes.ts';
import { fromAttributes, placeholders, toAttributes } from './expressions.ts';

const indexName = 'index';

let client: DynamoDBClient | undefined;

export function openDynamoTable(tableName: string): Table {
  client ??= new DynamoDBClient({
    maxAttempts: 5,
    requestHandler: { connectionTimeout: 3000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  });
  const dynamo = client;
  return {
    get: async ({ pk, sk }) => {
      const key = { TableName: tableName, Key: toAttributes({ pk, sk }), ConsistentRead: true };
      const { Item: found } = await dynamo.send(new GetItemCommand(key));
      return found && fromAttributes(found);
    },
    write: async (...writes) => {
      checkWrites(writes);
      return writes.length === 0 ? { done: true } : writeAll(dynamo, tableName, writes);
    },
    query: async (query) => pageOf(await dynamo.send(new QueryCommand(queryInput(tableName, query)))),
  };
}

function queryInput(tableName: string, query: Query): QueryCommandInput {
  const { index = false, prefix, from, to, limit, cursor, descending = false } = query;
  if (prefix !== undefined && (from !== undefined || to !== undefined))
    throw new InvalidInput('A query takes a prefix or bounds, not both.');
  const places = placeholders();
  const sort = index ? 'isk' : 'sk';
  const clauses = [`${places.name(index ? 'ipk' : 'pk')} = ${places.value(query.pk)}`];
  // An empty prefix or bound is refused by DynamoDB, and means nothing.
  if (prefix) clauses.push(`begins_with(${places.name(sort)}, ${places.value(prefix)})`);
  else if (from && to) clauses.push(`${places.name(sort)} BETWEEN ${places.value(from)} AND ${places.value(to)}`);
  else if (from) clauses.push(`${places.name(sort)} >= ${places.value(from)}`);
  else if (to !== undefined) clauses.push(`${places.name(sort)} <= ${places.value(to)}`);
  return {
    TableName: tableName,
    ...(index ? { IndexName: indexName } : { ConsistentRead: true }),
    KeyConditionExpression: clauses.join(' AND '),
    ...places.maps,
    ScanIndexForward: !descending,
    ...(limit !== undefined && { Limit: limit }),
    ...(cursor !== undefined && { ExclusiveStartKey: toAttributes(fromCursor(cursor)) }),
  };
}

function pageOf({ Items = [], LastEvaluatedKey: last }: QueryCommandOutput): Page {
  return { items: Items.map(fromAttributes), ...(last && { next: toCursor(unmarshall(last)) }) };
}
