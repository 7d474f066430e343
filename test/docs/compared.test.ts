import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const rows = readFileSync(resolve(root, 'docs/compared.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| [^|]+ \| [●◐○]/.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test('each row of docs/compared.md rates six systems and names an existing test for each feature we claim', () => {
  expect(rows.length).toBeGreaterThan(60);
  for (const row of rows) {
    const [name, ours, ...rest] = row;
    expect(row, name).toHaveLength(8);
    const ends = ['.test.ts', '.slow.test.ts', '.ts', '/'];
    const named = (rest.at(-1) ?? '').match(/\b[a-z-]+(\/[a-z0-9-]+)+\b/g) ?? [];
    const tests = named.filter((path) => ends.some((end) => existsSync(resolve(root, `test/${path}${end}`))));
    const isProved = tests.length > 0 || /`npm run|this repository/.test(rest.at(-1) ?? '');
    expect(ours === '●' ? isProved : true, `${name}: ${rest.at(-1)}`).toBe(true);
  }
});

test('each row of docs/compared.md has at least two different ratings', () => {
  for (const [name, ...marks] of rows) {
    const ratings = new Set(marks.slice(0, 6));
    expect(ratings.size, name).toBeGreaterThan(1);
  }
});
