/** The filters of a rule: their schema, and the checks of an upload against them before anything is paid for. */
import * as z from 'zod';
import type { MeasuredMedia } from '../../inspect/measured-media.ts';
import { amount, flag, type Parsed, should } from './field-schemas.ts';

const videoContainers = ['mp4', 'mov', 'm4v', '3gp', 'webm', 'mkv', 'avi', 'ts', 'flv', 'mpg', 'wmv', 'mxf'] as const;

export const filterSchema = z
  .strictObject(
    {
      minBytes: amount('a number of bytes').optional().describe('The fewest bytes that a file may have.'),
      maxBytes: amount('a number of bytes').optional().describe('The most bytes that a file may have.'),
      containers: z
        .array(z.enum(videoContainers, should(`one of ${videoContainers.join(', ')}`)))
        .min(1, should('not empty'))
        .optional()
        .describe('What a file may be by its first bytes, whatever its name says. Default: any video.'),
      minSeconds: amount('a number of seconds').optional().describe('The shortest video that is taken.'),
      maxSeconds: amount('a number of seconds').optional().describe('The longest video that is taken.'),
      videoTrack: flag().optional().describe('Whether there must be a picture. Default true.'),
      audioTrack: flag().optional().describe('True: a file without sound is refused.'),
      unmeasurable: z
        .enum(['pass', 'reject'], should('"pass" or "reject"'))
        .optional()
        .describe('What happens to a file whose duration or tracks cannot be measured. Default "pass".'),
    },
    should('an object such as { "maxSeconds": 3600 }'),
  )
  .describe('What a file must be like; it is looked at before anything is paid for.');

/** Seconds and bytes are inclusive bounds. */
export type Filter = Parsed<typeof filterSchema>;

/** The longest video that the API takes by link. */
const maxSeconds = 3 * 3600;

/** Why the file's size is refused; undefined if it passes. */
export function wrongSize(bytes: number, { minBytes, maxBytes }: Filter, ruleId: string): string | undefined {
  if (minBytes !== undefined && bytes < minBytes)
    return `it has ${bytes} bytes, fewer than the ${minBytes} that rule "${ruleId}" asks for.`;
  if (maxBytes !== undefined && bytes > maxBytes)
    return `it has ${bytes} bytes, more than the ${maxBytes} that rule "${ruleId}" takes.`;
  return undefined;
}

/** Why the file's format is refused; undefined if it passes. M4V is MP4 by another name. */
export function wrongContainer(container: string, { containers }: Filter, ruleId: string): string | undefined {
  const passes = (name: string) => containers === undefined || containers.some((each) => each === name);
  if (passes(container) || (container === 'm4v' && passes('mp4'))) return undefined;
  return `it is ${container} by its content, and rule "${ruleId}" takes ${containers?.join(', ')} only.`;
}

/** Why the file's duration or tracks are refused; undefined if they pass. */
export function wrongMedia(media: MeasuredMedia | undefined, filter: Filter, ruleId: string): string | undefined {
  const strict = filter.unmeasurable === 'reject';
  const { seconds, videoTracks, audioTracks } = media ?? {};
  if (seconds === undefined && strict)
    return `its duration cannot be measured, and rule "${ruleId}" takes only what can be.`;
  if (seconds !== undefined) {
    const lasts = (limit: number) => `it lasts ${precise(limit, seconds)} s`;
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

/** The seconds, with enough decimals to differ from the limit. */
function precise(limit: number, seconds: number): string {
  const fewest = seconds < 10 ? 1 : 0;
  const rounded = [fewest, 2, 3].map((digits) => Number(seconds.toFixed(digits)));
  return String(rounded.find((each) => Math.sign(each - limit) === Math.sign(seconds - limit)) ?? seconds);
}
