import { countCopy } from './costs/copy-requests.ts';
import { countRuns } from './costs/count-runs.ts';
import { type Counted, callMs, copyBytesPerSecond, memoryGb, prices, pricesOf } from './costs/prices.ts';
import { newTally } from './costs/tally.ts';
import { amountOf } from './short.ts';

const counted = amountOf(100, 5);
const shown = 1000;
const webhooks = 5;
const outputs = [100e6, 5e9];

/** What AWS asks for a thousand runs by its list prices: each call is counted while runs go through the real doors. */
export async function benchCosts(): Promise<void> {
  const runs = await countRuns(counted, webhooks);
  const small = newTally();
  await countCopy(2000, small);
  const tallies = await Promise.all(
    outputs.map(async (bytes) => {
      const copy = newTally();
      await countCopy(bytes, copy);
      copy.add('gigabyteSecond', (bytes / copyBytesPerSecond) * memoryGb['copy-output']);
      return (what: Counted) => (runs.of(what) / counted + copy.of(what) - small.of(what)) * shown;
    }),
  );
  console.log(
    `${shown} runs, each one upload, ${webhooks} webhooks, one output. Dollars by ${pricesOf}, no free tier.\n`,
  );
  const heading = outputs.flatMap((bytes) => [`${bytes / 1e6} MB each`, 'dollars']);
  console.log(row('', heading));
  const totals = outputs.map(() => 0);
  for (const [name, { what, per, dollars }] of Object.entries(prices) as [Counted, (typeof prices)[Counted]][]) {
    const columns = tallies.flatMap((of, place) => {
      const cost = (of(name) / per) * dollars;
      totals[place] = (totals[place] ?? 0) + cost;
      return [amount(of(name)), cost.toFixed(3)];
    });
    console.log(row(what, columns));
  }
  console.log(
    row(
      'together',
      totals.flatMap((total) => ['', total.toFixed(2)]),
    ),
  );
  console.log(`\n${notes.join('\n')}`);
}

const notes = [
  `A function's seconds: what it takes here, and for each call what AWS takes, about: ${said(callMs, 'ms')}; copies at`,
  `${copyBytesPerSecond / 1e6} MB/s in a function of ${memoryGb['copy-output']} GB, the others have ${memoryGb.others}. Each message wakes a function of its own (no batches).`,
  'Not counted: what is stored, reading the uploads over the internet (0.09 dollars a GB), traces, the idle month.',
];

function said(values: Readonly<Record<string, number>>, unit: string): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value} ${unit}`)
    .join(', ');
}

const amount = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);

const row = (what: string, columns: readonly string[]): string =>
  `${what.padEnd(54)}${columns.map((column) => column.padStart(14)).join('')}`;
