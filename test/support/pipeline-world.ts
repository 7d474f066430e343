import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIGatewayProxyEventV2, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { copyOutputHandler } from '../../functions/copy-output.ts';
import { asRecord } from '../../functions/local/to-sqs-record.ts';
import { reconcileHandler } from '../../functions/reconcile.ts';
import { settleHandler } from '../../functions/settle.ts';
import { startRunHandler } from '../../functions/start-run.ts';
import { webhookHandler } from '../../functions/webhook.ts';
import { createLog, type LogSink } from '../../shared/log.ts';
import type { Mosaic } from '../../shared/mosaic/mosaic.ts';
import { openLocal } from '../../shared/platform/local/index.ts';
import type { Bucket, Queue, Table } from '../../shared/platform/ports.ts';
import { runsOfUpload } from '../../shared/runs/operate/find-runs.ts';
import { parseRules } from '../../shared/runs/rules/parse-rules.ts';
import type { Run } from '../../shared/runs/run/run.ts';
import type { FileServer } from './file-server.ts';
import { type ScriptedMosaic, type Sent, scriptedMosaic } from './scripted-mosaic.ts';

export interface Ports {
  readonly runs: Table;
  readonly uploads: Bucket;
  readonly deliveries: Bucket;
  readonly startQueue: Queue;
  readonly settleQueue: Queue;
  readonly copyQueue: Queue;
  readonly mosaic: Mosaic;
}

type DoorName = 'start' | 'settle' | 'copy';
const doorNames = ['start', 'settle', 'copy'] as const;

interface Options {
  readonly outputs: Pick<FileServer, 'url' | 'host'>;
  /** Instead of the scripted one. */
  readonly mosaic?: Mosaic;
  readonly callbackUrl?: string;
  readonly slots?: number;
  /** The most messages that a door is given at once. */
  readonly batch?: number;
  readonly rules?: unknown;
  /** Between the pipeline and its ports. */
  readonly wrap?: (ports: Ports) => Ports;
}

export const webhookSecret = 'whsk_test';
/** Begins as an MP4 does, which is all that can be told of it. */
export const tinyVideo = '\0\0\0\u0014ftypisom\0\0\0\0isom';
export const uncertainWaitSeconds = 600;
export const runDeadlineSeconds = 4 * 3600;

const defaultRules = { rules: [{ prefix: 'in/', agentId: 'agent-1' }] };

/** The whole pipeline on the local ports, with a clock that tests turn and a Mosaic that they script. */
export function pipelineWorld(options: Options) {
  const { outputs, slots = 2, batch = 10, rules = defaultRules, wrap = (ports) => ports } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tessera-'));
  let now = Date.parse('2026-01-02T03:04:05.000Z');
  const clock = () => now;
  const platform = openLocal({ folder, clock });
  platform.setLinkBase('http://127.0.0.1:1/objects');
  platform.notify('uploads', 'starts');
  const script: ScriptedMosaic = scriptedMosaic({ clock, outputUrl: (id) => `${outputs.url}/${id}?signature=secret` });
  // What goes wrong in passing comes again and again here, as it does at a slow table; nothing is to be lost by it.
  const often = { maxReceives: 1000 };
  const real: Ports = {
    runs: platform.table('runs'),
    uploads: platform.bucket('uploads'),
    deliveries: platform.bucket('deliveries'),
    startQueue: platform.queue('starts', often),
    settleQueue: platform.queue('settles', often),
    copyQueue: platform.queue('copies', often),
    mosaic: options.mosaic ?? script.mosaic,
  };
  const lines: Parameters<LogSink>[0][] = [];
  const deps = {
    ...wrap(real),
    clock,
    log: createLog((line) => lines.push(line)),
    rules: async () => parseRules(rules),
    webhookSecret: async () => webhookSecret,
    callbackUrl: options.callbackUrl ?? 'https://pipeline.example',
    trustedHosts: [outputs.host],
    slots,
    uploadLinkSeconds: 3600,
    uncertainWaitSeconds,
    runDeadlineSeconds,
  };
  type Door = (event: SQSEvent) => Promise<SQSBatchResponse>;
  const doors: Record<DoorName, [queue: Queue, source: Queue, door: Door]> = {
    start: [deps.startQueue, real.startQueue, startRunHandler(deps)],
    settle: [deps.settleQueue, real.settleQueue, settleHandler(deps)],
    copy: [deps.copyQueue, real.copyQueue, copyOutputHandler(deps)],
  };
  const webhook = webhookHandler({ ...deps, payloads: platform.bucket('payloads') });
  const reconcile = reconcileHandler(deps);

  /** Handles every message that is due (of these doors), until none is; true when there was one. */
  async function drain(...names: DoorName[]): Promise<boolean> {
    let worked = false;
    for (let busy = true; busy; ) {
      busy = false;
      for (const name of names.length > 0 ? names : doorNames) {
        const [queue, source, door] = doors[name];
        const messages = await source.receive({ max: batch, visibilitySeconds: 60 });
        if (messages.length === 0) continue;
        busy = true;
        worked = true;
        const { batchItemFailures } = await door({ Records: messages.map((message) => asRecord(name, message)) });
        const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        for (const { messageId, receipt } of messages) if (!failed.has(messageId)) await queue.done(receipt);
      }
    }
    return worked;
  }

  const post = (
    runId: string,
    body: unknown,
    headers: Record<string, string> = { 'X-Mosaic-Signature': webhookSecret },
  ) =>
    webhook({
      headers,
      pathParameters: { runId },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      isBase64Encoded: false,
    } as unknown as APIGatewayProxyEventV2);

  return {
    ...real,
    clock,
    deps,
    script,
    lines,
    platform,
    drain,
    reconcile,
    post,
    jump: (seconds: number) => {
      now += seconds * 1000;
    },
    upload: (key: string, body: string | Uint8Array = tinyVideo) => real.uploads.put(key, body),
    deliver: ({ callbackUrl, body }: Sent) => post(callbackUrl.split('/').at(-1) ?? '', body),
    /** Delivers the webhooks that are on their way, in order. */
    async deliverAll() {
      for (const sent of script.sent.splice(0)) await this.deliver(sent);
    },
    async textAt(key: string): Promise<string> {
      const chunks: Uint8Array[] = [];
      for await (const chunk of (await real.deliveries.read(key)).body) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    },
    /** The one run of the newest version of an upload. */
    async runOf(key: string): Promise<Run> {
      const head = await real.uploads.head(key);
      const [run] = await runsOfUpload(real.runs, { bucket: 'uploads', key, versionId: head?.versionId });
      if (run === undefined) throw new Error(`${key} has no run.`);
      return run;
    },
    /** The agent run that a run's start began. */
    agentRunOf(run: Run) {
      const found = [...script.runs.values()].filter(({ request }) => request.callbackUrl.endsWith(`/${run.id}`));
      const [agentRun] = found;
      if (agentRun === undefined) throw new Error(`Run ${run.id} has no agent run.`);
      return agentRun;
    },
    close() {
      platform.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type PipelineWorld = ReturnType<typeof pipelineWorld>;
