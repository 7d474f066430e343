import { InvalidInput } from '../errors.ts';

/** Opaque to clients: the place, in a list that runs from the newest to the oldest, after which the next page begins. */
export type Cursor = string;

export const cursorOf = (place: string): Cursor => Buffer.from(place).toString('base64url');

export function readCursor(cursor: Cursor): string {
  const place = Buffer.from(cursor, 'base64url').toString();
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z#[\w-]{1,64}$/.test(place))
    throw new InvalidInput('cursor is not one that this API gave: pass next_cursor of the previous page, unchanged.');
  return place;
}
