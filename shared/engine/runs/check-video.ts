import { InvalidInput, messageOf } from '../../errors.ts';
import { readMp4Seconds } from '../../inspect/mp4-index.ts';
import { type LinkAnswer, openLink, showLink } from '../../platform/links.ts';
import type { Table } from '../../platform/ports.ts';
import { Refusal } from '../refusal.ts';
import type { Source } from './agent-run.ts';
import type { Video } from './assign-videos.ts';
import { readOutput } from './read-output.ts';

export interface CheckedVideo {
  readonly nodeId: string;
  readonly source: Source;
}

export interface InputLimits {
  /** The longest video that is taken. */
  readonly inputSeconds: number;
  readonly inputBytes: number;
}

interface Deps {
  readonly table: Table;
  readonly trustedHosts: readonly string[];
  readonly limits: InputLimits;
}

/**
 * Looks at a video before its run is accepted: what cannot be read is an InvalidInput, what is known to be too large or
 * too long is a Refusal. Size and, for MP4 and MOV, length are learnt from one to three small ranged reads. What stays
 * unknown is decided by the worker, which measures the file itself.
 */
export const videoChecker =
  (deps: Deps) =>
  async (video: Video): Promise<CheckedVideo> =>
    video.kind === 'link' ? checkLink(deps, video.nodeId, video.url) : checkRender(deps, video.nodeId, video.outputId);

async function checkRender({ table, limits }: Deps, nodeId: string, outputId: string): Promise<CheckedVideo> {
  const output = await readOutput(table, outputId);
  if (output === undefined)
    throw new InvalidInput(`node_render_ids: there is no finished output ${outputId.slice(0, 64)}.`);
  refuseLonger(`Output ${outputId}`, output.durationSeconds, limits);
  const { key, versionId } = output.video;
  return { nodeId, source: { kind: 'render', key, versionId } };
}

const headBytes = 4096;
const checkTimeoutMs = 10_000;

async function checkLink(deps: Deps, nodeId: string, url: string): Promise<CheckedVideo> {
  const shown = showLink(url);
  const signal = AbortSignal.timeout(checkTimeoutMs);
  const read = (first: number, length: number) =>
    openLink(url, { range: [first, first + length - 1], trustedHosts: deps.trustedHosts, signal });
  const answer = await reach(() => read(0, headBytes), shown);
  const size = await sizeOf(answer, shown);
  if (size !== undefined && size > deps.limits.inputBytes)
    throw new Refusal(413, 'too_large', `${shown} has ${size} bytes; ${deps.limits.inputBytes} is the most.`);
  const seconds = await lengthOf(answer, read, size);
  if (seconds !== undefined) refuseLonger(shown, seconds, deps.limits);
  return { nodeId, source: { kind: 'link', url } };
}

/** One failure may be chance; two are an answer. */
async function reach(open: () => Promise<LinkAnswer>, shown: string): Promise<LinkAnswer> {
  try {
    return await open().catch(open);
  } catch (cause) {
    throw new InvalidInput(`video_urls: ${shown} cannot be read. ${messageOf(cause)}`, {}, { cause });
  }
}

/** In bytes; undefined when the other side does not say, or has trouble of its own that may have passed when work starts. */
async function sizeOf({ status, headers, discard }: LinkAnswer, shown: string): Promise<number | undefined> {
  if (status === 206) return Number(headers['content-range']?.split('/')[1]) || undefined;
  discard();
  if (status === 416) throw new InvalidInput(`video_urls: ${shown} is empty.`);
  if (status === 200) return Number(headers['content-length']) || undefined;
  if (status === 408 || status === 429 || status >= 500) return undefined;
  throw new InvalidInput(`video_urls: ${shown} answers ${status}. Is the link complete, and not expired?`);
}

async function lengthOf(
  head: LinkAnswer,
  read: (first: number, length: number) => Promise<LinkAnswer>,
  size: number | undefined,
): Promise<number | undefined> {
  if (head.status !== 206 || size === undefined) return undefined;
  try {
    const opening = await bytesOf(head, headBytes);
    const readBytes = async (from: number, to: number): Promise<Uint8Array> => {
      if (to <= opening.length) return opening.subarray(from, to);
      const answer = await read(from, to - from);
      return answer.status === 206 ? bytesOf(answer, to - from) : new Uint8Array();
    };
    return await readMp4Seconds({ size, read: readBytes });
  } catch {
    // Only the early answer is lost: the worker measures the file before it does anything else.
    return undefined;
  }
}

async function bytesOf({ body, discard }: LinkAnswer, length: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let got = 0;
  for await (const piece of body) {
    pieces.push(piece);
    got += piece.length;
    if (got >= length) break;
  }
  discard();
  return Buffer.concat(pieces).subarray(0, length);
}

function refuseLonger(what: string, seconds: number, { inputSeconds }: InputLimits): void {
  if (seconds <= inputSeconds) return;
  const minutes = (value: number) => `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  throw new Refusal(
    413,
    'too_long',
    `${what} is ${minutes(seconds)} long; this engine takes at most ${minutes(inputSeconds)}.`,
  );
}
