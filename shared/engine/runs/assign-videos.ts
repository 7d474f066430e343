import { InvalidInput } from '../../errors.ts';
import type { RunRequest } from '../../mosaic/schemas.ts';

/** One video of a start, and the Video Input that it goes into. */
export type Video = { readonly nodeId: string } & (
  | { readonly kind: 'link'; readonly url: string }
  | { readonly kind: 'render'; readonly outputId: string }
);

const maxVideos = 20;
const maxLinkLength = 8192;

/** Reads both forms of a start: `video_inputs`, and the top-level arrays as shorthand for a single Video Input. */
export function assignVideos(request: RunRequest, inputNodes: readonly string[]): readonly Video[] {
  const videos = request.video_inputs ? fromVideoInputs(request, inputNodes) : fromShorthand(request, inputNodes);
  if (videos.length > maxVideos)
    throw new InvalidInput(`A run takes at most ${maxVideos} videos; this start has ${videos.length}.`);
  return videos;
}

function fromVideoInputs(request: RunRequest, inputNodes: readonly string[]): Video[] {
  if (givesVideos(request)) throw new InvalidInput('Send either video_inputs or the top-level arrays, not both.');
  const entries = request.video_inputs ?? [];
  const missing = inputNodes.filter((nodeId) => !entries.some((entry) => entry.agent_node_id === nodeId));
  if (missing.length > 0) throw new InvalidInput(`video_inputs has no entry for Video Input ${missing.join(', ')}.`);
  return entries.flatMap((entry, place) => {
    const where = `video_inputs[${place}]`;
    if (!inputNodes.includes(entry.agent_node_id))
      throw new InvalidInput(`${where}.agent_node_id is not a Video Input that this run goes through.`);
    if (entry.input_clip_start_ms != null || entry.input_clip_end_ms != null)
      throw new InvalidInput(
        `${where}: input_clip_start_ms and input_clip_end_ms are not supported by this engine yet.`,
      );
    return videosOf(entry, entry.agent_node_id, where);
  });
}

function fromShorthand(request: RunRequest, inputNodes: readonly string[]): Video[] {
  const [nodeId, ...others] = inputNodes;
  if (nodeId === undefined) return [];
  if (others.length > 0)
    throw new InvalidInput(
      `This agent has ${inputNodes.length} Video Inputs: send video_inputs with an entry for each of ${inputNodes.join(', ')}.`,
    );
  return videosOf(request, nodeId, 'The start');
}

type Sources = Pick<RunRequest, 'video_urls' | 'video_ids' | 'node_render_ids' | 'mimir_assets'>;
const unsupported = ['video_ids', 'mimir_assets'] as const;

const givesVideos = (sources: Sources): boolean =>
  (['video_urls', 'node_render_ids', ...unsupported] as const).some((name) => (sources[name]?.length ?? 0) > 0);

function videosOf(sources: Sources, nodeId: string, where: string): Video[] {
  for (const name of unsupported)
    if ((sources[name]?.length ?? 0) > 0)
      throw new InvalidInput(`${where}: ${name} is not supported by this engine; give video_urls or node_render_ids.`);
  if (!givesVideos(sources)) throw new InvalidInput(`${where} has no video: give video_urls or node_render_ids.`);
  return [
    ...(sources.video_urls ?? []).map((url): Video => ({ nodeId, kind: 'link', url: checkedLink(url, where) })),
    ...(sources.node_render_ids ?? []).map((outputId): Video => ({ nodeId, kind: 'render', outputId })),
  ];
}

function checkedLink(link: string, where: string): string {
  const url = URL.canParse(link) && link.length <= maxLinkLength ? new URL(link) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new InvalidInput(`${where}: each of video_urls is an https link of at most ${maxLinkLength} characters.`);
  if (/(^|\.)(youtube\.com|youtu\.be)$/.test(url.hostname))
    throw new InvalidInput(`${where}: YouTube links are not supported by this engine; give a link to a video file.`);
  return link;
}
