import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Missing } from '../../../shared/errors.ts';
import { silentLog } from '../../../shared/log.ts';
import type { Mosaic } from '../../../shared/mosaic/mosaic.ts';
import { isOwned, type LocalPlatform, openLocal } from '../../../shared/platform/local/index.ts';
import { parseRules } from '../../../shared/runs/rules/parse-rules.ts';
import { storedRules } from '../../../shared/runs/rules/stored-rules.ts';
import { agentsByName } from '../../local/agents-by-name.ts';
import { folderRules } from '../../local/folder-rules.ts';
import { shownPath } from '../../local/shown-path.ts';
import { openStores, queueNames, type Stores } from '../../local/stores.ts';
import type { Hop } from '../queries/dead-letters.ts';
import type { World } from './world.ts';

/** The folder of an `npm start`, beside it when it runs: it finds what is written and sent here by itself. */
export function openLocalWorld(dataFolder: string): World {
  const name = shownPath(dataFolder);
  if (!existsSync(join(dataFolder, 'tessera.db')))
    throw new Missing(
      `There is no Tessera in ${name}${above(dataFolder)}. Start one there with npm start, name its folder with --data DIR, or a stage in AWS with --stage NAME.`,
    );
  const platform = openLocal({ folder: dataFolder, own: false });
  const stores = openStores(platform);
  const { runs, uploads, startQueue, settleQueue, notifyQueue } = stores;
  const mosaic = engineOf(stores);
  const initialRules = async () => folderRules(await agentsByName(await mosaic()));
  return {
    ...{ name, isStage: false, runs, uploads, startQueue, settleQueue, notifyQueue, mosaic, initialRules },
    hops: () => hopsOf(platform, stores),
    told: () => platform.events({ limit: Number.MAX_SAFE_INTEGER }),
    buckets: ['uploads', 'deliveries'],
    places: { uploads: 'uploads', deliveries: 'deliveries', deliveriesPrefix: '' },
    rules: async () => storedRules({ runs, clock: Date.now }, parseRules(await initialRules()), 0)(),
    clock: Date.now,
    log: silentLog,
    idleBecause: () =>
      isOwned(dataFolder) ? undefined : `Nothing runs in ${name} just now: the work goes on at the next npm start.`,
    close: () => platform.close(),
  };
}

/** Typed one folder too deep. */
function above(dataFolder: string): string {
  for (let folder = dirname(dataFolder); folder !== dirname(folder); ) {
    folder = dirname(folder);
    const found = join(folder, basename(dataFolder));
    if (existsSync(join(found, 'tessera.db'))) return `, but there is one in ${shownPath(found)}`;
  }
  return '';
}

const hopsOf = (platform: LocalPlatform, stores: Stores): readonly Hop[] =>
  Object.entries(queueNames).map(([store, name]) => ({
    name,
    queue: stores[store as keyof typeof queueNames],
    deadLetters: platform.queue(`${name}-dead`),
    waitSeconds: 0,
  }));

/** Loaded when it is asked for: most commands have no need of an engine. */
function engineOf(stores: Stores): () => Promise<Mosaic> {
  let engine: Promise<Mosaic> | undefined;
  return () => {
    engine ??= import('./engine-in-process.ts').then(({ engineInProcess }) => engineInProcess(stores));
    return engine;
  };
}
