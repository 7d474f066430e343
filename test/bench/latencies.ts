import { newRunId, sha256 } from '../../shared/runs/run/ids.ts';
import type { Running } from '../../shared/runs/run/run.ts';
import { newRunWrites } from '../../shared/runs/run/run-items.ts';
import { smallMp4 } from '../support/file-server.ts';
import { awaited } from './awaited.ts';
import type { BareApi } from './bare-api.ts';
import { type BenchWorld, secret } from './bench-world.ts';
import { atRate } from './pace.ts';

const video = smallMp4();
let objects = 0;
let slot = 1000;

/** From the moment at which an object was to be there to its start's arrival at the API. */
export async function objectToStart(world: BenchWorld, api: BareApi, perSecond: number, count: number) {
  const starts = awaited<number>();
  const stop = api.onStarted(({ key, at }) => starts.resolve(/bench-\d+/.exec(key)?.[0] ?? '', at));
  const taken = await atRate(perSecond, count, async () => {
    objects += 1;
    const name = `bench-${objects}`;
    const started = starts.for(name);
    await world.uploads.put(`in/${name}.mp4`, video);
    return started;
  });
  stop();
  return taken;
}

/**
 * From the moment at which a webhook was to be sent to its answer, which comes when it is stored, and to the state of
 * its run, for which the API is asked. Of two reports of one run that come together, the first one's asking may do.
 */
export async function webhookToState(world: BenchWorld, perSecond: number, count: number) {
  const running = await runningRuns(world, 50);
  const settled = settlings(world);
  const states: Promise<number>[] = [];
  const answers = await atRate(perSecond, count, async (index, due) => {
    const run = running[index % running.length];
    if (run === undefined) return;
    const body = bodyOf({ run_id: run.agentRunId, report: index });
    states.push(settled.after(sha256(body)).then((at) => at - due));
    await post(world.webhookUrl(run.id), body);
  });
  const settles = await Promise.all(states);
  settled.stop();
  return { answers, settles };
}

/** When a run's state was first written after a certain report was. */
function settlings(world: BenchWorld) {
  const asked = new Map<string, (at: number) => void>();
  const told = new Map<string, ((at: number) => void)[]>();
  const stop = world.onPut(({ pk, sk, type }, at) => {
    const resolve = type === 'event' ? asked.get(sk) : undefined;
    if (resolve !== undefined) told.set(pk, [...(told.get(pk) ?? []), resolve]);
    if (type !== 'run') return;
    for (const resolve of told.get(pk) ?? []) resolve(at);
    told.delete(pk);
  });
  const after = (digest: string) => new Promise<number>((resolve) => asked.set(`EVENT#${digest}`, resolve));
  return { after, stop };
}

export const bareAnswers = (url: string, perSecond: number, count: number): Promise<readonly number[]> =>
  atRate(perSecond, count, (index) => post(`${url}/webhook/${index}`, bodyOf({ run_id: 'agent-run', report: index })));

const bodyOf = (more: object): string =>
  JSON.stringify({ flag: 'RUN_PROGRESS', agent_id: 'agent-1', status: 'running', ...more });

async function post(url: string, body: string): Promise<void> {
  const headers = { 'content-type': 'application/json', 'x-mosaic-signature': secret };
  const response = await fetch(url, { method: 'POST', headers, body });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`The webhook was answered ${response.status}.`);
}

async function runningRuns({ runs, clock }: BenchWorld, count: number): Promise<readonly Running[]> {
  const made: Running[] = [];
  for (let index = 0; index < count; index += 1) {
    const id = newRunId();
    slot += 1;
    const at = new Date(clock()).toISOString();
    const run: Running = {
      ...{ id, status: 'running', slot, agentRunId: `agent-run-${id}`, progress: 0, startedAt: at },
      upload: { bucket: 'uploads', key: `in/${id}.mp4`, versionId: 'v1' },
      rule: { id: 'bench', prefix: 'in/', agentId: 'agent-1', priority: 5 },
      ...{ attempt: 1, createdAt: at, updatedAt: at, revision: 1 },
      checkAfter: new Date(clock() + 3_600_000).toISOString(),
    };
    const written = await runs.write(...newRunWrites(run));
    if (!written.done) throw new Error('A run could not be written.');
    made.push(run);
  }
  return made;
}
