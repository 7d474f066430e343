import { beforeAll, describe, expect, test } from 'vitest';
import { type FaultKind, faultKinds } from './faults.ts';
import { runSeeds } from './run-seeds.ts';
import type { Summary } from './summary.ts';

const seeds = 2_000;
const again = 40;
let summary: Summary;
let repeated: Summary;

beforeAll(async () => {
  summary = await runSeeds({ from: 1, seeds, jobs: 2 });
  repeated = await runSeeds({ from: 1, seeds: again, jobs: 1 });
}, 300_000);

describe('the pipeline in a simulated world', () => {
  test('the pipeline keeps every promise through thousands of seeds', () => {
    // What to type is said with it: a seed replays exactly.
    const broken = summary.failures.map(
      ({ seed, rule, facts }) => `${rule}: ${facts} — npm run simulate -- --from ${seed} --seeds 1 --trace`,
    );
    expect(broken).toEqual([]);
    expect(summary.seeds).toBe(seeds);
  });

  test('a seed replays exactly', () => {
    expect(repeated.hashes.size).toBe(again);
    for (const [seed, hash] of repeated.hashes)
      expect({ seed, hash }).toEqual({ seed, hash: summary.hashes.get(seed) });
  });

  test('the seeds meet every kind of fault', () => {
    const missing = faultKinds.filter((kind: FaultKind) => (summary.faults.get(kind) ?? 0) === 0);
    expect(missing).toEqual([]);
  });

  test('the seeds bring runs to every kind of end', () => {
    const wanted = [
      'delivered',
      'delivered in part',
      'ignored',
      'rejected',
      'cancelled',
      ...[
        'refused',
        'input-gone',
        'input-expired',
        'agent-failed',
        'no-output',
        'deadline',
        'unanswered',
        'delivery',
      ].map((failure) => `failed: ${failure}`),
    ];
    expect(wanted.filter((ending) => (summary.endings.get(ending) ?? 0) === 0)).toEqual([]);
  });
});
