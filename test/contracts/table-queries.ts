import { expect } from 'vitest';
import { InvalidInput } from '../../shared/errors.ts';
import type { Item, Query, Table } from '../../shared/platform/ports.ts';
import { type Check, fresh } from './contract.ts';

/** The reading half of what every `Table` promises. */
export function queryContract(check: Check, table: () => Table): void {
  const keysOf = (items: readonly Item[]) => items.map((item) => item.sk);
  const seed = async (...sks: string[]) => {
    const pk = fresh('P');
    for (const sk of sks) await table().write({ put: { pk, sk, type: 't' } });
    return pk;
  };
  const allPages = async (query: Query) => {
    const items: Item[] = [];
    let pages = 0;
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false, pages++) {
      const page = await table().query({ ...query, cursor });
      items.push(...page.items);
      cursor = page.next;
    }
    return { items, pages };
  };

  check('query reads one partition in the order of its sort keys, either way', async () => {
    const pk = await seed('b', 'a', 'c');
    await seed('other');
    expect(keysOf((await table().query({ pk })).items)).toEqual(['a', 'b', 'c']);
    expect(keysOf((await table().query({ pk, descending: true })).items)).toEqual(['c', 'b', 'a']);
    expect(await table().query({ pk: fresh('none') })).toEqual({ items: [] });
  });

  check('sort keys are ordered by their UTF-8 bytes', async () => {
    const pk = await seed('\u{1F3AC}', '\uFF5E', 'é', 'z', 'Z', '10', '9', 'a#');
    expect(keysOf((await table().query({ pk })).items)).toEqual([
      '10',
      '9',
      'Z',
      'a#',
      'z',
      'é',
      '\uFF5E',
      '\u{1F3AC}',
    ]);
  });

  check('query by prefix takes the prefix literally', async () => {
    const pk = await seed('OUTPUT', 'OUTPUT#', 'OUTPUT#1', 'OUTPUT#\u{1F3AC}', 'OUTPUT$', 'OUTPUT%', 'OUTPU_#2');
    const found = await table().query({ pk, prefix: 'OUTPUT#' });
    expect(keysOf(found.items)).toEqual(['OUTPUT#', 'OUTPUT#1', 'OUTPUT#\u{1F3AC}']);
  });

  check('query by bounds includes both', async () => {
    const pk = await seed('1', '2', '3', '4');
    expect(keysOf((await table().query({ pk, from: '2', to: '3' })).items)).toEqual(['2', '3']);
    expect(keysOf((await table().query({ pk, from: '3' })).items)).toEqual(['3', '4']);
    expect(keysOf((await table().query({ pk, to: '2' })).items)).toEqual(['1', '2']);
  });

  check('refuses a prefix together with bounds, and a cursor that is none', async () => {
    const pk = fresh('P');
    await expect(table().query({ pk, prefix: 'a', from: 'b' })).rejects.toThrow(InvalidInput);
    await expect(table().query({ pk, cursor: 'nonsense' })).rejects.toThrow(InvalidInput);
  });

  check('pages of a query hold every item once, in either direction', async () => {
    const sks = ['A#1', 'A#2', 'A#3', 'A#4', 'A#5'];
    const pk = await seed(...sks, 'B#1');
    const up = await allPages({ pk, prefix: 'A#', limit: 2 });
    expect(keysOf(up.items)).toEqual(sks);
    expect(up.pages).toBeGreaterThanOrEqual(3);
    const down = await allPages({ pk, prefix: 'A#', limit: 2, descending: true });
    expect(keysOf(down.items)).toEqual([...sks].reverse());
  });

  check('a page ends by itself when its items are large', async () => {
    const pk = fresh('LARGE');
    for (const sk of ['1', '2', '3', '4'])
      await table().write({ put: { pk, sk, type: 'large', text: 'x'.repeat(350 * 1024) } });
    const first = await table().query({ pk });
    expect(first.items.length).toBeLessThan(4);
    expect(first.next).toBeDefined();
    expect(keysOf((await allPages({ pk })).items)).toEqual(['1', '2', '3', '4']);
  });

  check('the index holds an item while, and only while, both of its index keys are set', async () => {
    const [open, pk] = [fresh('OPEN'), fresh('RUN')];
    const item: Item = { pk, sk: 'RUN', type: 'run', ipk: open, isk: '2026-01-01', n: 1 };
    const inIndex = async () => (await table().query({ pk: open, index: true })).items;
    await table().write({ put: item }, { put: { pk, sk: 'HALF', type: 'run', ipk: open } });
    await expect.poll(inIndex).toEqual([item]);
    await table().write({ update: item, set: { n: 2, isk: '2026-01-02' } });
    await expect.poll(inIndex).toEqual([{ ...item, n: 2, isk: '2026-01-02' }]);
    await table().write({ update: item, remove: ['isk'] });
    await expect.poll(inIndex).toEqual([]);
    await table().write({ update: item, set: { isk: '2026-01-03' } });
    await expect.poll(async () => (await inIndex()).length).toBe(1);
    await table().write({ delete: item });
    await expect.poll(inIndex).toEqual([]);
  });

  check('the index is ordered, bounded and paged by its sort key, with equal ones kept apart', async () => {
    const open = fresh('OPEN');
    const isks = ['1', '2', '2', '2', '3', '4'];
    for (const [n, isk] of isks.entries())
      await table().write({ put: { pk: fresh(`RUN#${n}`), sk: 'RUN', type: 'run', ipk: open, isk } });
    const query = { pk: open, index: true, to: '3', limit: 2 };
    await expect.poll(async () => (await allPages(query)).items.map((item) => item.isk)).toEqual(isks.slice(0, 5));
    const { items } = await allPages({ ...query, descending: true });
    expect(items.map((item) => item.isk)).toEqual(['3', '2', '2', '2', '1']);
    expect(new Set(items.map((item) => item.pk)).size).toBe(5);
    const found = await table().query({ pk: open, index: true, prefix: '2' });
    expect(found.items).toHaveLength(3);
  });
}
