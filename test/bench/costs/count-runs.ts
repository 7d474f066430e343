import { setTimeout as sleep } from 'node:timers/promises';
import { smallMp4 } from '../../support/file-server.ts';
import { openBareApi } from '../bare-api.ts';
import { openBenchWorld } from '../bench-world.ts';
import { atRate } from '../pace.ts';
import { countedPorts } from './counted-ports.ts';
import { logBytes } from './prices.ts';
import { newTally, type Tally } from './tally.ts';

const perSecond = 5;
const longestMs = 60_000;

/** Runs through every door, one upload after the other, with so many webhooks each; counts what AWS would be asked. */
export async function countRuns(runs: number, webhooks: number): Promise<Tally> {
  const api = await openBareApi();
  const tally = newTally();
  const world = await openBenchWorld({
    ...{ api, slots: runs, notify: true, copies: true },
    wrap: (ports) => countedPorts(ports, tally),
    around: tally.invoke,
  });
  try {
    api.order({ kind: 'behave', finishes: true, drops: 0, reportsBefore: webhooks - 1 });
    let ended = 0;
    world.onMove(({ to }) => {
      if (to === 'delivered') ended += 1;
    });
    world.onLine((line) => tally.add('logGigabyte', (JSON.stringify(line).length + logBytes.perLine) / 1e9));
    await atRate(perSecond, runs, (index) => world.uploads.put(`in/costs-${index}.mp4`, smallMp4()));
    for (let waited = 0; ended < runs; waited += 50) {
      if (waited > longestMs)
        throw new Error(`${ended} of ${runs} runs were delivered. ${JSON.stringify(world.faults[0])}`);
      await sleep(50);
    }
    // The last ones are still being told of.
    await sleep(1000);
    // S3 tells of the upload, of the output and of the manifest; the first goes on into a queue.
    tally.add('event', runs * 3);
    tally.add('queue', runs);
    return tally;
  } finally {
    await world.close();
    await api.close();
  }
}
