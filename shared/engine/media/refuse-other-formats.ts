import { sniff, sniffBytes } from '../../inspect/sniff.ts';
import { readHead } from './files.ts';

/** Names the format of a file that is clearly no recording; undefined for video, sound and what nobody knows. */
export async function otherFormatOf(path: string): Promise<string | undefined> {
  const format = sniff(await readHead(path, sniffBytes));
  return format === undefined || format.medium === 'video' || format.medium === 'sound' ? undefined : format.name;
}

/** Whether a file is made of boxes, as MP4 and QuickTime files are. */
export async function hasMp4Boxes(path: string): Promise<boolean> {
  const format = sniff(await readHead(path, sniffBytes));
  return format !== undefined && ['mp4', 'mov', 'm4v', '3gp', 'm4a'].includes(format.extension);
}
