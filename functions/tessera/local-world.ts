import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { seedReadyAgents } from '../../shared/engine/ready-agents.ts';
import { engineApi } from '../../shared/engine/routes.ts';
import { Missing } from '../../shared/errors.ts';
import { silentLog } from '../../shared/log.ts';
import { type Mosaic, mosaicClient } from '../../shared/mosaic/client.ts';
import { isOwned, openLocal } from '../../shared/platform/local/index.ts';
import { parseRules } from '../../shared/runs/rules/parse-rules.ts';
import { storedRules } from '../../shared/runs/rules/stored-rules.ts';
import { agentsByName } from '../local/agents.ts';
import { folderRules } from '../local/folder-rules.ts';
import { shownPath } from '../local/shown-path.ts';
import { ensureSecret, openStores, type Stores } from '../local/stores.ts';
import type { World } from './world.ts';

/** The folder of an `npm start`, beside it when it runs: it finds what is written and sent here by itself. */
export async function openLocalWorld(dataFolder: string): Promise<World> {
  const name = shownPath(dataFolder);
  if (!existsSync(join(dataFolder, 'tessera.db')))
    throw new Missing(
      `There is no Tessera in ${name}. Start one there with npm start, name its folder with --data DIR, or a stage in AWS with --stage NAME.`,
    );
  const platform = openLocal({ folder: dataFolder, own: false });
  try {
    const stores = openStores(platform);
    const { runs, uploads, startQueue, settleQueue } = stores;
    const mosaic = await engineInProcess(stores);
    const initialRules = folderRules(await agentsByName(mosaic));
    return {
      ...{ name, isStage: false, runs, uploads, startQueue, settleQueue, mosaic },
      buckets: ['uploads', 'deliveries'],
      places: { uploads: 'uploads', deliveries: 'deliveries', deliveriesPrefix: '' },
      initialRules,
      rules: storedRules({ runs, clock: Date.now }, parseRules(initialRules)),
      clock: Date.now,
      log: silentLog,
      idleBecause: () =>
        isOwned(dataFolder) ? undefined : `Nothing runs in ${name} just now: the work goes on at the next npm start.`,
      close: () => platform.close(),
    };
  } catch (error) {
    platform.close();
    throw error;
  }
}

/** Its API needs no server for what a command asks of it: which agents and nodes there are. */
async function engineInProcess({ engine, media, workQueue, remembered }: Stores): Promise<Mosaic> {
  await seedReadyAgents(engine);
  const apiKey = () => ensureSecret(remembered, 'api-key', 'mk_');
  const api = engineApi({
    ...{ table: engine, bucket: media, queue: workQueue, clock: Date.now, log: silentLog },
    trustedHosts: [],
    limits: { inputSeconds: 1, inputBytes: 1 },
    firstKey: apiKey,
  });
  return mosaicClient({
    baseUrl: 'http://127.0.0.1',
    apiKey,
    fetch: async (input, init) => api.fetch(new Request(input, init)),
  });
}
