import { appendFile, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beginJourney, standingOf } from '../../functions/local/edit-journeys.ts';
import { startLocal } from '../../functions/local/start-local.ts';
import { openLocal } from '../../shared/platform/local/index.ts';
import { testMedia } from '../support/clips.ts';

export interface JourneyBench {
  /** From the file in the user's hand to the edited one in the results folder, through every door, with agent `polish`. */
  run(): Promise<void>;
  close(): Promise<void>;
}

/** The one-machine world, up and idle, as `npm start` leaves it. */
export async function openJourney(clipPath: string): Promise<JourneyBench> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'tessera-bench-world-'));
  const platform = openLocal({ folder: dataFolder });
  const world = await startLocal({ platform, dataFolder, port: 0, ffmpeg: await testMedia(), logSink: () => {} });
  let count = 0;
  return {
    run: async () => {
      count += 1;
      const path = join(dataFolder, `bench-${count}.mp4`);
      await copyFile(clipPath, path);
      // Other content each time, or what was measured the first time would be remembered.
      await appendFile(path, freeBox(count));
      const journey = await beginJourney(world, path, 'polish', join(dataFolder, 'out'));
      for (;;) {
        const { ended } = await standingOf(world, journey);
        if (ended && 'reason' in ended) throw new Error(ended.reason);
        if (ended) return;
        await sleep(20);
      }
    },
    close: async () => {
      await world.stop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

/** A box that every MP4 reader skips. */
function freeBox(content: number): Buffer {
  const box = Buffer.alloc(16);
  box.writeUInt32BE(box.length, 0);
  box.write('free', 4);
  box.writeUInt32BE(content, 12);
  return box;
}
