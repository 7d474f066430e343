import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nextStatuses, type RunStatus } from '../../shared/runs/run/run.ts';

const page = readFileSync(new URL('../../docs/how-it-works.md', import.meta.url), 'utf8');
const rows = new Map(
  [...page.matchAll(/^\| `(\w+)` \| [^|]+ \|(.*)\|$/gm)].map(([, status = '', next = '']) => [
    status,
    [...next.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  ]),
);
/** These every open state leads to, so the page says it once. */
const fromAnywhere = ['failed', 'cancelled'];

describe('docs/how-it-works.md', () => {
  test('has every state of a run', () => {
    expect([...rows.keys()].sort()).toEqual(Object.keys(nextStatuses).sort());
  });

  test.each(Object.entries(nextStatuses))(
    'leads from %s where the program does',
    (status, next: readonly RunStatus[]) => {
      const told = rows.get(status) ?? [];
      const isOpen = next.length > 0;
      expect([...told, ...(isOpen ? fromAnywhere : [])].sort()).toEqual([...next].sort());
    },
  );
});
