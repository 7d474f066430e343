import { randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { smallMp4 } from './file-server.ts';
import { listen } from './listen.ts';

interface ServedRun {
  readonly runId: string;
  readonly agentId: string;
  readonly callbackUrl: string;
  readonly inputBytes: number;
  readonly startedAt: string;
  status: 'running' | 'completed';
}

interface Options {
  readonly apiKey: string;
  readonly webhookSecret: string;
  /** Told instead of an answer to the next starts, in order. */
  readonly refusals?: { status: 403 | 429 | 500; body: object; headers?: Record<string, string> }[];
}

/** Speaks the Mosaic API over HTTP on loopback: reads its input, reports by webhook, serves one output. */
export async function mosaicServer({ apiKey, webhookSecret, refusals = [] }: Options) {
  const runs = new Map<string, ServedRun>();
  const requests: { path: string; body: unknown; idempotencyKey?: string }[] = [];
  const app = new Hono();
  let url = '';

  const counts = { completed: 1, in_progress: 0, failed: 0 };
  const outputsOf = (run: ServedRun) =>
    run.status === 'running'
      ? []
      : [
          {
            id: `${run.runId}-out`,
            video_url: `${url}/files/${run.runId}.mp4?signature=secret`,
            thumbnail_url: null,
            premiere_prproj_url: null,
            completed_at: run.startedAt,
            original_node_id: 'node-1',
          },
        ];
  const report = (run: ServedRun, flag: string) =>
    fetch(run.callbackUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-mosaic-signature': webhookSecret },
      body: JSON.stringify({
        flag,
        run_id: run.runId,
        agent_id: run.agentId,
        status: run.status,
        node_status_counts: counts,
        triggered_by: null,
        outputs: outputsOf(run),
      }),
    });

  app.get('/files/:name', (c) => c.body(new Uint8Array(smallMp4()), 200, { 'content-type': 'video/mp4' }));
  app.use('*', async (c, next) =>
    c.req.header('authorization') === `Bearer ${apiKey}` ? next() : c.json({ detail: 'Invalid API key' }, 401),
  );
  app.post('/agent/:agentId/run', async (c) => {
    const body = await c.req.json();
    requests.push({ path: c.req.path, body, idempotencyKey: c.req.header('idempotency-key') });
    const refusal = refusals.shift();
    if (refusal !== undefined) return c.json(refusal.body, refusal.status, refusal.headers);
    const input = await fetch(body.video_urls[0]);
    if (!input.ok) return c.json({ detail: `The video cannot be read: ${input.status}` }, 400);
    const inputBytes = (await input.arrayBuffer()).byteLength;
    const [runId, startedAt] = [randomUUID(), new Date().toISOString()];
    const agentId = c.req.param('agentId');
    runs.set(runId, { runId, agentId, callbackUrl: body.callback_url, inputBytes, startedAt, status: 'running' });
    return c.json({ run_id: runId });
  });
  app.get('/agent_run/:runId', (c) => withRun(c, (run) => statusOf(run)));
  app.get('/agent/:agentId', (c) =>
    c.json({
      agent: { id: c.req.param('agentId'), name: 'An agent' },
      agent_nodes: [{ agent_node_id: 'node-1', node_type: { node_type_id: 't', node_type_name: 'Rough Cut' } }],
      connections: [],
    }),
  );

  const statusOf = (run: ServedRun) => ({
    agent_id: run.agentId,
    started_at: run.startedAt,
    status: run.status,
    status_message: null,
    node_status_counts: counts,
    inputs: [],
    outputs: outputsOf(run),
  });
  function withRun(c: Context, answer: (run: ServedRun) => object) {
    const run = runs.get(c.req.param('runId') ?? '');
    return run === undefined ? c.json({ detail: 'Run not found' }, 404) : c.json(answer(run));
  }

  const listening = await listen(app.fetch);
  url = listening.url;
  return {
    ...listening,
    runs,
    requests,
    report,
    async finish(run: ServedRun) {
      run.status = 'completed';
      return report(run, 'RUN_FINISHED');
    },
  };
}
