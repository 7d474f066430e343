import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { beginJourney, type Journey, markTold, standingOf } from '../../functions/local/edit-journeys.ts';
import { type LocalWorld, startLocal } from '../../functions/local/start-local.ts';
import { openLocal } from '../../shared/platform/local/index.ts';
import { makeClip, testMedia } from '../support/clips.ts';

let folder = '';
let world: LocalWorld;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-again-'));
  const dataFolder = join(folder, 'data');
  const platform = openLocal({ folder: dataFolder });
  world = await startLocal({ platform, dataFolder, port: 0, ffmpeg: await testMedia(), logSink: () => {} });
});
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const begin = (path: string) => beginJourney(world, path, 'tighten', join(folder, 'out'));

test('a program that was killed before it printed "done" prints it at the next start; after that the same file is a new edit', async () => {
  const clip = await makeClip(join(folder, 'a.mp4'));
  const first = await begin(clip);
  await expect
    .poll(() => standingOf(world, first), { timeout: 30_000 })
    .toMatchObject({ ended: { files: [expect.any(String)] } });

  const afterKill: Journey = await begin(clip);
  expect(afterKill).toEqual({ ...first, continued: true });
  await markTold(world, afterKill);

  const again = await begin(clip);
  expect(again.continued).toBe(false);
  await expect
    .poll(() => standingOf(world, again), { timeout: 30_000 })
    .toMatchObject({ ended: { files: [expect.any(String)] } });
  expect(readdirSync(join(folder, 'out')).sort()).toEqual(['a-tighten-2.mp4', 'a-tighten.mp4']);
});
