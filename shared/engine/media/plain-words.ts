import { InvalidInput } from '../../errors.ts';
import type { Probe } from './probe.ts';
import { ProgramFailed } from './run-ffmpeg.ts';

/** Does something with a video; where FFmpeg gives up because of the video itself, says so to the person who sent it. */
export async function inPlainWords<T>(source: Probe, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProgramFailed) || isFaultOfOurs(error)) throw error;
    throw new InvalidInput(`${source.name} ${reason(error.said, source)}`, { name: source.name, said: error.said });
  }
}

/** Killed, or short of room: the same video may go through the next time. */
const isFaultOfOurs = ({ crashed, said }: ProgramFailed): boolean =>
  crashed || /No space left|Disk quota exceeded|Cannot allocate memory|Resource temporarily unavailable/.test(said);

function reason(said: string, { video }: Probe): string {
  if (video.dynamicRange !== 'sdr' && /No such filter: '(zscale|tonemap)'|Filter not found/.test(said))
    return `is an HDR video (${video.dynamicRange.toUpperCase()}), and this FFmpeg was built without zscale, which turns it into a standard one`;
  if (/Changing audio frame properties on the fly/.test(said))
    return 'changes its sound half-way to another rate or other channels; convert it to one that stays the same';
  if (/no decoder found|Decoder .*not found/i.test(said)) return 'is in a format that this FFmpeg cannot decode';
  return 'cannot be decoded: it is damaged, or in a format that this FFmpeg does not know well enough';
}
