/** The Mosaic API as far as a start needs it, in a process of its own: what it costs is not the pipeline's time. */
import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveFile } from '../support/file-server.ts';
import { whenListening } from '../support/listen.ts';
import type { ApiMessage, ApiOrder } from './bare-api.ts';
import { now } from './clock.ts';

interface Known {
  readonly agentRunId: string;
  readonly callbackUrl: string;
  isDone: boolean;
}

const runs = new Map<string, Known>();
let order: Required<Extract<ApiOrder, { kind: 'behave' }>> = {
  kind: 'behave',
  finishes: true,
  drops: 0,
  secret: '',
  reportsBefore: 0,
};
const tell = (message: ApiMessage) => process.send?.(message);
const files = await serveFile();
let asked = 0;

const server = createServer(async (request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  if (path.endsWith('/run')) return start(JSON.parse(Buffer.concat(chunks).toString()), response);
  if (path.startsWith('/agent_run/')) return answer(response, statusOf(path.split('/')[2] ?? ''));
  if (path.endsWith('/runs')) return answer(response, { runs: [], next_cursor: null });
  answer(response, { agent: { id: 'agent-1', name: 'bench' }, agent_nodes: [], connections: [] });
});

function start(body: { video_urls: string[]; callback_url: string }, response: ServerResponse): void {
  const at = now();
  const isDone = order.finishes && order.reportsBefore === 0;
  const run = { agentRunId: randomUUID(), callbackUrl: body.callback_url, isDone };
  runs.set(run.agentRunId, run);
  answer(response, { run_id: run.agentRunId });
  tell({ kind: 'started', at, key: decodeURIComponent(body.video_urls[0] ?? ''), agentRunId: run.agentRunId });
  if (order.finishes) setImmediate(() => reportsOf(run));
}

/** One after the other, as a run makes progress. */
async function reportsOf(run: Known): Promise<void> {
  for (let number = 0; number < order.reportsBefore; number += 1) {
    const flag = number === 0 ? 'RUN_STARTED' : 'RUN_PROGRESS';
    await send(run, { flag, run_id: run.agentRunId, agent_id: 'agent-1', status: 'running', report: number });
    await sleep(reportMs);
  }
  run.isDone = true;
  report(run);
}

/** Long enough for what the one before has brought about. */
const reportMs = 100;

function report(run: Known): void {
  // Every tenth, say: which ones does not matter, how many does.
  if (order.drops > 0 && runs.size % Math.round(1 / order.drops) === 0) return;
  void send(run, { flag: 'RUN_FINISHED', run_id: run.agentRunId, agent_id: 'agent-1', status: 'completed' });
}

async function send({ callbackUrl }: Known, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json', 'x-mosaic-signature': order.secret };
  await fetch(callbackUrl, { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => {});
}

/** A run that nobody started here is under way, and a little further each time that somebody asks. */
function statusOf(agentRunId: string) {
  const run = runs.get(agentRunId);
  asked += 1;
  return {
    agent_id: 'agent-1',
    started_at: '2026-01-01T00:00:00Z',
    status: run?.isDone ? 'completed' : 'running',
    node_status_counts: { completed: 1, in_progress: 0, failed: 0 },
    ...(run === undefined && { progress: asked / (asked + 1) }),
    outputs: [{ id: `${agentRunId}-out`, video_url: `${files.url}/${agentRunId}.mp4` }],
  };
}

const answer = (response: ServerResponse, body: object) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

process.on('message', (message: ApiOrder) => {
  if (message.kind === 'behave') order = { ...order, ...message };
  const run = message.kind === 'finish' ? runs.get(message.agentRunId) : undefined;
  if (run === undefined) return;
  run.isDone = true;
  report(run);
});
process.on('disconnect', () => process.exit());

const { url } = await whenListening(server.listen(0, '127.0.0.1'));
tell({ kind: 'listening', url, fileHost: files.host });
