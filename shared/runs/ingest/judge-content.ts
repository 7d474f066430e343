import { Missing } from '../../errors.ts';
import { kindOf, magicBytes } from '../../inspect/container.ts';
import { measureMedia } from '../../inspect/measure-media.ts';
import type { MeasuredMedia } from '../../inspect/measured-media.ts';
import { openRanges, Replaced } from '../../inspect/ranged-reader.ts';
import type { Filter, Rule } from '../run/rule.ts';
import type { InputObject } from '../run/run.ts';
import type { IngestDeps } from './deps.ts';

/** The longest video that the API takes by link. */
const maxSeconds = 3 * 3600;

/** Looks at the bytes themselves, as few of them as possible: what is not worth paying for, and what could be measured. */
export async function judgeContent(
  { uploads, clock }: IngestDeps,
  object: InputObject,
  rule: Pick<Rule, 'id' | 'filter'>,
): Promise<{ readonly reason: string } | { readonly media: MeasuredMedia }> {
  const { filter = {}, id } = rule;
  const bySize = wrongSize(object.size ?? 0, filter, id);
  if (bySize !== undefined) return { reason: bySize };
  const ranges = openRanges(uploads, object, clock);
  try {
    const kind = kindOf(await ranges.read(0, Math.min(magicBytes, object.size ?? 0)));
    if (kind === undefined)
      return { reason: 'its first bytes are of no video format that is known, whatever its name says.' };
    if ('notVideo' in kind) return { reason: `it is ${kind.notVideo}, not a video, whatever its name says.` };
    const { container } = kind;
    if (!allows(filter, container))
      return {
        reason: `it is ${container} by its content, and rule "${id}" takes ${filter.containers?.join(', ')} only.`,
      };
    const media = await measureMedia(ranges, container);
    const reason = wrongMedia(media, filter, id);
    return reason === undefined ? { media: { container, ...media } } : { reason };
  } catch (error) {
    if (error instanceof Replaced) return { reason: error.message };
    if (error instanceof Missing) return { reason: 'it was deleted before it could be read. Upload it again.' };
    throw error;
  }
}

function wrongSize(bytes: number, { minBytes, maxBytes }: Filter, ruleId: string): string | undefined {
  if (minBytes !== undefined && bytes < minBytes)
    return `it has ${bytes} bytes, fewer than the ${minBytes} that rule "${ruleId}" asks for.`;
  if (maxBytes !== undefined && bytes > maxBytes)
    return `it has ${bytes} bytes, more than the ${maxBytes} that rule "${ruleId}" takes.`;
  return undefined;
}

/** M4V is MP4 by another name. */
const allows = ({ containers }: Filter, container: string): boolean =>
  containers === undefined || containers.includes(container) || (container === 'm4v' && containers.includes('mp4'));

function wrongMedia(media: MeasuredMedia | undefined, filter: Filter, ruleId: string): string | undefined {
  const strict = filter.unmeasurable === 'reject';
  const { seconds, videoTracks, audioTracks } = media ?? {};
  if (seconds === undefined && strict)
    return `its duration cannot be measured, and rule "${ruleId}" takes only what can be.`;
  if (seconds !== undefined) {
    const lasts = (limit: number) => `it lasts ${beside(limit, seconds)} s`;
    if (seconds > maxSeconds)
      return `${lasts(maxSeconds)}, more than the 3 hours that the API takes. Upload it in parts.`;
    if (filter.maxSeconds !== undefined && seconds > filter.maxSeconds)
      return `${lasts(filter.maxSeconds)}, more than the ${filter.maxSeconds} s that rule "${ruleId}" takes.`;
    if (filter.minSeconds !== undefined && seconds < filter.minSeconds)
      return `${lasts(filter.minSeconds)}, less than the ${filter.minSeconds} s that rule "${ruleId}" asks for.`;
  }
  if (media === undefined || videoTracks === undefined)
    return strict ? `its tracks cannot be read, and rule "${ruleId}" takes only what can be measured.` : undefined;
  if (videoTracks === 0 && filter.videoTrack !== false) return 'it has no picture, only sound or data.';
  if (audioTracks === 0 && filter.audioTrack === true) return `it has no sound, and rule "${ruleId}" asks for it.`;
  return undefined;
}

/** With as many decimals as it takes to be seen on its side of the limit. */
function beside(limit: number, seconds: number): string {
  const fewest = seconds < 10 ? 1 : 0;
  const rounded = [fewest, 2, 3].map((digits) => Number(seconds.toFixed(digits)));
  return String(rounded.find((each) => Math.sign(each - limit) === Math.sign(seconds - limit)) ?? seconds);
}
