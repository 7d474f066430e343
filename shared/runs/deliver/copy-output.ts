import { messageOf, PermanentError } from '../../errors.ts';
import { MosaicError } from '../../mosaic/errors.ts';
import type { Write } from '../../platform/ports.ts';
import { abandonTransfer } from '../../transfer/transfer.ts';
import { companionsOf } from '../run/attachments.ts';
import { askForCopies, type CopyMessage } from '../run/messages.ts';
import { readRun } from '../run/move-run.ts';
import { type EndedOutput, endedOutputs, noteOutput, type OutputState, readOutput } from '../run/output-items.ts';
import { truncateText } from '../run/redact.ts';
import type { Copying, ExpectedOutput } from '../run/run.ts';
import { keyPk } from '../run/run-items.ts';
import { adoptedOutput } from './adopt-output.ts';
import { copySlice, type HandedOver, type Slice, type SliceJob } from './copy-slice.ts';
import { deliverRun } from './deliver-run.ts';
import type { CopyDeps } from './deps.ts';

/** Copies one output into the deliveries, whole or not at all; the last one delivers its run. */
export async function copyOutput(
  deps: CopyDeps,
  message: CopyMessage,
  slice: Slice = {},
): Promise<'copied' | 'already-copied' | 'not-due' | 'handed-over'> {
  const run = await readRun(deps.runs, message.runId);
  const output = run?.status === 'copying' ? run.expected.find(({ id }) => id === message.outputId) : undefined;
  if (run?.status !== 'copying' || output === undefined) return 'not-due';
  const before = await readOutput(deps.runs, run.id, output.id);
  if (before !== undefined && before.status !== 'copying') {
    await goOn(deps, run, output);
    return 'already-copied';
  }
  if (!(await isDue(deps, run, output))) return 'not-due';
  const begunMs = before?.begunAt === undefined ? deps.clock() : Date.parse(before.begunAt);
  const adopted = before === undefined ? await adoptedOutput(deps, run, output) : undefined;
  const ended = adopted ?? (await copyOrGiveUp(deps, { run, output, before, ...slice }));
  if (ended.status === 'handed-over') return handOver(deps, message, ended);
  const isNews = await noteOutput(deps.runs, run.id, output.id, ended, foundBy(deps, run, ended));
  if (isNews && ended !== adopted) measure(deps, run, output, ended, deps.clock() - begunMs);
  await slice.extend?.();
  await goOn(deps, run, output);
  return 'copied';
}

/** An attachment is named after its video, so it waits for the video to end, which then requests it. */
async function isDue({ runs }: CopyDeps, run: Copying, { of }: ExpectedOutput): Promise<boolean> {
  const video = of === undefined ? undefined : await readOutput(runs, run.id, of);
  return of === undefined || (video !== undefined && video.status !== 'copying');
}

/** Also after an earlier copy: its worker may have stopped before this step. */
async function goOn(deps: CopyDeps, run: Copying, output: ExpectedOutput): Promise<void> {
  const companions = companionsOf(run.expected, output.id);
  if (companions.length > 0) {
    const ended = await endedOutputs(deps.runs, run.id);
    const missing = companions.filter(({ id }) => !ended.has(id));
    if (missing.length > 0)
      return askForCopies(
        deps.copyQueue,
        run.id,
        missing.map(({ id }) => id),
      );
  }
  await deliverRun(deps, run);
}

/**
 * Only while something arrives and stays: a source that gives nothing, or another file each time, comes to the dead
 * letters, where it is seen.
 */
async function handOver(
  deps: CopyDeps,
  message: CopyMessage,
  { arrivedBytes, restarts }: HandedOver,
): Promise<'handed-over'> {
  const { runId, outputId } = message;
  if (arrivedBytes === message.arrivedBytes)
    throw new Error(`Of output ${outputId}, nothing has arrived in this slice; ${arrivedBytes} bytes are there.`);
  if (restarts > mostRestarts)
    throw new Error(`Output ${outputId} was restarted ${restarts} times: its source keeps changing.`);
  await deps.copyQueue.send({ body: { runId, outputId, arrivedBytes } });
  deps.log.info('output.handed-over', { runId, outputId, arrivedBytes });
  return 'handed-over';
}

const mostRestarts = 5;

/** Lets a search by the output's key find its run, as for uploads. */
function foundBy({ deliveries }: CopyDeps, { id, createdAt }: Copying, ended: OutputState): Write[] {
  if (ended.status !== 'copied') return [];
  return [{ put: { pk: keyPk(deliveries.name, ended.key), sk: `${createdAt}#${id}`, type: 'key', runId: id } }];
}

function measure(
  { log, metrics }: CopyDeps,
  run: Copying,
  output: ExpectedOutput,
  ended: EndedOutput,
  ms: number,
): void {
  if (ended.status !== 'copied') return;
  const { key, size: bytes } = ended;
  log.info('output.copied', { runId: run.id, outputId: output.id, key, bytes });
  metrics?.bytes('BytesDelivered', bytes);
  metrics?.count('CopySeconds', ms / 1000);
}

async function copyOrGiveUp(deps: CopyDeps, job: SliceJob): Promise<EndedOutput | HandedOver> {
  const { run, output } = job;
  try {
    return await copySlice(deps, job);
  } catch (error) {
    if (!(error instanceof PermanentError) && !(await wasTriedEnough(deps, job, error))) throw error;
    deps.log.error('output.given-up', { runId: run.id, outputId: output.id, error });
    await forgetParts(deps, run, output);
    return { status: 'failed', reason: truncateText(messageOf(error), 500) };
  }
}

/** A video is retried for a week, with an alarm. An attachment must not delay it for more than minutes. */
async function wasTriedEnough({ runs }: CopyDeps, { run, output, before }: SliceJob, error: unknown): Promise<boolean> {
  if (output.kind === undefined) return false;
  const state = await readOutput(runs, run.id, output.id);
  if (state !== undefined && state.status !== 'copying') return false;
  const failures = (before?.failures ?? 0) + 1;
  await noteOutput(runs, run.id, output.id, { status: 'copying', ...state, failures });
  return failures >= (error instanceof MosaicError ? triesOfApi : triesOfFile);
}

/** As many tries as a message has before it becomes a dead letter. */
export const triesOfFile = 5;
/** A failure of the API says nothing about the file. These tries take about an hour. */
export const triesOfApi = 12;

/** Unfinished parts cost money until the upload is aborted. */
async function forgetParts(deps: CopyDeps, run: Copying, output: ExpectedOutput): Promise<void> {
  const state = await readOutput(deps.runs, run.id, output.id);
  if (state?.status === 'copying' && state.transfer !== undefined)
    await abandonTransfer(deps.deliveries, state.transfer);
}
