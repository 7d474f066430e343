import { smallMp4 } from '../support/file-server.ts';
import type { BareApi } from './bare-api.ts';
import { openBenchWorld } from './bench-world.ts';
import { now } from './clock.ts';
import { amountOf } from './short.ts';

const objects = amountOf(1010, 40);
const slots = 10;
const releases = amountOf(200, 10);

/** With a thousand runs waiting: from the move that frees a slot to the next start's arrival, and from the webhook to it. */
export async function releaseToStart(api: BareApi) {
  const world = await openBenchWorld({ api, slots, notify: true, copies: false });
  api.order({ kind: 'behave', finishes: false, drops: 0 });
  const running: string[] = [];
  let onStart = (_at: number) => {};
  let onRelease = (_at: number) => {};
  let admitted = 0;
  const stopListening = [
    api.onStarted(({ agentRunId, at }) => {
      running.push(agentRunId);
      onStart(at);
    }),
    world.onMove(({ from, to, at }) => {
      if (to === 'waiting') admitted += 1;
      if (from === 'running') onRelease(at);
    }),
  ];
  for (let index = 0; index < objects; index += 1) await world.uploads.put(`in/waits-${index}.mp4`, smallMp4());
  while (admitted < objects || running.length < slots) await new Promise((resolve) => setTimeout(resolve, 20));
  const fromRelease: number[] = [];
  const fromWebhook: number[] = [];
  for (let count = 0; count < releases; count += 1) {
    const agentRunId = running.shift();
    if (agentRunId === undefined) throw new Error('No run is under way.');
    const released = new Promise<number>((resolve) => {
      onRelease = resolve;
    });
    const next = new Promise<number>((resolve) => {
      onStart = resolve;
    });
    const sentAt = now();
    api.order({ kind: 'finish', agentRunId });
    const [releasedAt, startedAt] = await Promise.all([released, next]);
    fromRelease.push(startedAt - releasedAt);
    fromWebhook.push(startedAt - sentAt);
  }
  for (const stop of stopListening) stop();
  const waiting = objects - slots;
  await world.close();
  return { fromRelease, fromWebhook, waiting };
}
