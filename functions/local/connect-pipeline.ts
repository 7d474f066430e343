import { join } from 'node:path';
import { type AgentSummary, mosaicClient } from '../../shared/mosaic/client.ts';
import { parseRules } from '../../shared/runs/rules/parse-rules.ts';
import { storedRules } from '../../shared/runs/rules/stored-rules.ts';
import type { RuleSet } from '../../shared/runs/run/rule.ts';
import { copyOutputHandler } from '../copy-output.ts';
import { notifyHandler } from '../notify.ts';
import { reconcileHandler } from '../reconcile.ts';
import { settleHandler } from '../settle.ts';
import { startRunHandler } from '../start-run.ts';
import { webhookHandler } from '../webhook.ts';
import { folderRules } from './folder-rules.ts';
import type { Lane } from './queue-pump.ts';
import { resultsHandler } from './results.ts';
import { queueNames, type Stores } from './stores.ts';
import type { Surroundings } from './surroundings.ts';

const hour = 3600;
/** Agent runs in flight: enough that fetching and copying overlap with the one render at a time. */
const slots = 4;

/** They share one store of memory; four small ones keep it busy. */
export const copiesAtOnce = 4;

const loopback = ['127.0.0.1', 'localhost', '[::1]'];

/** The pipeline's doors on this machine: its webhook, its reconcile, and the lanes of its queues. */
export function openPipeline(stores: Stores, around: Surroundings) {
  const { clock, log, url, trustedHosts, apiKey, webhookSecret, signingSecret, dataFolder } = around;
  const { runs, uploads, deliveries, payloads, remembered, bus } = stores;
  const { startQueue, settleQueue, copyQueue, notifyQueue, resultsQueue } = stores;
  const mosaic = mosaicClient({ baseUrl: url, apiKey: async () => apiKey });
  // Our engine's run list shows a run at once, so an uncertain start is soon certain.
  const deps = { runs, clock, log, mosaic, notifyQueue, runDeadlineSeconds: 14 * hour, uncertainWaitSeconds: 5 };
  let rules: () => Promise<RuleSet> = async () => {
    throw new Error('The agents are not known yet.');
  };
  const startRun = startRunHandler({
    ...{ ...deps, uploads, startQueue, settleQueue, slots },
    rules: () => rules(),
    callbackUrl: `${url}/pipeline`,
    uploadLinkSeconds: 7 * 24 * hour,
  });
  const settle = settleHandler({ ...deps, startQueue, settleQueue, copyQueue, rules: () => rules() });
  const copyOutput = copyOutputHandler({ ...deps, copyQueue, deliveries, trustedHosts });
  const notify = notifyHandler({
    ...{ ...deps, bus, deliveries },
    // Who is told is named by the rules, which are the user's own; so a program of theirs on this machine may be.
    trustedHosts: [...trustedHosts, ...loopback],
    signingSecrets: async () => [signingSecret],
  });
  const results = resultsHandler({ deliveries, uploads, remembered, log, folder: join(dataFolder, 'deliveries') });
  const lanes: readonly Lane[] = [
    // Uploads that arrive together are admitted together, and what waits is started once for all of them.
    { name: queueNames.startQueue, queue: startQueue, door: startRun, concurrency: 1, batch: 10 },
    { name: queueNames.settleQueue, queue: settleQueue, door: settle, concurrency: 4 },
    { name: queueNames.copyQueue, queue: copyQueue, door: copyOutput, concurrency: copiesAtOnce },
    { name: queueNames.notifyQueue, queue: notifyQueue, door: notify, concurrency: 4, ownPauses: true },
    { name: queueNames.resultsQueue, queue: resultsQueue, door: results, concurrency: 2 },
  ];
  return {
    mosaic,
    lanes,
    webhook: webhookHandler({ ...deps, settleQueue, payloads, webhookSecret: async () => webhookSecret }),
    reconcile: reconcileHandler({ ...deps, startQueue, settleQueue, deliveries }),
    /** Until rules are applied by command, each agent has a folder. */
    useAgents: (agents: ReadonlyMap<string, AgentSummary>) => {
      // A look into SQLite costs nothing, so what is applied holds for the very next upload.
      rules = storedRules({ runs, clock }, parseRules(folderRules(agents)), 0);
    },
    rules: () => rules(),
  };
}
