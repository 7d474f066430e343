import type { Bucket, Item } from '../../platform/ports.ts';
import type { RunDeps } from '../run/deps.ts';
import { newRunId } from '../run/ids.ts';
import { shardOf, uploadingPk } from '../run/run-items.ts';

/** An upload in parts that was about to begin; without `uploadId` its worker stopped before that was known. */
export interface NotedUpload {
  readonly pk: string;
  readonly sk: string;
  readonly runId: string;
  readonly outputId: string;
  readonly key: string;
  /** ISO time. */
  readonly begunAt: string;
  readonly uploadId?: string;
}

export const notedUpload = (item: Item): NotedUpload => item as unknown as NotedUpload;

/** The bucket, with a note of each upload in parts before it begins: parts that nobody knows of cost money for ever. */
export function notingUploads(
  deps: RunDeps & { readonly deliveries: Bucket },
  runId: string,
  outputId: string,
): Bucket {
  const { runs, clock, deliveries, newId = newRunId } = deps;
  return {
    ...deliveries,
    startUpload: async (key, properties) => {
      const begunAt = new Date(clock()).toISOString();
      const place = { pk: uploadingPk(shardOf(runId)), sk: `${begunAt}#${runId}#${newId()}` };
      await runs.write({ put: { ...place, type: 'uploading', runId, outputId, key, begunAt } });
      const upload = await deliveries.startUpload(key, properties);
      await runs.write({ update: place, set: { uploadId: upload.uploadId } });
      return upload;
    },
  };
}
