import { cpus } from 'node:os';
import { join } from 'node:path';
import { seedReadyAgents } from '../../shared/engine/agents/ready-agents.ts';
import { engineApi } from '../../shared/engine/api/routes.ts';
import { openMedia } from '../../shared/engine/media/index.ts';
import { editVideo } from '../../shared/engine/work/edit.ts';
import { cleanWork } from '../../shared/engine/work/work.ts';
import { makePrivateFolder } from '../../shared/platform/local/index.ts';
import { engineWorkHandler } from '../engine-work.ts';
import { inTurns } from './limit-concurrency.ts';
import type { Lane } from './queue-pump.ts';
import { queueNames, type Stores } from './stores.ts';
import type { Surroundings } from './surroundings.ts';

const hour = 3600;
const gigabyte = 2 ** 30;

/** The contract's limits for what comes in; a render may take as long as a slow machine needs. */
const limits = { inputSeconds: 3 * hour, inputBytes: 5 * gigabyte, wallSeconds: 12 * hour, outputBytes: 50 * gigabyte };

/** The engine's doors on this machine: its API, and the lane on which its tasks are worked off. */
export async function openEngine(stores: Stores, around: Surroundings) {
  const { clock, log, trustedHosts, apiKey, webhookSecret, stopping } = around;
  const deps = {
    table: stores.engine,
    bucket: stores.media,
    queue: stores.workQueue,
    clock,
    log,
    trustedHosts,
    limits,
  };
  await seedReadyAgents(stores.engine);
  const workFolder = join(around.dataFolder, 'work');
  makePrivateFolder(workFolder);
  await cleanWork({ workFolder });
  const media = openMedia(around.ffmpeg);
  // FFmpeg uses every core by itself: renders beside each other only delay the first.
  const edit = inTurns(Math.max(1, Math.floor(cpus().length / 4)), (job: Parameters<typeof editVideo>[1]) =>
    editVideo(media, job),
  );
  const door = engineWorkHandler({
    ...{ ...deps, workFolder, stopping, edit },
    renderTries: 20,
    webhookSecret: async () => webhookSecret,
    webhookPausesSeconds: [1, 4, 16],
  });
  const lane: Lane = { name: queueNames.workQueue, queue: stores.workQueue, door, concurrency: 16 };
  return { api: engineApi({ ...deps, firstKey: async () => apiKey }), lanes: [lane] };
}
