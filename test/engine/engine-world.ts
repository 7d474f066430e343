import { mkdtempSync, rmSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { engineWorkHandler } from '../../functions/engine-work.ts';
import { asRecord as asQueueRecord } from '../../functions/local/to-sqs-record.ts';
import { ensureKey } from '../../shared/engine/api/api-keys.ts';
import { engineApi } from '../../shared/engine/api/routes.ts';
import type { Edited, EditJob } from '../../shared/engine/work/edit.ts';
import type { WorkDeps } from '../../shared/engine/work/work.ts';
import { createLog } from '../../shared/log.ts';
import { openLocal } from '../../shared/platform/local/index.ts';
import type { Received } from '../../shared/platform/ports.ts';

export const apiKey = 'mk_test_0123456789abcdef';
export const secret = 'whsk_test';

/** Stands for FFmpeg where a test is about the engine around it: the edited video is the video. */
export async function copyEdit(job: EditJob): Promise<Edited> {
  await copyFile(job.inputPath, job.outputPath);
  await writeFile(job.thumbnailPath, Buffer.from([0xff, 0xd8, 0xff, 0xd9]));
  job.onProgress?.(1);
  return { durationSeconds: 2, width: 320, height: 180, sizeBytes: 5, contentType: 'video/mp4' };
}

export interface Call {
  readonly event: Record<string, unknown>;
  readonly signature: string | null;
  readonly path: string;
}

export type World = Awaited<ReturnType<typeof openWorld>>;

/** The engine on loopback with the local platform: its API, signed links, and a receiver of webhooks. */
export async function openWorld(changes: Partial<WorkDeps> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-engine-'));
  const platform = openLocal({ folder: join(folder, 'data') });
  const lines: Record<string, unknown>[] = [];
  const trustedHosts: string[] = [];
  const calls: Call[] = [];
  const answers: number[] = [];
  const deps: WorkDeps = {
    table: platform.table('engine'),
    bucket: platform.bucket('media'),
    queue: platform.queue('work', { maxReceives: 50 }),
    clock: Date.now,
    log: createLog((line) => lines.push(line)),
    trustedHosts,
    limits: { wallSeconds: 60, inputSeconds: 600, inputBytes: 1_000_000, outputBytes: 10_000_000 },
    workFolder: join(folder, 'work'),
    edit: copyEdit,
    webhookSecret: async () => secret,
    webhookPausesSeconds: [0, 0, 0],
    trackEveryMs: 20,
    ...changes,
  };
  await ensureKey(deps.table, apiKey);
  const api = engineApi(deps);
  const server = serve({ fetch: (request) => route(request), port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const baseUrl = `http://${host}`;
  platform.setLinkBase(`${baseUrl}/objects`);
  trustedHosts.push(host);

  async function route(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    if (pathname.startsWith('/objects/')) return platform.serveLinks(request);
    if (!pathname.startsWith('/callback')) return api.fetch(request);
    const signature = request.headers.get('x-mosaic-signature');
    calls.push({ event: (await request.json()) as Call['event'], signature, path: pathname + search });
    return new Response(null, { status: answers.shift() ?? 200 });
  }

  async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(baseUrl + path, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    // biome-ignore lint/suspicious/noExplicitAny: each test checks the shape that it asked for with the wire's schema
    return { status: response.status, body: (await response.json()) as any };
  }

  const handler = engineWorkHandler(deps);
  const deliver = (message: Received) => handler({ Records: [asRecord(message)] });

  /** Works until nothing is visible; what fails comes back at once. */
  async function drain(): Promise<void> {
    for (;;) {
      const [message] = await deps.queue.receive({ max: 1, visibilitySeconds: 60 });
      if (message === undefined) return;
      const { batchItemFailures } = await deliver(message);
      await (batchItemFailures.length > 0 ? deps.queue.extend(message.receipt, 0) : deps.queue.done(message.receipt));
    }
  }

  async function upload(name: string, bytes: Uint8Array | string): Promise<string> {
    await platform.bucket('uploads').put(name, bytes);
    return (await platform.bucket('uploads').link(name, { expiresInSeconds: 600 })).url;
  }

  async function close(): Promise<void> {
    await new Promise((resolve) => server.close(resolve));
    platform.close();
    rmSync(folder, { recursive: true, force: true });
  }

  return { folder, deps, platform, lines, calls, answers, baseUrl, call, asRecord, deliver, drain, upload, close };
}

const asRecord = (message: Received) => asQueueRecord('work', message);

export const nodeTypes = {
  videoInput: '9451e6ff-ac7f-4317-9055-a2f35f641b29',
  silenceRemoval: 'a22d0b93-2bbf-479d-8efd-d446163982e8',
  reframe: '0e3a90e4-173f-42fc-b7ef-0df6a062e26c',
  mirror: '71156aca-3e21-45b0-8960-099dba07c83a',
};

/** An agent that is one chain of tiles behind a Video Input; its nodes' ids in that order. */
export async function makeAgent(world: World, tiles: readonly string[] = [nodeTypes.mirror]) {
  const created = await world.call('POST', '/agent/create', { name: 'test' });
  const agentId: string = created.body.agent_id;
  const chain = [nodeTypes.videoInput, ...tiles];
  const updated = await world.call('POST', `/agent/${agentId}/update`, {
    operations: [
      ...chain.map((node_type_id, place) => ({ op: 'create_node', node_type_id, temp_ref_id: `n${place}` })),
      ...tiles.map((_, place) => ({
        op: 'create_connection',
        source_temp_ref_id: `n${place}`,
        target_temp_ref_id: `n${place + 1}`,
      })),
    ],
  });
  const nodeIds: string[] = updated.body.created_nodes.map((node: { agent_node_id: string }) => node.agent_node_id);
  return { agentId, nodeIds };
}
