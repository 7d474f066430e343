import { crc32cFromBase64 } from '../platform/crc32c.ts';
import { type LinkAnswer, openLink } from '../platform/links.ts';
import { SourceBroke, SourceBusy, StartOver } from './errors.ts';
import { type Asking, type LinkSource, linkReader } from './link-reader.ts';

export type SourceOptions = Omit<LinkSource, 'openLink'> & {
  /** How a link is opened; default: over the network. */
  readonly openLink?: typeof openLink;
  /** Whether the file itself may be XML. */
  readonly isXml?: boolean;
};

/** What was seen of the source first, and must stay so. */
export interface Pin {
  readonly bytes: number;
  /** With quotes; empty when the source has no strong one. */
  readonly etag: string;
  /** Of the whole file, where the source tells it. */
  readonly sourceCrc32c?: string;
}

export interface Answered extends Pin {
  /** Offset of the body's first byte. */
  readonly first: number;
  /** Bytes of this body. */
  readonly length: number;
  /** Whether the source answered with the range that it was asked for; else with the whole file. */
  readonly isRange: boolean;
  /** Gives each piece to `take`, and the next one when what it returned has resolved. Throws when bytes are missing. */
  pour(take: (piece: Uint8Array) => Promise<void> | undefined): Promise<void>;
  discard(): void;
}

export interface Source {
  read(range: Asking['range'], pin?: Pin): Promise<Answered>;
}

/** What tells two versions of a file apart. Without it, what is read twice may not be the same. */
export const isPinned = ({ etag, sourceCrc32c }: Pin): boolean => etag !== '' || sourceCrc32c !== undefined;

/** Reads stretches of one file behind a signed link. */
export function sourceOf(options: SourceOptions): Source {
  const open = linkReader({ ...options, openLink: options.openLink ?? openLink });
  return {
    async read(range, pin) {
      const answer = await open({ range, ifMatch: pin?.etag || undefined });
      try {
        return answered(answer, range, pin, options.isXml ?? false);
      } catch (error) {
        answer.discard();
        throw error;
      }
    },
  };
}

type Shown = LinkAnswer & { readonly shown: string };

function answered(answer: Shown, range: Asking['range'], pin: Pin | undefined, isXml: boolean): Answered {
  const { status, shown } = answer;
  if (status === 412) throw new StartOver(`${shown} has changed since the copy began.`);
  if (status === 416) throw pin ? new StartOver(`${shown} is shorter than before.`) : new Error(`${shown} is empty.`);
  if (status === 429 || status === 503) throw new SourceBusy(`${shown} answered ${status}.`);
  if (status !== 200 && status !== 206) throw new Error(`${shown} answered ${status}.`);
  rejectPage(answer, isXml);
  const { first, last, bytes } = extentOf(answer, range);
  const etag = strongEtag(answer.headers.etag);
  const sourceCrc32c = checksumOf(answer);
  if (pin && !isSame(pin, { bytes, etag, sourceCrc32c }))
    throw new StartOver(`${shown} has changed since the copy began.`);
  const length = last - first + 1;
  return {
    ...{ first, length, bytes, etag, ...(sourceCrc32c !== undefined && { sourceCrc32c }), isRange: status === 206 },
    pour: (take) => counted(answer, length, take),
    discard: answer.discard,
  };
}

const isSame = (pin: Pin, { bytes, etag, sourceCrc32c }: Pin): boolean =>
  pin.bytes === bytes &&
  (pin.etag === '' || etag === pin.etag) &&
  (pin.sourceCrc32c === undefined || sourceCrc32c === undefined || sourceCrc32c === pin.sourceCrc32c);

/** A page that says what went wrong, sent with 200, is the classic "video" of 2 KB. */
function rejectPage({ headers, shown }: Shown, isXml: boolean): void {
  const type = headers['content-type'] ?? '';
  if (isXml ? /\b(html|json)\b/i.test(type) : /\b(html|xml|json)\b/i.test(type))
    throw new Error(`${shown} answered with a page (${type.slice(0, 60)}), not a file.`);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new Error(`${shown} is packed (${encoding.slice(0, 20)}), so its size is not known.`);
}

function extentOf({ status, headers, shown }: Shown, [first, last]: Asking['range']) {
  if (status === 200) {
    const bytes = wholeNumber(headers['content-length']);
    // Without a length, a copy that was cut off could not be told from a whole one.
    if (bytes === undefined) throw new Error(`${shown} does not say how long it is.`);
    if (bytes === 0) throw new Error(`${shown} is empty.`);
    return { first: 0, last: bytes - 1, bytes };
  }
  const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
  const extent = { first: wholeNumber(from), last: wholeNumber(to), bytes: wholeNumber(total) };
  if (extent.first === undefined || extent.last === undefined || extent.bytes === undefined)
    throw new Error(`${shown} does not say which range it answers with.`);
  const expectedLast = Math.min(last ?? Number.POSITIVE_INFINITY, extent.bytes - 1);
  // Less than was asked for is allowed: the rest is asked for again.
  if (extent.first !== first || extent.last < first || extent.last > expectedLast)
    throw new Error(`${shown} answers with bytes ${from}-${to} instead of ${first}-${expectedLast}.`);
  return { first: extent.first, last: extent.last, bytes: extent.bytes };
}

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

const strongEtag = (etag: string | undefined): string => (etag !== undefined && /^"[^"]+"$/.test(etag) ? etag : '');

/** Google's storage tells the whole file's, of any range. Of what it keeps packed, that is not the sum of these bytes. */
function checksumOf({ headers }: Shown): string | undefined {
  if ((headers['x-goog-stored-content-encoding'] ?? 'identity') !== 'identity') return undefined;
  const [, value] = /(?:^|,)\s*crc32c=([A-Za-z0-9+/]{6}==)/.exec(headers['x-goog-hash'] ?? '') ?? [];
  return value === undefined ? undefined : crc32cFromBase64(value);
}

/** The end of a stream proves nothing: a connection that breaks can look like one. */
async function counted(
  answer: Shown,
  expected: number,
  take: (piece: Uint8Array) => Promise<void> | undefined,
): Promise<void> {
  let arrived = 0;
  let own: { readonly error: unknown } | undefined;
  const taken = (error: unknown): never => {
    own ??= { error };
    throw error;
  };
  try {
    await pourFrom(answer, (piece) => {
      arrived += piece.byteLength;
      if (arrived > expected) throw new SourceBroke(`It sent more than ${expected} bytes.`);
      try {
        return take(piece)?.catch(taken);
      } catch (error) {
        return taken(error);
      }
    });
  } catch (error) {
    answer.discard();
    if (own) throw own.error;
    if (arrived <= expected) throw error instanceof Error ? new SourceBroke(error.message) : error;
  }
  if (arrived !== expected) throw new SourceBroke(`${answer.shown} sent ${arrived} bytes instead of ${expected}.`);
}

async function pourFrom(
  { pour, body }: LinkAnswer,
  take: (piece: Uint8Array) => Promise<void> | undefined,
): Promise<void> {
  if (pour) return pour(take);
  for await (const piece of body) await take(piece);
}
