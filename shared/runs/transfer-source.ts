import { type LinkAnswer, openLink, showLink } from '../platform/links.ts';

export interface SourceOptions {
  /** Asks the run for a fresh link. */
  readonly openLinkNow: () => Promise<string>;
  readonly trustedHosts: readonly string[];
  /** How a link is opened; default: over the network. */
  readonly openLink?: typeof openLink;
  readonly signal?: AbortSignal;
  readonly headersTimeoutMs?: number;
  readonly bodyTimeoutMs?: number;
}

/** What was seen of the source first, and must stay so: its size and, where it has a strong one, its ETag. */
export interface Pin {
  readonly bytes: number;
  /** With quotes; empty when the source has none. */
  readonly etag: string;
}

export interface Stretch extends Pin {
  /** Offset of the body's first byte. A source that knows no ranges starts at 0 whatever was asked. */
  readonly first: number;
  /** Ends with an error when fewer or more bytes arrive than were announced. */
  readonly body: AsyncIterable<Uint8Array>;
  discard(): void;
}

/** The source is not what it was, or the upload is gone: what was copied so far is of no use. */
export class StartOver extends Error {
  override name = 'StartOver';
}

/** The connection broke, or brought too little. What has arrived stays good. */
export class SourceBroke extends Error {
  override name = 'SourceBroke';
}

export interface Source {
  read(range: readonly [first: number, last?: number], pin?: Pin): Promise<Stretch>;
}

/** Reads stretches of one file behind a signed link, with a fresh link whenever the one at hand has gone stale. */
export function sourceOf(options: SourceOptions): Source {
  let link: string | undefined;
  return {
    async read(range, pin) {
      link ??= await options.openLinkNow();
      let answer = await open(link, range, pin, options);
      if (await isStale(answer)) {
        // One that was fresh and is refused all the same may be only a moment too early: ask once more, then give up.
        link = await options.openLinkNow();
        answer = await open(link, range, pin, options);
        if (await isStale(answer)) throw refused(link, answer.status);
      }
      try {
        return stretchOf(answer, range, pin, showLink(link));
      } catch (error) {
        answer.discard();
        throw error;
      }
    },
  };
}

const open = (link: string, range: readonly [number, number?], pin: Pin | undefined, options: SourceOptions) =>
  (options.openLink ?? openLink)(link, {
    range,
    ifMatch: pin?.etag || undefined,
    trustedHosts: options.trustedHosts,
    signal: options.signal,
    headersTimeoutMs: options.headersTimeoutMs,
    bodyTimeoutMs: options.bodyTimeoutMs,
  });

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

function stretchOf(
  answer: LinkAnswer,
  range: readonly [number, number?],
  pin: Pin | undefined,
  shown: string,
): Stretch {
  if (answer.status === 412) throw new StartOver(`${shown} has changed since the copy began.`);
  if (answer.status === 416)
    throw pin ? new StartOver(`${shown} is shorter than before.`) : new Error(`${shown} is empty.`);
  if (answer.status !== 200 && answer.status !== 206) throw new Error(`${shown} answered ${answer.status}.`);
  rejectPage(answer, shown);
  const { first, last, bytes } = extentOf(answer, range, shown);
  const etag = strongEtag(answer.headers.etag);
  if (pin && (pin.bytes !== bytes || (pin.etag !== '' && etag !== pin.etag)))
    throw new StartOver(`${shown} has changed since the copy began.`);
  return { first, bytes, etag, body: counted(answer.body, last - first + 1, shown), discard: answer.discard };
}

/** A page that says what went wrong, sent with 200, is the classic "video" of 2 KB. */
function rejectPage(answer: LinkAnswer, shown: string): void {
  const type = answer.headers['content-type'] ?? '';
  if (/\b(html|xml|json)\b/i.test(type))
    throw new Error(`${shown} answered with a page (${type.slice(0, 60)}), not a file.`);
  const encoding = answer.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new Error(`${shown} is packed (${encoding.slice(0, 20)}), so its size is not known.`);
}

function extentOf(answer: LinkAnswer, [first, last]: readonly [number, number?], shown: string) {
  if (answer.status === 200) {
    const bytes = wholeNumber(answer.headers['content-length']);
    // Without a length, a copy that was cut off could not be told from a whole one.
    if (bytes === undefined) throw new Error(`${shown} does not say how long it is.`);
    if (bytes === 0) throw new Error(`${shown} is empty.`);
    return { first: 0, last: bytes - 1, bytes };
  }
  const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.headers['content-range'] ?? '') ?? [];
  const extent = { first: wholeNumber(from), last: wholeNumber(to), bytes: wholeNumber(total) };
  if (extent.first === undefined || extent.last === undefined || extent.bytes === undefined)
    throw new Error(`${shown} does not say which range it answers with.`);
  const expectedLast = Math.min(last ?? Number.POSITIVE_INFINITY, extent.bytes - 1);
  if (extent.first !== first || extent.last !== expectedLast)
    throw new Error(`${shown} answers with bytes ${from}-${to} instead of ${first}-${expectedLast}.`);
  return { first: extent.first, last: extent.last, bytes: extent.bytes };
}

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

const strongEtag = (etag: string | undefined): string => (etag !== undefined && /^"[^"]+"$/.test(etag) ? etag : '');

/** The end of a stream proves nothing: a connection that breaks can look like one. */
async function* counted(body: AsyncIterable<Uint8Array>, expected: number, shown: string): AsyncGenerator<Uint8Array> {
  let arrived = 0;
  for await (const chunk of breakable(body)) {
    arrived += chunk.byteLength;
    if (arrived > expected) break;
    yield chunk;
  }
  if (arrived !== expected) throw new SourceBroke(`${shown} sent ${arrived} bytes instead of ${expected}.`);
}

async function* breakable(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw error instanceof Error ? new SourceBroke(error.message) : error;
  }
}
