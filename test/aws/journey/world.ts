import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { readyRules } from '../../../infra/ready-rules.ts';
import { testMedia } from '../../support/clips.ts';
import { deploy } from './deploy.ts';
import { startFunctions } from './functions.ts';
import { openGate } from './gate.ts';
import { type HttpApi, openHttpApi } from './http-api.ts';
import { accountId, addressOf, type Physical, resolverOf } from './intrinsics.ts';
import { assumableRoles } from './permissions.ts';
import { openReceiver } from './receiver.ts';
import { ofType, type StackTemplate, synthesizeStage } from './stage.ts';
import { routesOf, startPollers } from './wires.ts';

/** Where Lambda unpacks a function's asset. */
const taskFolder = '/var/task';

const longestMs = 90_000;

/** A stage as a first deploy makes it, on the emulators: its functions run, its queues are polled, its APIs answer. */
export async function openWorld() {
  const gate = await openGate({
    dynamodb: process.env.AWS_ENDPOINT_URL_DYNAMODB,
    s3: process.env.AWS_ENDPOINT_URL_S3,
    sqs: process.env.AWS_ENDPOINT_URL_SQS,
    secretsmanager: process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER,
    sts: process.env.AWS_ENDPOINT_URL_STS,
    events: process.env.AWS_ENDPOINT_URL_EVENTBRIDGE,
  });
  const apis = { engine: await openHttpApi(), pipeline: await openHttpApi() };
  const receiver = await openReceiver();
  const stageSettings = {
    // Links and webhooks go to loopback here. The stage's own setting for test servers allows exactly these three.
    trustedHosts: [new URL(gate.url).host, apis.pipeline.host, receiver.host],
    retentionDays: 30,
    // The first ready rule, with what it needs to call AWS for whatever a rule can ask of it.
    rules: {
      rules: readyRules.rules.slice(0, 1).map((rule) => ({
        ...rule,
        restore: { days: 1, tier: 'Standard' },
        deliver: { tags: { rule: '{rule}', title: '{stem}' } },
        notify: [{ url: receiver.url, events: ['Run Delivered'] }],
      })),
    },
  };
  const templates = synthesizeStage(stageSettings);
  const engine = templateOf(templates, 'engine');
  const pipeline = templateOf(templates, 'pipeline');
  const apiOf = (stack: string): HttpApi => (stack === engine.stack ? apis.engine : apis.pipeline);

  const deployed = new Map<string, Physical>();
  const resolve = resolverOf(templates, deployed);
  await deploy(templates, deployed, {
    awsUrl: gate.url,
    apiEndpoint: (address) => apiOf(address.split('/')[0] ?? '').url,
  });
  const folder = mkdtempSync(join(tmpdir(), 'tessera-lambda-'));
  const placed = await placing();
  const functions = templates.flatMap((template) => startFunctions(template, { resolve, gate, folder, placed }));
  for (const role of templates.flatMap((template) => assumableRoles(template, resolve))) gate.offer(role);
  for (const template of templates) apiOf(template.stack).setRoutes(routesOf(template, functions, resolve));
  const pollers = templates.flatMap((one) => startPollers(one, functions, resolve, deployed, gate.url));

  return {
    gate,
    apis,
    receiver,
    folder,
    stageSettings,
    engine,
    pipeline,
    resolve,
    functions,
    pollers,
    failures: () => pollers.flatMap(({ failures }) => failures),
    /** The name or address of the resource whose id begins like this. */
    physical: (template: StackTemplate, type: string, idStart: string): string => {
      const found = ofType(template, type).filter(([id]) => id.startsWith(idStart));
      const [[id] = ['']] = found;
      if (found.length !== 1) throw new Error(`${found.length} ${type} of ${template.stack} begin with ${idStart}.`);
      return deployed.get(addressOf(template.stack, id))?.ref ?? '';
    },
    /** Messages that lie in queues or are being worked on; those that only come due later are left out. */
    async messages(deadLetters = false): Promise<number> {
      const queues = [...deployed.values()].flatMap(({ attributes }) => attributes.QueueName ?? []);
      const counts = queues.filter((name) => name.includes('deadletters') === deadLetters).map(countOf);
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
    },
    /** The logs of all functions, and what they were refused. */
    printed: (): string =>
      [
        ...functions.map((one) => one.printed()),
        ...gate.calls.flatMap(({ allowed, by, action, resource }) =>
          allowed ? [] : `${by} may not ${action} ${resource}\n`,
        ),
      ].join(''),
    /** Resolves when nothing is left to be done. */
    async quiet(): Promise<void> {
      const deadline = Date.now() + longestMs;
      for (let times = 0; times < 3; await sleep(200)) {
        const busy = pollers.some(({ inHand }) => inHand()) || functions.some(({ atWork }) => atWork());
        times = busy || (await this.messages()) > 0 ? 0 : times + 1;
        if (Date.now() > deadline) throw new Error(`The journey does not end.\n${this.printed()}`);
        if (this.failures().length > 0)
          throw new Error(`The journey failed:\n${this.failures().join('\n')}\n${this.printed()}`);
      }
    },
    async close(): Promise<void> {
      await Promise.all(pollers.map((poller) => poller.stop()));
      await Promise.all(functions.map((one) => one.stop()));
      await Promise.all([gate.stop(), apis.engine.stop(), apis.pipeline.stop(), receiver.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function templateOf(templates: readonly StackTemplate[], half: string): StackTemplate {
  const found = templates.find(({ stack }) => stack.endsWith(`-${half}`));
  if (found === undefined) throw new Error(`The stage has no ${half} stack.`);
  return found;
}

async function countOf(queueName: string): Promise<number> {
  const QueueUrl = `${process.env.AWS_ENDPOINT_URL_SQS}/${accountId}/${queueName}`;
  const { Attributes = {} } = await new SQSClient().send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
  );
  return Number(Attributes.ApproximateNumberOfMessages) + Number(Attributes.ApproximateNumberOfMessagesNotVisible);
}

/** The asset's FFmpeg is for Lambda's Linux; another machine runs its own. */
async function placing(): Promise<(setting: string, codeFolder: string) => string> {
  if (process.platform === 'linux' && process.arch === 'x64')
    return (setting, codeFolder) =>
      setting.startsWith(`${taskFolder}/`) ? join(codeFolder, setting.slice(taskFolder.length)) : setting;
  const { ffmpegPath, ffprobePath } = await testMedia();
  const own: Record<string, string> = { ffmpeg: ffmpegPath, ffprobe: ffprobePath };
  return (setting) =>
    setting.startsWith(`${taskFolder}/`) ? (own[setting.split('/').at(-1) ?? ''] ?? setting) : setting;
}
