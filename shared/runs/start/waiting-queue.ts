import { afterPrefix } from '../../platform/key-range.ts';
import type { Item, Table } from '../../platform/ports.ts';
import { allItems } from '../../platform/query-all.ts';
import { waitingPk } from '../run/run-items.ts';

/** The waiting runs of one rule with one priority, in order of arrival. */
export interface WaitingLine {
  readonly head: Item;
  /** Steps to the next run of the line; false when there is none. */
  advance(): Promise<boolean>;
}

/**
 * One line for each rule and priority that has somebody waiting. However many wait, this reads one item for each line:
 * it asks for the first, then for the first after that line, and so on.
 */
export async function waitingLines(table: Table): Promise<WaitingLine[]> {
  const lines: WaitingLine[] = [];
  for (let from: string | undefined; ; ) {
    const { items } = await table.query({ pk: waitingPk, from, limit: 1 });
    const [head] = items;
    if (head === undefined) return lines;
    const name = lineOf(head);
    lines.push(openLine(table, name, head));
    // Sorts after everything that begins with the line's name.
    from = afterPrefix(name);
  }
}

/** The line whose turn it is: by priority, then by arrival. */
export function firstOf(lines: readonly WaitingLine[]): WaitingLine | undefined {
  return [...lines].sort(({ head: a }, { head: b }) => compare(rankOf(a), rankOf(b)))[0];
}

function openLine(table: Table, name: string, first: Item): WaitingLine {
  let head = first;
  const rest = allItems(table, { pk: waitingPk, prefix: name, limit: 10 });
  return {
    get head() {
      return head;
    },
    advance: async () => {
      for (;;) {
        const { value, done } = await rest.next();
        if (done === true) return false;
        if (compare(value.sk, head.sk) <= 0) continue;
        head = value;
        return true;
      }
    },
  };
}

const lineOf = ({ sk }: Item): string => sk.split('#', 2).join('#').concat('#');

const rankOf = ({ sk, arrival, runId }: Item): string => `${sk.slice(0, 2)}${arrival}#${runId}`;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
