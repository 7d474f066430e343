import { Webhook } from 'standardwebhooks';
import type { postJson } from '../../../shared/platform/links.ts';
import type { Watch } from '../invariants/watch.ts';
import { secretMark } from '../invariants/watched.ts';
import type { Worker, Workshop } from '../worker.ts';
import type { Ground } from './ground.ts';

const secretOf = (name: string): string => `whsec_${`${name}${secretMark}`.repeat(4).slice(0, 32)}`;
const [older, newer] = [secretOf('old'), secretOf('new')];
/** Longer than any request is on its way; what is older is not believed. */
const toleranceMs = 5 * 60_000;

/** Those who are told by webhook: they check signatures, are away now and then, and change their secret once. */
export function receiversOf(ground: Ground, shop: Workshop, watcher: Watch) {
  const { scheduler, random, faults, clock, violated } = ground;
  const changeMs = clock() + 3600_000 + random.below(3 * 3600_000);
  const refusals = new Set<string>();

  function receive(url: string, body: unknown, headers: Readonly<Record<string, string>>): number {
    const text = JSON.stringify(body);
    watcher.noSecretIn('the body of a webhook', text);
    const { 'webhook-id': id = '', 'webhook-timestamp': seconds = '', 'webhook-signature': signatures = '' } = headers;
    const expected = new Webhook(clock() < changeMs ? older : newer).sign(id, new Date(Number(seconds) * 1000), text);
    if (!signatures.split(' ').includes(expected) || Math.abs(clock() - Number(seconds) * 1000) > toleranceMs)
      violated("webhooks' signatures are right", `${url} ${id} at ${seconds}`);
    if (faults.happens('receiver-fails')) return random.pick([400, 404, 429, 500, 503]);
    if (faults.happens('receiver-refuses')) {
      refusals.add(`${url} ${id}`);
      return 410;
    }
    watcher.notices.received(url, text);
    return random.pick([200, 202, 204]);
  }

  const lost = (kind: 'receiver-unreachable' | 'receiver-answer-lost') => () =>
    faults.happens(kind) ? new Error('The connection failed (ECONNRESET).') : undefined;
  const call = {
    kind: 'write',
    fails: lost('receiver-unreachable'),
    failsAfter: lost('receiver-answer-lost'),
  } as const;

  return {
    /** Before a receiver changes its secret, both are used, and for a while after it. */
    signingSecrets: async (): Promise<readonly string[]> => {
      const untilChange = changeMs - clock();
      if (untilChange > 3600_000) return [older];
      return untilChange > -3600_000 ? [newer, older] : [newer];
    },
    postWebhookBy:
      (worker: Worker): typeof postJson =>
      (url, body, { headers = {} }) =>
        shop.call(worker, `post to ${url}`, call, () => {
          const status = receive(url, body, headers);
          scheduler.note(`  ${url} answers ${status}`);
          return { status };
        }),
    refused: (url: string, id: string): boolean => refusals.has(`${url} ${id}`),
  };
}

export type Receivers = ReturnType<typeof receiversOf>;
