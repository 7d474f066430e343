import type { Item, Query, Table } from './ports.ts';

/** Every item that the query finds, page after page, fetched only as far as it is read. */
export async function* allItems(table: Table, query: Omit<Query, 'cursor'>): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const page = await table.query({ ...query, cursor });
    yield* page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}
