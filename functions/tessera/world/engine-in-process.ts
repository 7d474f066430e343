import { seedReadyAgents } from '../../../shared/engine/agents/ready-agents.ts';
import { engineApi } from '../../../shared/engine/api/routes.ts';
import { silentLog } from '../../../shared/log.ts';
import { mosaicClient } from '../../../shared/mosaic/client.ts';
import type { Mosaic } from '../../../shared/mosaic/mosaic.ts';
import { ensureSecret, type Stores } from '../../local/stores.ts';

/** The folder's engine without a server: enough for what a command asks of it, which agents and nodes there are. */
export async function engineInProcess({ engine, media, workQueue, remembered }: Stores): Promise<Mosaic> {
  await seedReadyAgents(engine);
  const apiKey = () => ensureSecret(remembered, 'api-key');
  const api = engineApi({
    ...{ table: engine, bucket: media, queue: workQueue, clock: Date.now, log: silentLog },
    trustedHosts: [],
    // Nothing is started by this one.
    limits: { inputSeconds: 1, inputBytes: 1 },
    firstKey: apiKey,
  });
  return mosaicClient({
    baseUrl: 'http://127.0.0.1',
    apiKey,
    fetch: async (input, init) => api.fetch(new Request(input, init)),
  });
}
