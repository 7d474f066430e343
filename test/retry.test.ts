import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as retry from '../shared/retry.ts';

const policies = Object.entries(retry).filter(
  ([name]) => name.endsWith('Backoff') && !/^(exponential|scheduled)/.test(name),
);

describe('backoff', () => {
  test('an exponential backoff grows by its factor up to its maximum', () => {
    const backoff = retry.exponentialBackoff({ baseSeconds: 5, factor: 4, maxSeconds: 300 });
    expect([1, 2, 3, 4, 5, 5000].map((failures) => backoff(failures))).toEqual([5, 20, 80, 300, 300, 300]);
  });

  test('a scheduled backoff repeats its last pause', () => {
    const backoff = retry.scheduledBackoff([5, 300]);
    expect([0, 1, 2, 3, 99].map((failures) => backoff(failures))).toEqual([5, 5, 300, 300, 300]);
  });

  test('jitter shortens a pause by at most its share', () => {
    const backoff = retry.exponentialBackoff({ baseSeconds: 10, factor: 2, maxSeconds: 10, jitter: 0.2 });
    expect([0, 0.5, 1].map((random) => backoff(1, () => random))).toEqual([10, 9, 8]);
  });

  test('a message is hidden for whole seconds and never for none', () => {
    expect([0, 0.2, 1.5, 4.4].map(retry.wholeSeconds)).toEqual([1, 1, 2, 4]);
  });

  test('the policies are found', () => expect(policies.length).toBeGreaterThan(6));

  test.each(policies)('%s never shrinks, ends at a maximum, and is never negative or infinite', (_, policy) => {
    const backoff = policy as retry.Backoff;
    const longest = backoff(1_000_000, () => 0);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, chance) => {
          const seconds = backoff(failures, () => chance);
          expect(seconds).toBeGreaterThan(0);
          expect(seconds).toBeLessThanOrEqual(longest);
          expect(backoff(failures + 1, () => chance)).toBeGreaterThanOrEqual(seconds);
        },
      ),
    );
  });
});
