import type { RunInputs, VideoInput } from '../../mosaic/mosaic.ts';
import type { Bucket, Clock, ObjectHead } from '../../platform/ports.ts';
import type { InputObject, Run } from '../run/run.ts';
import { rejectedBecause } from '../run/upload.ts';

export interface InputDeps {
  readonly uploads: Bucket;
  readonly clock: Clock;
  readonly uploadLinkSeconds: number;
}

export interface OpenInput {
  readonly inputs: RunInputs;
  /** When the first of its links ends; none where it needs no link. */
  readonly linkExpiresAt?: string;
}

/** What an agent run is given: links bound to their versions and signed now, or renders, which need none. */
export async function openInput(deps: InputDeps, run: Run): Promise<OpenInput | { readonly gone: string }> {
  if (run.input?.kind === 'renders') return { inputs: { nodeRenderIds: run.input.renderIds } };
  const objects = run.input?.objects ?? [run.upload];
  const links: { object: InputObject; url: string; expiresAt: Date }[] = [];
  for (const object of objects) {
    const { key, versionId } = object;
    const head = await deps.uploads.head(key, { versionId });
    const gone = rejectedBecause({ ...object, bucket: run.upload.bucket }, head) ?? archivedBecause(head);
    if (gone !== undefined)
      return { gone: objects.length > 1 ? `of its inputs ${key} is no longer there: ${gone}` : gone };
    links.push({ object, ...(await openLink(deps, object)) });
  }
  const first = Math.min(...links.map(({ expiresAt }) => expiresAt.getTime()));
  return { inputs: inputsOf(links), linkExpiresAt: new Date(first).toISOString() };
}

/** What was restored is kept for some days only, and a run may wait longer than that. */
const archivedBecause = (head: ObjectHead | undefined): string | undefined =>
  head?.archive === undefined
    ? undefined
    : 'it is archived (again), so nobody can read it. Restore it in S3, then try the run again.';

/** A queue on the other side may hold a run for most of an hour before it reads what it was given. */
const shortestLinkSeconds = 3600;
/** Signing takes a moment, and clocks differ. */
const toleratedSeconds = 30;

async function openLink(deps: InputDeps, { key, versionId }: InputObject): Promise<{ url: string; expiresAt: Date }> {
  const link = await deps.uploads.link(key, { versionId, expiresInSeconds: deps.uploadLinkSeconds });
  const leftSeconds = (link.expiresAt.getTime() - deps.clock()) / 1000;
  // A stage that asks for shorter links knows what it does.
  const neededSeconds = Math.min(shortestLinkSeconds, deps.uploadLinkSeconds) - toleratedSeconds;
  if (leftSeconds < neededSeconds)
    throw new Error(
      `The link to ${key} would end in ${Math.floor(leftSeconds / 60)} minutes, so it is not handed out; it is signed again soon. Check that the role that signs links may be assumed for an hour.`,
    );
  return link;
}

function inputsOf(links: readonly { object: InputObject; url: string }[]): RunInputs {
  if (links.every(({ object }) => object.nodeId === undefined)) return { videoUrls: links.map(({ url }) => url) };
  const byNode = new Map<string, string[]>();
  for (const { object, url } of links) {
    // The API takes inputs by node or without nodes, never both; a manifest that mixes them was refused before.
    const urls = byNode.get(object.nodeId ?? '') ?? [];
    byNode.set(object.nodeId ?? '', [...urls, url]);
  }
  return { videoInputs: [...byNode].map(([agentNodeId, videoUrls]): VideoInput => ({ agentNodeId, videoUrls })) };
}
