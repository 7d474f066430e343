import { messageOf, PermanentError } from '../errors.ts';
import { type LinkAnswer, type openLink, showLink } from '../platform/links.ts';
import { SourceBroke } from './errors.ts';

export interface LinkSource {
  /** Asks the run for a fresh link. */
  readonly openLinkNow: () => Promise<string>;
  readonly trustedHosts: readonly string[];
  readonly openLink: typeof openLink;
  readonly signal?: AbortSignal;
  readonly headersTimeoutMs?: number;
  readonly bodyTimeoutMs?: number;
}

export interface Asking {
  readonly range: readonly [first: number, last?: number];
  readonly ifMatch?: string;
}

/** Opens a file behind a signed link, with a fresh one whenever the one at hand has gone stale: one for all readers. */
export function linkReader(source: LinkSource): (asking: Asking) => Promise<LinkAnswer & { readonly shown: string }> {
  let asked = 0;
  let fresh: Promise<{ readonly link: string; readonly number: number }> | undefined;
  const ask = () => {
    asked += 1;
    const number = asked;
    fresh = source.openLinkNow().then((link) => ({ link, number }));
    // After a failure, the next caller asks for the link again.
    fresh.catch(() => {
      if (asked === number) fresh = undefined;
    });
    return fresh;
  };
  return async (asking) => {
    const first = await (fresh ?? ask());
    const answer = await open(source, first.link, asking);
    if (!(await isStale(answer))) return { ...answer, shown: showLink(first.link) };
    // One that was fresh and is refused all the same may be only a moment too early: ask once more, then give up.
    const next = await (asked > first.number && fresh ? fresh : ask());
    const again = await open(source, next.link, asking);
    if (!(await isStale(again))) return { ...again, shown: showLink(next.link) };
    throw refused(next.link, again.status);
  };
}

async function open(source: LinkSource, link: string, { range, ifMatch }: Asking): Promise<LinkAnswer> {
  const { openLink, trustedHosts, signal, headersTimeoutMs, bodyTimeoutMs } = source;
  const options = { range, ifMatch, trustedHosts, signal, headersTimeoutMs, bodyTimeoutMs, keepAlive: true };
  try {
    return await openLink(link, options);
  } catch (error) {
    if (error instanceof PermanentError || signal?.aborted) throw error;
    throw new SourceBroke(messageOf(error), { cause: error });
  }
}

/** An expired link is 400 `ExpiredToken` at Google's storage and 403 elsewhere; a signed one answers 404 after a move. */
async function isStale(answer: LinkAnswer): Promise<boolean> {
  if (answer.status === 400) return /expired/i.test(await beginningOf(answer));
  if (![401, 403, 404, 410].includes(answer.status)) return false;
  answer.discard();
  return true;
}

async function beginningOf(answer: LinkAnswer): Promise<string> {
  let text = '';
  for await (const chunk of answer.body) {
    text += Buffer.from(chunk).toString('latin1');
    if (text.length > 4096) break;
  }
  answer.discard();
  return text;
}

const refused = (link: string, status: number): Error =>
  new Error(
    `${showLink(link)} answered ${status} to a link that was asked for just now. ` +
      'The output may have been removed; it is tried again later.',
  );
