import { messageOf } from '../../errors.ts';
import { type postJson, showLink } from '../../platform/links.ts';
import type { RunDeps } from '../run/deps.ts';
import type { RunEventTold } from './event.ts';
import { signedHeaders } from './sign.ts';

export interface WebhookDeps extends RunDeps {
  /** The newest first; more than one while receivers change theirs. */
  readonly signingSecrets: () => Promise<readonly string[]>;
  /** `host` or `host:port` that may be plain HTTP and in a private network. */
  readonly trustedHosts: readonly string[];
  readonly postWebhook: typeof postJson;
}

/** Nobody's work hangs on the answer, so a receiver that is slower than this is asked again later. */
export const timeoutMs = 15_000;

/** Sends one event to one receiver; throws where it should be sent again. */
export async function sendWebhook(deps: WebhookDeps, url: string, event: RunEventTold): Promise<'sent' | 'gone'> {
  const { id, runId } = event.data;
  const at = new Date(deps.clock());
  const headers = signedHeaders(await deps.signingSecrets(), { id, at, body: JSON.stringify(event) });
  const { host } = new URL(url);
  const outcome = await post(deps, url, event, headers);
  deps.metrics?.count('Webhooks', 1, { outcome: typeof outcome === 'string' ? outcome : 'failed' });
  if (outcome === 'sent') deps.log.info('notice.sent', { runId, id, host });
  // This answer means: send no more. Only the author of the rule can stop it for good.
  else if (outcome === 'gone') deps.log.warn('notice.unwanted', { runId, id, host });
  else throw outcome;
  return outcome;
}

async function post(
  { postWebhook, trustedHosts }: WebhookDeps,
  url: string,
  event: RunEventTold,
  headers: Record<string, string>,
): Promise<'sent' | 'gone' | Error> {
  const { host } = new URL(url);
  try {
    const { status } = await postWebhook(url, event, { headers, trustedHosts, timeoutMs });
    if (status >= 200 && status < 300) return 'sent';
    if (status === 410) return 'gone';
    return new Error(`${host} answered ${status} to the event ${event.data.id}; 2xx was expected.`);
  } catch (error) {
    // Many a receiver is known by a secret in its path.
    return new Error(messageOf(error).replaceAll(showLink(url), host));
  }
}
