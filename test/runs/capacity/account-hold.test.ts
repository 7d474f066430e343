import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from '../../../shared/log.ts';
import { type LocalPlatform, openLocal } from '../../../shared/platform/local/index.ts';
import {
  endProbe,
  holdAccount,
  isInForce,
  probeSucceeded,
  probeWrite,
  readHold,
  releaseAccount,
} from '../../../shared/runs/capacity/account-hold.ts';
import type { RunDeps } from '../../../shared/runs/run/deps.ts';

let folder: string;
let platform: LocalPlatform;
let now: number;
let deps: RunDeps;
let alarms: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-hold-'));
  platform = openLocal({ folder });
  now = Date.parse('2026-01-02T03:04:05.000Z');
  alarms = 0;
  const log = createLog(({ level, event }) => {
    if (level === 'error' && event === 'account.held') alarms += 1;
  });
  deps = { runs: platform.table('runs'), clock: () => now, log };
});
afterEach(() => {
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

const credits = (runId: string) => ({ kind: 'credits', message: 'no credits', runId }) as const;

async function probe(runId: string): Promise<boolean> {
  const hold = await readHold(deps);
  if (hold === undefined || isInForce(deps, hold)) return false;
  return (await deps.runs.write(probeWrite(deps, hold, runId))).done;
}

test('an unreachable API raises one alarm after 15 minutes', async () => {
  const rung: number[] = [];
  for (let round = 1; round <= 9; round += 1) {
    // However it fails to answer.
    await holdAccount(deps, { kind: round % 2 === 0 ? 'network' : 'server', message: 'no answer', runId: 'a' });
    if (alarms > rung.length) rung.push(round);
    now = Date.parse((await readHold(deps))?.until ?? '');
    await probe('a');
  }
  expect(rung).toEqual([6]);
  expect(now - Date.parse('2026-01-02T03:04:05.000Z')).toBeGreaterThan(900_000);
});

describe('an account’s hold', () => {
  test('a hold begins once, however many calls were refused at the same time', async () => {
    const seconds = await Promise.all(['a', 'b', 'c'].map((runId) => holdAccount(deps, credits(runId))));
    expect(seconds).toEqual([30, 30, 30]);
    expect(alarms).toBe(1);
    expect(await readHold(deps)).toMatchObject({ refusals: 1 });
  });

  test('an expired hold has one probe, and each refused probe makes the next hold longer', async () => {
    await holdAccount(deps, credits('a'));
    const lengths: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      now += 3600_000;
      const took = await Promise.all(['a', 'b', 'c'].map(probe));
      expect(took.filter(Boolean)).toHaveLength(1);
      const runId = ['a', 'b', 'c'][took.indexOf(true)] ?? '';
      lengths.push(await holdAccount(deps, credits(runId)));
    }
    expect(lengths).toEqual([60, 120, 240, 480, 900, 900, 900]);
    expect(alarms).toBe(1);
  });

  test('a hold gets another probe when the first is lost or inconclusive', async () => {
    await holdAccount(deps, credits('a'));
    now += 31_000;
    expect(await probe('a')).toBe(true);
    now += 299_000;
    expect(await probe('b')).toBe(false);
    now += 2000;
    expect(await probe('b')).toBe(true);
    await endProbe(deps, 'b');
    expect(await probe('c')).toBe(true);
    expect(await probeSucceeded(deps, 'b')).toBe(false);
    expect(await probeSucceeded(deps, 'c')).toBe(true);
    expect(await readHold(deps)).toBeUndefined();
  });

  test('a hold that a person must end is not replaced by a lesser one', async () => {
    await holdAccount(deps, credits('a'));
    await holdAccount(deps, { kind: 'rate-limited', message: 'slow', retryAfterSeconds: 500, runId: 'b' });
    expect(await readHold(deps)).toMatchObject({ kind: 'credits', until: new Date(now + 500_000).toISOString() });
    await holdAccount(deps, { kind: 'unauthorised', message: 'no key', runId: 'b' });
    expect(await readHold(deps)).toMatchObject({ kind: 'unauthorised' });
    expect(alarms).toBe(2);
    await releaseAccount(deps);
    await holdAccount(deps, credits('a'));
    expect(alarms).toBe(3);
  });

  test('a hold lasts as long as the API asks, up to an hour', async () => {
    expect(await holdAccount(deps, { kind: 'rate-limited', message: '', retryAfterSeconds: 77, runId: 'a' })).toBe(77);
    await releaseAccount(deps);
    const asked = { kind: 'rate-limited', message: '', retryAfterSeconds: 1e6, runId: 'a' } as const;
    expect(await holdAccount(deps, asked)).toBe(3600);
  });
});
