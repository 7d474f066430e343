import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, type NativeAttributeValue, unmarshall } from '@aws-sdk/util-dynamodb';
import { InvalidInput, messageOf } from '../../errors.ts';
import type { Condition, Item, Write } from '../ports.ts';
import { changesOf } from '../writes.ts';

export interface Placeholders {
  name(attribute: string): string;
  value(value: NativeAttributeValue): string;
  /** The two maps of a request, left out where empty, as DynamoDB demands. */
  readonly maps: {
    ExpressionAttributeNames?: Record<string, string>;
    ExpressionAttributeValues?: Record<string, AttributeValue>;
  };
}

/** Every attribute goes by a placeholder: a name may be a reserved word or hold any sign. */
export function placeholders(): Placeholders {
  const names = new Map<string, string>();
  const values: Record<string, AttributeValue> = {};
  return {
    name: (attribute) => {
      const known = names.get(attribute) ?? `#n${names.size}`;
      names.set(attribute, known);
      return known;
    },
    value: (value) => {
      const place = `:v${Object.keys(values).length}`;
      values[place] = toAttribute(value);
      return place;
    },
    get maps() {
      return {
        ...(names.size > 0 && {
          ExpressionAttributeNames: Object.fromEntries([...names].map(([name, place]) => [place, name])),
        }),
        ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
      };
    },
  };
}

export function conditionExpression(
  condition: Condition | undefined,
  { name, value }: Placeholders,
): string | undefined {
  if (condition === undefined) return undefined;
  if (condition === 'absent') return `attribute_not_exists(${name('pk')})`;
  const equals = Object.entries(condition).map(([attribute, wanted]) =>
    wanted === null ? `attribute_not_exists(${name(attribute)})` : `${name(attribute)} = ${value(wanted)}`,
  );
  return [`attribute_exists(${name('pk')})`, ...equals].join(' AND ');
}

export function updateExpression(
  write: Extract<Write, { update: unknown }>,
  { name, value }: Placeholders,
): string | undefined {
  const set = changesOf(write.set).map(([attribute, next]) => `${name(attribute)} = ${value(next)}`);
  const remove = (write.remove ?? []).map(name);
  const clauses = [set.length > 0 && `SET ${set.join(', ')}`, remove.length > 0 && `REMOVE ${remove.join(', ')}`];
  return clauses.filter((clause) => clause !== false).join(' ') || undefined;
}

export function toAttributes(item: object): Record<string, AttributeValue> {
  try {
    return marshall(item, { removeUndefinedValues: true });
  } catch (error) {
    throw new InvalidInput(`A table cannot keep this value: ${messageOf(error)}`, {}, { cause: error });
  }
}

export const fromAttributes = (attributes: Record<string, AttributeValue>): Item => unmarshall(attributes) as Item;

const toAttribute = (value: NativeAttributeValue): AttributeValue => toAttributes({ value }).value as AttributeValue;
