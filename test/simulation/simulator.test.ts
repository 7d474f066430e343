import { expect, test } from 'vitest';
import { runSeeds } from './run-seeds.ts';

/** simulator.slow.test.ts runs 2,000; a change of the pipeline that breaks a promise mostly shows in these. */
const seeds = 150;

test('the pipeline in a simulated world keeps every promise through the first seeds', async () => {
  const { failures, hashes } = await runSeeds({ from: 1, seeds, jobs: 2 });
  const broken = failures.map(
    ({ seed, rule, facts }) => `${rule}: ${facts} — npm run simulate -- --from ${seed} --seeds 1 --trace`,
  );
  expect(broken).toEqual([]);
  expect(hashes.size).toBe(seeds);
}, 120_000);
