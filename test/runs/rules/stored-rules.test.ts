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
  test('the deployed rules are in force until others are applied', async () => {
    expect(await storedRules(deps(), deployed)()).toBe(deployed);
    expect(await applyRules(deps(), text('x'))).toEqual({ version: 1 });
    expect(await storedRules(deps(), deployed)()).toMatchObject({ version: 1, rules: [{ id: 'x' }] });
  });

  test('applied rules reach a running program within seconds, without more frequent reads', async () => {
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

  test('rules that an older program cannot read do not fail uploads', async () => {
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

  test('invalid rules do not replace the rules in force', async () => {
    await expect(applyRules(deps(), '{')).rejects.toThrow('The rules are not JSON');
    await expect(applyRules(deps(), '{"rules":[{}]}')).rejects.toThrow('rules.0.agentId is missing');
    const long = JSON.stringify({ rules: [] }) + ' '.repeat(350 * 1024);
    await expect(applyRules(deps(), long)).rejects.toThrow('have 351 KB, and at most 350 KB can be kept');
    expect(await idsNow()).toEqual(['deployed']);
    expect(await rulesHistory(deps())).toEqual([]);
  });

  test('the largest rules fit into the table', async () => {
    const document = text('x');
    const longest = document + ' '.repeat(350 * 1024 - document.length);
    await applyRules(deps(), longest, { by: 'anna' });
    expect(await rulesText(deps())).toBe(longest);
  });

  test('applying the same text again keeps the version', async () => {
    await applyRules(deps(), text('x'));
    expect(await applyRules(deps(), text('x'))).toEqual({ version: 1 });
    expect(await rulesHistory(deps())).toHaveLength(1);
  });
});

describe('applying rules concurrently', () => {
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
  ])('of two people who apply at once one wins and the other gets an error: %s', async (_name, before) => {
    for (const id of before) await applyRules(deps(), text(id));
    const mine = applyRules({ runs: overtaken(), clock }, text('mine'), { by: 'anna' });
    await expect(mine).rejects.toThrow(/Meanwhile version \d was applied by bert at 2026-01-02T03:04:05.000Z/);
    expect(await idsNow()).toEqual(['theirs']);
    expect(await rulesHistory(deps())).toHaveLength(before.length + 1);
  });

  test('applying rules based on an older version is refused', async () => {
    await applyRules(deps(), text('x'));
    await expect(applyRules(deps(), text('y'), { basedOn: 0 })).rejects.toThrow('Meanwhile version 1 was applied');
    expect(await applyRules(deps(), text('y'), { basedOn: 1 })).toEqual({ version: 2 });
  });

  test('applying rules based on an unknown version is refused', async () => {
    await expect(applyRules(deps(), text('y'), { basedOn: 4 })).rejects.toThrow(
      'There is no version 4 of the rules yet: version 0 holds',
    );
    await expect(assertInForce(deps(), 0)).resolves.toBeUndefined();
  });

  test('the history names a rule with several agents by its id in the document', async () => {
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

  test('rolling back to the rules in force changes nothing', async () => {
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
  test('the history lists time, person and changes, newest first', async () => {
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
  ])('the history describes the changes: %j', async (document, summary) => {
    await applyRules(deps(), text('x'));
    await applyRules(deps(), JSON.stringify(document));
    expect((await rulesHistory(deps()))[0]).toMatchObject({ summary });
  });

  test('a rollback adds a version to the history', async () => {
    await applyRules(deps(), text('x'));
    await applyRules(deps(), text('y'));
    expect(await rollbackRules(deps(), 1, { by: 'anna' })).toEqual({ version: 3 });
    expect(await idsNow()).toEqual(['x']);
    expect((await rulesHistory(deps()))[0]).toMatchObject({ version: 3, by: 'anna', summary: 'back to version 1' });
    expect(await rulesText(deps())).toBe(text('x'));
  });

  test('a rollback to version 0 restores the deployed rules', async () => {
    await applyRules(deps(), text('x'));
    expect(await rollbackRules(deps(), 0)).toEqual({ version: 2 });
    expect(await idsNow()).toEqual(['deployed']);
    expect((await storedRules(deps(), deployed)()).version).toBe(2);
    expect(await rollbackRules(deps(), 1)).toEqual({ version: 3 });
    expect(await idsNow()).toEqual(['x']);
  });

  test('a rollback is refused if the rules would now take deliveries as uploads', async () => {
    await applyRules(deps(), text('x'));
    await applyRules(deps(), text('y'));
    const places = { uploads: 'one', deliveries: 'one', deliveriesPrefix: 'x/edited/' };
    await expect(rollbackRules(deps(), 1, { places })).rejects.toThrow(
      /Version 1 cannot hold any more: rules\.0\.prefix/,
    );
    expect(await idsNow()).toEqual(['y']);
    expect(await rollbackRules(deps(), 1, { places: { ...places, deliveries: 'two' } })).toEqual({ version: 3 });
  });

  test('rolling back to an unknown version is refused', async () => {
    await expect(rollbackRules(deps(), 7)).rejects.toThrow('There is no version 7 of the rules');
  });
});
