import { beforeAll, describe, expect } from 'vitest';
import { InvalidInput } from '../../shared/errors.ts';
import type { Item, Table } from '../../shared/platform/ports.ts';
import { checker, fresh, type Gaps } from './contract.ts';
import { queryContract } from './table-queries.ts';

/** What every `Table` promises. */
export function tableContract(name: string, open: () => Promise<Table>, gaps?: Gaps): void {
  describe(`${name} is a table`, () => {
    const check = checker(gaps);
    let table: Table;
    beforeAll(async () => {
      table = await open();
    });
    const run = (more: Record<string, unknown> = {}) => ({ pk: fresh('RUN'), sk: 'RUN', type: 'run', ...more }) as Item;

    check('answers undefined for an item that is not there', async () => {
      expect(await table.get({ pk: fresh('none'), sk: 'RUN' })).toBeUndefined();
    });

    check('gives back what was put, every kind of value included', async () => {
      const item = run({
        text: 'Grüße, 世界 🎬 "quoted" \u0001',
        numbers: [0, -1, 1.5, 1e-9, Number.MAX_SAFE_INTEGER],
        flag: false,
        nothing: null,
        empty: { text: '', list: [], map: {} },
        nested: { deep: [{ a: [1, 'two', null, true] }] },
      });
      expect(await table.write({ put: item })).toEqual({ done: true });
      expect(await table.get(item)).toEqual(item);
    });

    check('does not store attributes that are undefined, at any depth', async () => {
      const item = run({ gone: undefined, nested: { kept: 1, gone: undefined } });
      await table.write({ put: item });
      expect(Object.keys((await table.get(item)) ?? {}).sort()).toEqual(['nested', 'pk', 'sk', 'type']);
      expect((await table.get(item))?.nested).toStrictEqual({ kept: 1 });
    });

    check('takes attribute names that are reserved words or hold signs', async () => {
      const item = run({ status: 'new', name: 'n', 'a.b-c d': 1, size: 2, ':x': 3, '#y': 4 });
      await table.write({ put: item });
      const changed = {
        update: item,
        set: { status: 'old', 'a.b-c d': 2 },
        remove: ['#y'],
        if: { name: 'n', ':x': 3 },
      };
      expect(await table.write(changed)).toEqual({ done: true });
      expect(await table.get(item)).toMatchObject({ status: 'old', 'a.b-c d': 2 });
      expect(await table.get(item)).not.toHaveProperty('#y');
    });

    check('put without a condition replaces the whole item', async () => {
      const item = run({ old: 1 });
      await table.write({ put: item });
      await table.write({ put: { pk: item.pk, sk: item.sk, type: 'run', new: 2 } });
      expect(await table.get(item)).toEqual({ pk: item.pk, sk: item.sk, type: 'run', new: 2 });
    });

    check('of many claims on one key exactly one wins, and the others are shown its item', async () => {
      const { pk, sk, type } = run();
      const claims = Array.from({ length: 8 }, (_, by) => table.write({ put: { pk, sk, type, by }, if: 'absent' }));
      const answers = await Promise.all(claims);
      const winner = answers.findIndex((answer) => answer.done);
      expect(answers.filter((answer) => answer.done)).toHaveLength(1);
      for (const answer of answers.filter((one) => !one.done))
        expect(answer).toEqual({ done: false, conflicts: [{ index: 0, existing: { pk, sk, type, by: winner } }] });
    });

    check('update changes only what it names', async () => {
      const item = run({ status: 'starting', kept: 'yes', gone: 1 });
      await table.write({ put: item });
      const update = { update: item, set: { status: 'running', ignored: undefined }, remove: ['gone', 'never'] };
      expect(await table.write(update)).toEqual({ done: true });
      expect(await table.get(item)).toEqual({ pk: item.pk, sk: item.sk, type: 'run', status: 'running', kept: 'yes' });
    });

    check('update of an item that is not there is a conflict and creates nothing', async () => {
      const { pk, sk } = run();
      const answers = [
        await table.write({ update: { pk, sk }, set: { a: 1 } }),
        await table.write({ update: { pk, sk }, set: { a: 1 }, if: { b: null } }),
        await table.write({ update: { pk, sk } }),
      ];
      for (const answer of answers) expect(answer).toEqual({ done: false, conflicts: [{ index: 0 }] });
      expect(await table.get({ pk, sk })).toBeUndefined();
    });

    check('a condition compares value and kind, and null means absent', async () => {
      const item = run({ status: 'running', count: 1, flag: true, nothing: null });
      await table.write({ put: item });
      const holds = async (condition: Record<string, string | number | boolean | null>) =>
        (await table.write({ update: item, set: { touched: 1 }, if: condition })).done;
      expect(await holds({})).toBe(true);
      expect(await holds({ status: 'running', count: 1, flag: true, other: null })).toBe(true);
      expect(await holds({ status: 'starting' })).toBe(false);
      expect(await holds({ count: '1' })).toBe(false);
      expect(await holds({ flag: 'true' })).toBe(false);
      expect(await holds({ missing: 1 })).toBe(false);
      expect(await holds({ status: null })).toBe(false);
      expect(await holds({ nothing: null })).toBe(false);
    });

    check('an update without changes only checks its condition', async () => {
      const item = run({ status: 'running' });
      await table.write({ put: item });
      expect(await table.write({ update: item, if: { status: 'running' } })).toEqual({ done: true });
      const refused = { done: false, conflicts: [{ index: 0, existing: item }] };
      expect(await table.write({ update: item, if: { status: 'done' } })).toEqual(refused);
      expect(await table.get(item)).toEqual(item);
    });

    check('put and delete take conditions on the existing item', async () => {
      const item = run({ owner: 'a' });
      await table.write({ put: item });
      const refused = { done: false, conflicts: [{ index: 0, existing: item }] };
      expect(await table.write({ put: { ...item, owner: 'b' }, if: { owner: 'b' } })).toEqual(refused);
      expect(await table.write({ delete: item, if: { owner: 'b' } })).toEqual(refused);
      expect(await table.write({ delete: item, if: { owner: 'a' } })).toEqual({ done: true });
      expect(await table.get(item)).toBeUndefined();
      expect(await table.write({ delete: item })).toEqual({ done: true });
      expect(await table.write({ delete: item, if: {} })).toEqual({ done: false, conflicts: [{ index: 0 }] });
    });

    check('a transaction writes all of its kinds at once', async () => {
      const [put, updated, deleted, checked] = [run(), run({ n: 1 }), run(), run({ n: 5 })];
      await table.write({ put: updated }, { put: deleted }, { put: checked });
      const answer = await table.write(
        { put, if: 'absent' },
        { update: updated, set: { n: 2 }, if: { n: 1 } },
        { delete: deleted, if: {} },
        { update: checked, if: { n: 5 } },
      );
      expect(answer).toEqual({ done: true });
      expect(await table.get(put)).toEqual(put);
      expect(await table.get(updated)).toEqual({ ...updated, n: 2 });
      expect(await table.get(deleted)).toBeUndefined();
      expect(await table.get(checked)).toEqual(checked);
    });

    check('a transaction with a conflict writes nothing and names each conflict', async () => {
      const [free, taken, moved] = [run(), run({ by: 'other' }), run({ status: 'done' })];
      await table.write({ put: taken }, { put: moved });
      const answer = await table.write(
        { put: free, if: 'absent' },
        { put: { ...taken, by: 'me' }, if: 'absent' },
        { update: moved, set: { status: 'failed' }, if: { status: 'running' } },
        { delete: { pk: free.pk, sk: 'none' }, if: {} },
      );
      expect(answer).toEqual({
        done: false,
        conflicts: [{ index: 1, existing: taken }, { index: 2, existing: moved }, { index: 3 }],
      });
      expect(await table.get(free)).toBeUndefined();
    });

    check('transactions that race for one counter lose no step', async () => {
      const counter = run({ n: 0 });
      await table.write({ put: counter });
      const step = async (who: number): Promise<void> => {
        const n = Number((await table.get(counter))?.n);
        const note: Item = { pk: counter.pk, sk: `NOTE#${n}`, type: 'note', who };
        const answer = await table.write(
          { update: counter, set: { n: n + 1 }, if: { n } },
          { put: note, if: 'absent' },
        );
        if (!answer.done) await step(who);
      };
      await Promise.all([1, 2, 3, 4].map(step));
      expect((await table.get(counter))?.n).toBe(4);
      expect((await table.query({ pk: counter.pk, prefix: 'NOTE#' })).items).toHaveLength(4);
    });

    check('takes a hundred writes in one transaction, refuses more, and accepts none', async () => {
      const pk = fresh('MANY');
      const puts = Array.from({ length: 101 }, (_, n) => ({ put: { pk, sk: `I#${n}`, type: 'i' } }));
      await expect(table.write(...puts)).rejects.toThrow(InvalidInput);
      expect((await table.query({ pk })).items).toEqual([]);
      expect(await table.write(...puts.slice(0, 100))).toEqual({ done: true });
      expect((await table.query({ pk })).items).toHaveLength(100);
      expect(await table.write()).toEqual({ done: true });
    });

    check('refuses what can never be written', async () => {
      const item = run();
      await expect(table.write({ put: { ...item, pk: '' } })).rejects.toThrow(InvalidInput);
      await expect(table.write({ put: item }, { delete: item })).rejects.toThrow(InvalidInput);
      await expect(table.write({ update: item, set: { pk: 'other' } })).rejects.toThrow(InvalidInput);
      await expect(table.write({ update: item, set: { a: 1 }, remove: ['a'] })).rejects.toThrow(InvalidInput);
      await expect(table.write({ put: { ...item, n: Number.NaN } })).rejects.toThrow(InvalidInput);
      await expect(table.write({ put: { ...item, ipk: '', isk: 'x' } })).rejects.toThrow(InvalidInput);
      await expect(table.write({ update: item, set: { isk: 5 } })).rejects.toThrow(InvalidInput);
      await expect(table.write({ put: { ...item, expiresAt: 1.5 } })).rejects.toThrow(InvalidInput);
    });

    check('keeps the longest keys, by their bytes, and refuses longer ones', async () => {
      const item = { ...run(), sk: 'é'.repeat(512) };
      await table.write({ put: item });
      expect(await table.get(item)).toEqual(item);
      await expect(table.write({ put: { ...item, sk: `${item.sk}x` } })).rejects.toThrow('1025 bytes');
      await expect(table.write({ put: { ...item, pk: 'x'.repeat(2049) } })).rejects.toThrow(InvalidInput);
      await expect(table.write({ put: { ...item, ipk: 'x', isk: 'x'.repeat(1025) } })).rejects.toThrow(InvalidInput);
    });

    check('keeps an item of 300 KB and refuses one of 500 KB', async () => {
      const item = run({ text: 'x'.repeat(300 * 1024) });
      await table.write({ put: item });
      expect(await table.get(item)).toEqual(item);
      await expect(table.write({ put: run({ text: 'x'.repeat(500 * 1024) }) })).rejects.toThrow(InvalidInput);
    });

    queryContract(check, () => table);
  });
}
