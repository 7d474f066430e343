import { InvalidInput } from '../errors.ts';

/** Where a page ended, as the opaque text that `Query.cursor` carries. */
export const toCursor = (key: Readonly<Record<string, unknown>>): string =>
  Buffer.from(JSON.stringify(key)).toString('base64url');

export function fromCursor(cursor: string): Record<string, string> {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (key !== null && typeof key === 'object' && Object.values(key).every((value) => typeof value === 'string'))
      return key as Record<string, string>;
  } catch {
    // Reported below, in words for the sender.
  }
  throw new InvalidInput('The cursor is not one that a query returned.');
}
