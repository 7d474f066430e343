import { Missing } from '../../errors.ts';
import { measureMedia } from '../../inspect/measure-media.ts';
import type { MeasuredMedia } from '../../inspect/measured-media.ts';
import { openRanges, Replaced } from '../../inspect/ranged-reader.ts';
import { sniff, sniffBytes } from '../../inspect/sniff.ts';
import { wrongContainer, wrongMedia, wrongSize } from '../run/filters.ts';
import type { Rule } from '../run/rule.ts';
import type { InputObject } from '../run/run.ts';
import type { IngestDeps } from './deps.ts';

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
    const format = sniff(await ranges.read(0, Math.min(sniffBytes, object.size ?? 0)));
    if (format === undefined)
      return { reason: 'its first bytes are of no video format that is known, whatever its name says.' };
    if (format.medium !== 'video') return { reason: `it is ${format.name}, not a video, whatever its name says.` };
    const container = format.extension;
    const byContainer = wrongContainer(container, filter, id);
    if (byContainer !== undefined) return { reason: byContainer };
    const media = await measureMedia(ranges, container);
    const reason = wrongMedia(media, filter, id);
    return reason === undefined ? { media: { container, ...media } } : { reason };
  } catch (error) {
    if (error instanceof Replaced) return { reason: error.message };
    if (error instanceof Missing) return { reason: 'it was deleted before it could be read. Upload it again.' };
    throw error;
  }
}
