import { Missing, messageOf, PermanentError } from '../errors.ts';
import type { Mosaic } from '../mosaic/client.ts';
import type { openLink } from '../platform/links.ts';
import type { Write } from '../platform/ports.ts';
import { type DeliverDeps, deliverRun } from './deliver-run.ts';
import { deliveryKey } from './delivery-key.ts';
import { identityOf, propertiesOf } from './delivery-properties.ts';
import type { CopyMessage } from './messages.ts';
import { readRun } from './move-run.ts';
import { type CopiedOutput, noteOutput, type OutputState, readOutput } from './output-items.ts';
import type { Copying, ExpectedOutput } from './run.ts';
import { keyPk } from './run-items.ts';
import { abandonTransfer, KeyTaken, type RememberedTransfer, transfer } from './transfer.ts';

export interface CopyDeps extends DeliverDeps {
  readonly mosaic: Mosaic;
  /** Hosts whose links may be plain HTTP in a private network: our own engine's, on one machine. */
  readonly trustedHosts: readonly string[];
  /** How an output's link is opened; default: over the network. */
  readonly openLink?: typeof openLink;
}

/** Copies one output into the deliveries, whole or not at all; the last one delivers its run. */
export async function copyOutput(
  deps: CopyDeps,
  message: CopyMessage,
): Promise<'copied' | 'already-copied' | 'not-due'> {
  const run = await readRun(deps.runs, message.runId);
  const output = run?.status === 'copying' ? run.expected.find(({ id }) => id === message.outputId) : undefined;
  if (run?.status !== 'copying' || output === undefined) return 'not-due';
  const before = await readOutput(deps.runs, run.id, output.id);
  const alreadyEnded = before !== undefined && before.status !== 'copying';
  if (!alreadyEnded) {
    const ended = await copyOrGiveUp(deps, run, output, before);
    await noteOutput(deps.runs, run.id, output.id, ended, foundBy(deps, run, ended));
  }
  // Also when it was copied before: an earlier worker may have stopped between the copy and the end of the run.
  await deliverRun(deps, run);
  return alreadyEnded ? 'already-copied' : 'copied';
}

/** An output's key leads to its run, as an upload's does. */
function foundBy({ deliveries }: CopyDeps, { id, createdAt }: Copying, ended: OutputState): Write[] {
  if (ended.status !== 'copied') return [];
  return [{ put: { pk: keyPk(deliveries.name, ended.key), sk: `${createdAt}#${id}`, type: 'key', runId: id } }];
}

async function copyOrGiveUp(
  deps: CopyDeps,
  run: Copying,
  output: ExpectedOutput,
  before: OutputState | undefined,
): Promise<OutputState> {
  try {
    return await copy(deps, run, output, before);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    deps.log.error('output.given-up', { runId: run.id, outputId: output.id, error });
    await forgetParts(deps, run, output);
    return { status: 'failed', reason: messageOf(error) };
  }
}

/** Unfinished parts cost money until somebody says that nobody will finish them. */
async function forgetParts(deps: CopyDeps, run: Copying, output: ExpectedOutput): Promise<void> {
  const state = await readOutput(deps.runs, run.id, output.id);
  if (state?.status === 'copying') await abandonTransfer(deps.deliveries, state.transfer);
}

/** The edit is paid for: where another run's output has the name that the rule gives, this one's is marked. */
async function copy(
  deps: CopyDeps,
  run: Copying,
  output: ExpectedOutput,
  before: OutputState | undefined,
): Promise<CopiedOutput> {
  try {
    return await copyTo(deps, run, output, { remembered: before?.status === 'copying' ? before.transfer : undefined });
  } catch (error) {
    if (!(error instanceof KeyTaken) || run.rule.deliver?.key === undefined) throw error;
    deps.log.warn('output.key-taken', { runId: run.id, outputId: output.id, ...error.facts });
    return copyTo(deps, run, output, { isTaken: true });
  }
}

async function copyTo(
  deps: CopyDeps,
  run: Copying,
  output: ExpectedOutput,
  { remembered, isTaken }: { readonly remembered?: RememberedTransfer; readonly isTaken?: boolean },
): Promise<CopiedOutput> {
  const { expected } = run;
  const { key, versionId, bytes, checksum, contentType } = await transfer(
    { bucket: deps.deliveries, trustedHosts: deps.trustedHosts, openLink: deps.openLink },
    {
      // Links go stale, so none is kept: whoever copies asks for one.
      openLinkNow: () => freshLink(deps.mosaic, run, output),
      keyFor: (extension) => deliveryKey(run, output, extension, { expected, prefix: deps.deliveriesPrefix, isTaken }),
      identity: identityOf(run, output),
      propertiesFor: (extension) => propertiesOf(run, output, extension, expected),
      remembered,
      remember: (state) => noteOutput(deps.runs, run.id, output.id, { status: 'copying', transfer: state }),
    },
  );
  deps.log.info('output.copied', { runId: run.id, outputId: output.id, key, bytes });
  return { status: 'copied', key, versionId, size: bytes, checksum, contentType };
}

async function freshLink(mosaic: Mosaic, run: Copying, { id }: ExpectedOutput): Promise<string> {
  // That the whole run is not found may be the fault of our key, which can be mended; so it is tried again.
  const report = await mosaic.getAgentRun(run.agentRunId);
  const link = report.outputs.find((output) => output.id === id)?.videoUrl;
  if (link === undefined) throw new Missing(`Agent run ${run.agentRunId} no longer lists output ${id}.`);
  return link;
}
