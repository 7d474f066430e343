import { videoOf, videosOf } from '../run/attachments.ts';
import { readOutput } from '../run/output-items.ts';
import type { Copying, ExpectedOutput } from '../run/run.ts';
import type { DeliverDeps } from './deps.ts';
import { companionKey, deliveryKey } from './output-key.ts';

/** Where an output goes, by what it really is; what was made beside a video, beside it and called after it. */
export async function placeOf(
  deps: Pick<DeliverDeps, 'runs' | 'deliveriesPrefix'>,
  run: Copying,
  output: ExpectedOutput,
  isTaken: boolean,
): Promise<(extension: string) => string> {
  const options = { expected: videosOf(run.expected), prefix: deps.deliveriesPrefix, isTaken };
  if (output.kind === undefined) return (extension) => deliveryKey(run, output, extension, options);
  const video = videoOf(run.expected, output);
  const copied = await readOutput(deps.runs, run.id, video.id);
  return (extension) => {
    const own = { ...output, kind: output.kind ?? 'thumbnail' };
    if (copied?.status === 'copied') return companionKey(run, own, extension, { ...copied, isTaken });
    // Its video could not be delivered, but would have been called so.
    const key = deliveryKey(run, video, extension, { ...options, isTaken: false });
    return companionKey(run, own, extension, { key, extension, isTaken });
  };
}
