import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { messageOf, PermanentError } from '../../../shared/errors.ts';
import { type LocalPlatform, openLocal } from '../../../shared/platform/local/index.ts';
import type { Table } from '../../../shared/platform/ports.ts';
import { applyRules, assertInForce, rollbackRules } from '../../../shared/runs/rules/apply-rules.ts';
import { parseRules } from '../../../shared/runs/rules/parse-rules.ts';
import { rulesHistory, rulesText } from '../../../shared/runs/rules/rules-history.ts';
import { storedRules } from '../../../shared/runs/rules/stored-rules.ts';
import { rulesVersionKey } from '../../../shared/runs/run/run-items.ts';

let folder: string;
let platform: LocalPlatform;
let runs: Table;
let now: number;
const clock = () => now;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-'));
  now = Date.parse('2026-01-02T03:04:05.000Z');
  platform = openLocal({ folder, clock });
  runs = platform.table('runs');
});
afterEach(() => {
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

const deployed = parseRules({ rules: [{ id: 'deployed', prefix: '', agentId: 'a' }] });
const text = (...ids: string[]) => JSON.stringify({ rules: ids.map((id) => ({ id, prefix: `${id}/`, agentId: 'a' })) });
const deps = () => ({ runs, clock });
const idsNow = async (read = storedRules(deps(), deployed)) => (await read()).rules.map(({ id }) => id);

describe('the rules in force', () => {
  test('are those that were deployed until others are applied', async () => {
    expect(await storedRules(deps(), deployed)()).toBe(deployed);
    expect(await applyRules(deps(), text('x'))).toEqual({ version: 1 });
    expect(await storedRules(deps(), deployed)()).toMatchObject({ version: 1, rules: [{ id: 'x' }] });
  });

  test('change within seconds for a program that runs, which asks no more often than that', async () => {
    let reads = 0;
    const counted: Table = { ...runs, get: (key) => runs.get(key).finally(() => (reads += 1)) };
    const read = storedRules({ runs: counted, clock }, deployed);
    await idsNow(read);
    await applyRules(deps(), text('x'));
    expect(await idsNow(read)).toEqual(['deployed']);
    expect(reads).toBe(1);
    now += 5000;
    expect(await idsNow(read)).toEqual(['x']);
    now += 5000;
    await idsNow(read);
    expect(reads).toBe(4);
  });

  test('that an older program cannot read are no upload’s fault', async () => {
    await applyRules(deps(), text('x'));
    const key = rulesVersionKey(1);
    await runs.write({ update: key, set: { text: '{ "rules": [], "newer": 1 }' } });
    const failure = await storedRules(deps(), deployed)().catch((error: unknown) => error);
    expect(failure).not.toBeInstanceOf(PermanentError);
    expect(messageOf(failure)).toMatch(/^Version 1 of the rules.*newer is no field.*Roll back/);
    // Other rules mend it, and so does a rollback.
    await applyRules(deps(), text('y'));
    expect(await idsNow()).toEqual(['y']);
    await rollbackRules(deps(), 0);
    expect(await idsNow()).toEqual(['deployed']);
  });

  test('are not replaced by what cannot be used', async () => {
    await expect(applyRules(deps(), '{')).rejects.toThrow('The rules are not JSON');
    await expect(applyRules(deps(), '{"rules":[{}]}')).rejects.toThrow('rules.0.agentId is missing');
    const long = JSON.stringify({ rules: [] }) + ' '.repeat(350 * 1024);
    await expect(applyRules(deps(), long)).rejects.toThrow('have 351 KB, and at most 350 KB can be kept');
    expect(await idsNow()).toEqual(['deployed']);
    expect(await rulesHistory(deps())).toEqual([]);
  });

  test('fit into the table at their largest', async () => {
    const document = text('x');
    const longest = document + ' '.repeat(350 * 1024 - document.length);
    await applyRules(deps(), longest, { by: 'anna' });
    expect(await rulesText(deps())).toBe(longest);
  });

  test('stay the same version when the same text is applied again', async () => {
    await applyRules(deps(), text('x'));
    expect(await applyRules(deps(), text('x'))).toEqual({ version: 1 });
    expect(await rulesHistory(deps())).toHaveLength(1);
  });
});

describe('of two who apply at once', () => {
  /** Somebody else applies between the reading and the writing. */
  const overtaken = (): Table => {
    let others = 1;
    return {
      ...runs,
      async write(...writes) {
        if (others-- > 0) await applyRules(deps(), text('theirs'), { by: 'bert' });
        return runs.write(...writes);
      },
    };
  };

  test.each([
    ['the first version', []],
    ['a later one', ['before']],
  ])('one wins and the other is told: %s', async (_name, before) => {
    for (const id of before) await applyRules(deps(), text(id));
    const mine = applyRules({ runs: overtaken(), clock }, text('mine'), { by: 'anna' });
    await expect(mine).rejects.toThrow(/Meanwhile version \d was applied by bert at 2026-01-02T03:04:05.000Z/);
    expect(await idsNow()).toEqual(['theirs']);
    expect(await rulesHistory(deps())).toHaveLength(before.length + 1);
  });

  test('who started from an older version is told as well', async () => {
    await applyRules(deps(), text('x'));
    await expect(applyRules(deps(), text('y'), { basedOn: 0 })).rejects.toThrow('Meanwhile version 1 was applied');
    expect(await applyRules(deps(), text('y'), { basedOn: 1 })).toEqual({ version: 2 });
  });

  test('are not based on a version that never was', async () => {
    await expect(applyRules(deps(), text('y'), { basedOn: 4 })).rejects.toThrow(
      'There is no version 4 of the rules yet: version 0 holds',
    );
    await expect(assertInForce(deps(), 0)).resolves.toBeUndefined();
  });

  test('are called in the history as in the document, also with several agents', async () => {
    const rule = (...agentIds: string[]) => JSON.stringify({ rules: [{ id: 'both', prefix: '', agentIds }] });
    await applyRules(deps(), text('x'));
    await applyRules(deps(), rule('a', 'b'));
    await applyRules(deps(), rule('b', 'a'));
    expect((await rulesHistory(deps())).map(({ summary }) => summary)).toEqual([
      '1 rule: changed both',
      '1 rule: added both; removed x',
      '1 rule',
    ]);
  });

  test('that hold already are not rolled back to', async () => {
    await applyRules(deps(), text('x'));
    await applyRules(deps(), text('y'));
    await applyRules(deps(), text('x'));
    expect(await rollbackRules(deps(), 1)).toEqual({ version: 3 });
    expect(await rollbackRules(deps(), 0)).toEqual({ version: 4 });
    expect(await rollbackRules(deps(), 0)).toEqual({ version: 4 });
    expect(await rulesHistory(deps())).toHaveLength(4);
  });
});

describe('the history', () => {
  test('tells when, by whom and what, the newest first', async () => {
    await applyRules(deps(), text('x', 'y'), { by: 'anna' });
    now += 1000;
    await applyRules(deps(), text('y', 'z'));
    expect(await rulesHistory(deps())).toEqual([
      { version: 2, at: '2026-01-02T03:04:06.000Z', summary: '2 rules: added z; removed x', isInForce: true },
      { version: 1, at: '2026-01-02T03:04:05.000Z', by: 'anna', summary: '2 rules', isInForce: false },
    ]);
  });

  test.each([
    [{ match: 'all', rules: [{ id: 'x', prefix: 'x/', agentId: 'a' }] }, '1 rule: settings for all changed'],
    [{ rules: [{ id: 'x', prefix: 'x/', agentId: 'b' }] }, '1 rule: changed x'],
    [{ rules: [{ prefix: 'x/', agentId: 'a', id: 'x' }] }, '1 rule: written differently, with the same meaning'],
  ])('says what is different: %j', async (document, summary) => {
    await applyRules(deps(), text('x'));
    await applyRules(deps(), JSON.stringify(document));
    expect((await rulesHistory(deps()))[0]).toMatchObject({ summary });
  });

  test('goes on when an older text is put back in force', async () => {
    await applyRules(deps(), text('x'));
    await applyRules(deps(), text('y'));
    expect(await rollbackRules(deps(), 1, { by: 'anna' })).toEqual({ version: 3 });
    expect(await idsNow()).toEqual(['x']);
    expect((await rulesHistory(deps()))[0]).toMatchObject({ version: 3, by: 'anna', summary: 'back to version 1' });
    expect(await rulesText(deps())).toBe(text('x'));
  });

  test('leads back to what was deployed', async () => {
    await applyRules(deps(), text('x'));
    expect(await rollbackRules(deps(), 0)).toEqual({ version: 2 });
    expect(await idsNow()).toEqual(['deployed']);
    expect((await storedRules(deps(), deployed)()).version).toBe(2);
    expect(await rollbackRules(deps(), 1)).toEqual({ version: 3 });
    expect(await idsNow()).toEqual(['x']);
  });

  test('does not lead back to what would take deliveries for uploads by now', async () => {
    await applyRules(deps(), text('x'));
    await applyRules(deps(), text('y'));
    const places = { uploads: 'one', deliveries: 'one', deliveriesPrefix: 'x/edited/' };
    await expect(rollbackRules(deps(), 1, { places })).rejects.toThrow(
      /Version 1 cannot hold any more: rules\.0\.prefix/,
    );
    expect(await idsNow()).toEqual(['y']);
    expect(await rollbackRules(deps(), 1, { places: { ...places, deliveries: 'two' } })).toEqual({ version: 3 });
  });

  test('has no version that was never applied', async () => {
    await expect(rollbackRules(deps(), 7)).rejects.toThrow('There is no version 7 of the rules');
  });
});
