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
/** Every open state leads to these, so the page says it once. */
const fromAnywhere = ['failed', 'cancelled'];

describe('docs/how-it-works.md', () => {
  test('docs/how-it-works.md lists every state of a run', () => {
    expect([...rows.keys()].sort()).toEqual(Object.keys(nextStatuses).sort());
  });

  test.each(Object.entries(nextStatuses))(
    'docs/how-it-works.md lists the allowed moves from %s',
    (status, next: readonly RunStatus[]) => {
      const listed = rows.get(status) ?? [];
      const isOpen = next.length > 0;
      expect([...listed, ...(isOpen ? fromAnywhere : [])].sort()).toEqual([...next].sort());
    },
  );
});
