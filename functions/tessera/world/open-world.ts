import type { World, WorldOptions } from './world.ts';

/** Each world's parts are loaded only when that world is meant. */
export async function openWorld(options: WorldOptions): Promise<World> {
  if (options.stage === undefined) return (await import('./local-world.ts')).openLocalWorld(options.dataFolder);
  return (await import('./stage-world.ts')).openStageWorld(options.stage);
}
