import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mosaicClient } from '../../shared/mosaic/client.ts';
import { listen } from '../support/listen.ts';
import { mosaicServer } from '../support/mosaic-server.ts';
import { type PipelineWorld, pipelineWorld, tinyVideo, webhookSecret } from '../support/pipeline-world.ts';

type MosaicServer = Awaited<ReturnType<typeof mosaicServer>>;

const apiKey = 'mk_test';
let mosaic: MosaicServer;
let world: PipelineWorld;
let close: () => Promise<void>;

/** The pipeline and a Mosaic that meet over HTTP only: links and webhooks one way, calls the other. */
async function open(refusals: Parameters<typeof mosaicServer>[0]['refusals'] = []): Promise<void> {
  mosaic = await mosaicServer({ apiKey, webhookSecret, refusals });
  const server = await listen(route);
  world = pipelineWorld({
    outputs: mosaic,
    rules: { rules: [{ prefix: '', agentId: 'agent-1', updateParams: { 'node-1': { pace: 'calm' } } }] },
    mosaic: mosaicClient({ baseUrl: mosaic.url, apiKey: async () => apiKey, sleep: async () => {} }),
    callbackUrl: server.url,
  });
  world.platform.setLinkBase(`${server.url}/objects`);
  close = async () => {
    world.close();
    await server.close();
    await mosaic.close();
  };
}

async function route(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (!pathname.startsWith('/webhook/')) return world.platform.serveLinks(request);
  const headers = Object.fromEntries(request.headers);
  const { statusCode, body } = await world.post(pathname.slice('/webhook/'.length), await request.text(), headers);
  return new Response(body, { status: statusCode });
}

beforeEach(() => open());
afterEach(() => close());

const only = <T>(values: Iterable<T>): T => {
  const [first] = values;
  if (first === undefined) throw new Error('There is none.');
  return first;
};

describe('the pipeline and a Mosaic, over HTTP', () => {
  test('an upload is read by its link, edited, reported and delivered', async () => {
    await world.upload('a b/täglich+1.MOV', tinyVideo);
    await world.drain();
    const agentRun = only(mosaic.runs.values());
    expect(agentRun.inputBytes).toBe(tinyVideo.length);

    expect((await mosaic.report(agentRun, 'RUN_STARTED')).status).toBe(200);
    expect((await mosaic.finish(agentRun)).status).toBe(200);
    await world.drain();

    const run = await world.runOf('a b/täglich+1.MOV');
    expect(run).toMatchObject({ status: 'delivered', agentRunId: agentRun.runId });
    const name = 'a b/täglich+1';
    const { outputs } = JSON.parse(await world.textAt(`${name}.manifest.json`));
    expect(outputs).toMatchObject([{ key: `${name}.mp4`, contentType: 'video/mp4' }]);
  });

  test('the start carries the callback, the parameters and a key that stays the same', async () => {
    await close();
    await open([{ status: 403, body: { detail: 'Too many concurrent runs' } }]);
    await world.upload('talk.mp4');
    await world.drain();
    world.jump(60);
    await world.drain();
    const run = await world.runOf('talk.mp4');
    const [refused, taken] = mosaic.requests;
    expect(taken?.body).toMatchObject({
      callback_url: `${world.deps.callbackUrl}/webhook/${run.id}`,
      update_params: { 'node-1': { pace: 'calm' } },
    });
    expect(taken?.idempotencyKey).toBe(refused?.idempotencyKey);
    expect(taken?.idempotencyKey).toContain(run.id);
  });

  test('a wrong secret is turned away and leaves no trace', async () => {
    await world.upload('talk.mp4');
    await world.drain();
    const run = await world.runOf('talk.mp4');
    const before = await world.runs.query({ pk: `RUN#${run.id}` });
    const reply = await world.post(run.id, { flag: 'RUN_FINISHED', run_id: 'x' }, { 'x-mosaic-signature': 'guess' });
    expect(reply.statusCode).toBe(401);
    expect(await world.runs.query({ pk: `RUN#${run.id}` })).toEqual(before);
  });

  test('a start that the server fails on stays uncertain until its webhook comes', async () => {
    await close();
    await open([{ status: 500, body: { detail: 'Internal error' } }]);
    await world.upload('talk.mp4');
    await world.drain();
    expect((await world.runOf('talk.mp4')).status).toBe('uncertain');
    expect(mosaic.requests).toHaveLength(1);
  });
});
