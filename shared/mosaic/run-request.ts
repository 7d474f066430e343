import { InvalidInput } from '../errors.ts';
import type { RunInputs, StartRequest, VideoInput } from './mosaic.ts';
import type { RunRequest } from './run-schemas.ts';

/** A start in the wire's words; InvalidInput where it names no input, or names it in two ways. */
export function toRunRequest(request: StartRequest): RunRequest {
  return {
    ...toInputs(request),
    callback_url: request.callbackUrl,
    ...(request.updateParams === undefined ? {} : { update_params: request.updateParams }),
  };
}

const forms = ['videoUrls', 'nodeRenderIds', 'videoInputs'] as const;

function toInputs(request: RunInputs): Pick<RunRequest, 'video_urls' | 'node_render_ids' | 'video_inputs'> {
  const given = forms.filter((form) => request[form] !== undefined);
  if (given.length !== 1)
    throw new InvalidInput(
      `A start needs exactly one of ${forms.join(', ')}; this one has ${given.join(' and ') || 'none'}.`,
    );
  const empty = given.find((form) => request[form]?.length === 0);
  if (empty !== undefined) throw new InvalidInput(`A start with an empty list of ${empty} would be a run of nothing.`);
  if (request.videoInputs === undefined) return toSources(request);
  return { video_inputs: request.videoInputs.map(toVideoInput) };
}

function toVideoInput(input: VideoInput) {
  const sources = [...(input.videoUrls ?? []), ...(input.nodeRenderIds ?? [])];
  if (input.agentNodeId === '' || sources.length === 0)
    throw new InvalidInput('Each of videoInputs needs an agentNodeId and at least one of videoUrls and nodeRenderIds.');
  return { agent_node_id: input.agentNodeId, ...toSources(input) };
}

const toSources = ({ videoUrls, nodeRenderIds }: Pick<VideoInput, 'videoUrls' | 'nodeRenderIds'>) => ({
  ...(videoUrls === undefined ? {} : { video_urls: [...videoUrls] }),
  ...(nodeRenderIds === undefined ? {} : { node_render_ids: [...nodeRenderIds] }),
});
