import { Missing } from '../../errors.ts';
import type { Mosaic } from '../../mosaic/mosaic.ts';
import { KeyTaken, type RememberedTransfer, transfer } from '../../transfer/transfer.ts';
import { type CopiedOutput, type CopyingOutput, noteArrived, noteOutput } from '../run/output-items.ts';
import type { Copying, ExpectedOutput } from '../run/run.ts';
import type { CopyDeps } from './deps.ts';
import { placeOf } from './output-location.ts';
import { identityOf, propertiesOf } from './output-properties.ts';
import { notingUploads } from './track-uploads.ts';

export interface Slice {
  /** Keeps the message from being handed to another worker for a while longer. */
  readonly extend?: () => Promise<void>;
  /** Epoch milliseconds after which no further part is begun. */
  readonly deadlineMs?: number;
  /** Epoch milliseconds at which also what is under way is stopped: the worker is ended from outside soon. */
  readonly endMs?: number;
}

export interface HandedOver {
  readonly status: 'handed-over';
  readonly arrivedBytes: number;
  /** How many slices restarted the copy so far. */
  readonly restarts: number;
}

export interface SliceJob extends Slice {
  readonly run: Copying;
  readonly output: ExpectedOutput;
  readonly before?: CopyingOutput;
}

/**
 * Copies an output as far as a slice's time goes. The edit is paid for: where another run's output has its name, this
 * one's is marked, unless the rule wants it otherwise.
 */
export async function copySlice(deps: CopyDeps, job: SliceJob): Promise<CopiedOutput | HandedOver> {
  const { run, output } = job;
  try {
    return await copyTo(deps, job, { remembered: job.before?.transfer });
  } catch (error) {
    const { ifExists = 'rename' } = run.rule.deliver ?? {};
    if (!(error instanceof KeyTaken) || ifExists !== 'rename') throw error;
    deps.log.warn('output.key-taken', { runId: run.id, outputId: output.id, ...error.facts });
    return copyTo(deps, job, { isTaken: true });
  }
}

async function copyTo(
  deps: CopyDeps,
  { run, output, before, extend, deadlineMs, endMs }: SliceJob,
  { remembered, isTaken = false }: { readonly remembered?: RememberedTransfer; readonly isTaken?: boolean },
): Promise<CopiedOutput | HandedOver> {
  const { clock, runs } = deps;
  const { storageClass, ifExists } = run.rule.deliver ?? {};
  const keyFor = await placeOf(deps, run, output, isTaken);
  const at = () => new Date(clock()).toISOString();
  const begunAt = before?.begunAt ?? at();
  let restarts = before?.restarts ?? 0;
  const result = await transfer(
    { ...deps, bucket: notingUploads(deps, run.id, output.id) },
    {
      // Links expire, so none is stored: each copy asks for a new one.
      openLinkNow: () => freshLink(deps.mosaic, run, output),
      keyFor,
      identity: identityOf(run, output),
      propertiesFor: (extension) => propertiesOf(run, output, extension, run.expected),
      kind: output.kind,
      storageClass,
      // A name that the rule did not choose is never meant to replace anything.
      overwrite: ifExists === 'replace' && run.rule.deliver?.key !== undefined,
      deadlineMs,
      endMs,
      remembered,
      remember: async (state) => {
        const { arrivedBytes, failures, transfer: former, restarts: formerly = 0 } = { ...before };
        if (former !== undefined && former.uploadId !== state.uploadId) restarts = formerly + 1;
        const counted = { arrivedBytes, failures, ...(restarts > 0 && { restarts }) };
        const copying = { status: 'copying', transfer: state, begunAt, at: at(), ...counted } as const;
        // A worker that was silent for long must not restart the copy: publishing late could replace a newer object.
        if (!(await noteOutput(runs, run.id, output.id, copying)))
          throw new Error(`Output ${output.id} was ended by another worker meanwhile.`);
      },
      heartbeat: async ({ bytes }) => {
        await noteArrived(runs, run.id, output.id, { arrivedBytes: bytes, at: at() });
        await extend?.();
      },
    },
  );
  if (result.outcome === 'handed-over') {
    await noteArrived(runs, run.id, output.id, { arrivedBytes: result.bytes, at: at() });
    return { status: 'handed-over', arrivedBytes: result.bytes, restarts };
  }
  const { key, versionId, bytes: size, checksum, comparedWithSource, contentType, extension } = result;
  return { status: 'copied', key, versionId, size, checksum, comparedWithSource, contentType, extension, storageClass };
}

async function freshLink(mosaic: Mosaic, run: Copying, output: ExpectedOutput): Promise<string> {
  // That the whole run is not found may be the fault of our key, which can be mended; so it is tried again.
  const { outputs } = await mosaic.getAgentRun(run.agentRunId);
  const { videoUrl, thumbnailUrl, projectUrl } = outputs.find(({ id }) => id === (output.of ?? output.id)) ?? {};
  const link = { video: videoUrl, thumbnail: thumbnailUrl, project: projectUrl }[output.kind ?? 'video'];
  if (link === undefined)
    throw new Missing(
      `Agent run ${run.agentRunId} no longer offers it: it was removed there, or its time there is over. Only another attempt makes it again.`,
    );
  return link;
}
