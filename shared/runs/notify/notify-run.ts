import { postJson } from '../../platform/links.ts';
import type { EventBus, Queue } from '../../platform/ports.ts';
import type { EventName } from '../run/event-names.ts';
import type { NotifyMessage } from '../run/messages.ts';
import { wakeNotify } from '../run/messages.ts';
import { readRun } from '../run/move-run.ts';
import { expireRun, type RetentionDeps } from '../run/retention.ts';
import { outboxKey } from '../run/run-items.ts';
import { buildEvent } from './build-event.ts';
import type { RunEventTold } from './event.ts';
import { sendWebhook, type WebhookDeps } from './send-webhook.ts';

export interface NotifyDeps extends RetentionDeps, Omit<WebhookDeps, 'postWebhook'> {
  readonly notifyQueue: Queue;
  readonly bus: EventBus;
  readonly postWebhook?: typeof postJson;
}

/**
 * Tells of one move of a run: on the bus, and to each receiver by a message with tries of its own. Whoever stops half
 * way is followed by one who tells all of it again, under the same id.
 */
export async function notifyRun(
  deps: NotifyDeps,
  { runId, revision, url }: NotifyMessage,
): Promise<'told' | 'nothing-to-tell' | 'sent' | 'gone'> {
  const key = outboxKey(runId, revision);
  if (url === undefined && (await deps.runs.get(key)) === undefined) return 'nothing-to-tell';
  const run = await readRun(deps.runs, runId);
  const event = run && (await buildEvent(deps, run, revision));
  if (url !== undefined) return tellReceiver(deps, url, event, { runId, revision });
  if (run !== undefined && event !== undefined) {
    const { type, timestamp: time, data } = event;
    await deps.bus.put({ id: data.id, type, time, detail: data });
    const urls = receivers(run.rule.notify, type);
    if (urls.length > 0) await wakeNotify(deps.notifyQueue, ...urls.map((each) => ({ runId, revision, url: each })));
    deps.log.info('notice.told', { runId, id: data.id, type, receivers: urls.length });
  }
  // Delete only what was sent.
  if (run !== undefined) await expireRun(deps, run);
  await deps.runs.write({ delete: key });
  return event === undefined ? 'nothing-to-tell' : 'told';
}

type Receivers = readonly { readonly url: string; readonly events?: readonly string[] }[];

const receivers = (notify: Receivers = [], type: EventName): readonly string[] => [
  ...new Set(notify.filter(({ events }) => events?.includes(type) ?? true).map(({ url }) => url)),
];

async function tellReceiver(
  deps: NotifyDeps,
  url: string,
  event: RunEventTold | undefined,
  about: NotifyMessage,
): Promise<'nothing-to-tell' | 'sent' | 'gone'> {
  if (event !== undefined) return sendWebhook({ ...deps, postWebhook: deps.postWebhook ?? postJson }, url, event);
  // It came out of the dead letters after the run's records had ended.
  deps.log.warn('notice.too-late', { ...about, url: new URL(url).host });
  return 'nothing-to-tell';
}
