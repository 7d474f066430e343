import type { Item, Table } from '../../platform/ports.ts';
import { type Notice, noticeOf } from '../run/notice.ts';
import { type EndedOutput, endedOutputs } from '../run/output-items.ts';
import type { Run } from '../run/run.ts';
import { moveKey } from '../run/run-items.ts';
import type { RunEventTold } from './event.ts';

interface BuildDeps {
  readonly runs: Table;
  /** Where outputs are delivered to. */
  readonly deliveries: { readonly name: string };
}

/** The event for one move of a run, the same each time. Undefined for a move without an event. */
export async function buildEvent(deps: BuildDeps, run: Run, revision: number): Promise<RunEventTold | undefined> {
  const move = await deps.runs.get(moveKey(run.id, revision));
  const told = move === undefined ? bornEnded(run, revision) : toldBy(move);
  if (told === undefined) return undefined;
  const { type, ...facts } = told.notice;
  const delivered = facts.status === 'delivered' ? await deliveredFacts(deps, run) : undefined;
  const { leftOut, ...known } = fitting({ ...commonFacts(run, revision), ...facts, ...delivered });
  const data = { ...known, ...(leftOut.length > 0 && { leftOut }) };
  // Through JSON, so that what is undefined is not there, at any depth.
  return JSON.parse(JSON.stringify({ type, timestamp: told.at, data })) as RunEventTold;
}

interface Told {
  readonly at: string;
  readonly notice: Notice;
}

const toldBy = ({ at, notice }: Item): Told | undefined =>
  notice === undefined ? undefined : { at: String(at), notice: notice as Notice };

/** A run may be refused as it comes into the world; it makes no move then. */
function bornEnded(run: Run, revision: number): Told | undefined {
  const notice = revision === 1 ? noticeOf(undefined, run) : undefined;
  return notice && { at: run.createdAt, notice };
}

type Facts = { readonly [field: string]: unknown };

function commonFacts(run: Run, revision: number): Facts {
  const { upload, input, rule, lineage } = run;
  const { bucket, key, versionId, etag, size } = upload;
  return {
    ...{ version: 1, id: `${run.id}-${revision}`, revision, runId: run.id, rule: rule.id, agentId: rule.agentId },
    ...{ attempt: run.attempt, previousRunId: run.previousRunId, createdAt: run.createdAt },
    input: { bucket, key, versionId, etag, size },
    inputs: input?.kind === 'objects' ? input.objects.map(objectFacts) : undefined,
    ofRunId: input?.kind === 'renders' ? input.ofRunId : undefined,
    lineage: lineage && { hops: lineage.hops, rootRunId: lineage.rootRunId, parentRunId: lineage.parentRunId },
    data: run.variables?.data ?? rule.data,
  };
}

const objectFacts = ({ key, versionId, etag, size }: Omit<Run['upload'], 'bucket'>) => ({ key, versionId, etag, size });

async function deliveredFacts({ runs, deliveries }: BuildDeps, run: Run): Promise<Facts> {
  const outputs = await endedOutputs(runs, run.id);
  return {
    deliveries: { bucket: deliveries.name },
    outputs: [...outputs].flatMap(([id, output]) => outputFacts(id, output)),
  };
}

function outputFacts(outputId: string, output: EndedOutput): Facts[] {
  if (output.status !== 'copied') return [];
  const [, of, kind] = besideVideo.exec(outputId) ?? [];
  const { key, versionId, size, contentType, checksum, comparedWithSource } = output;
  const { algorithm, value } = checksum;
  const what = kind === undefined ? { kind: 'video' } : { kind, of };
  const proof = { checksum: { algorithm, value }, comparedWithSource };
  return [{ id: outputId, ...what, key, versionId, size, contentType, ...proof }];
}

/** What was made beside a video is named for it. */
const besideVideo = /^(.+)#(thumbnail|project)$/;

/** A bus takes 256 KB; each of these has its part of that. */
export const roomBytes = { data: 32_000, inputs: 64_000, outputs: 96_000, failedOutputs: 40_000 } as const;

function fitting(facts: Facts): Facts & { readonly leftOut: readonly string[] } {
  const kept: { [field: string]: unknown } = { ...facts };
  const leftOut: string[] = [];
  for (const [field, room] of Object.entries(roomBytes)) {
    const value = facts[field];
    if (value === undefined || bytesOf(value) <= room) continue;
    leftOut.push(field);
    kept[field] = Array.isArray(value) ? firstOf(value, room) : undefined;
  }
  return { ...kept, leftOut };
}

function firstOf(values: readonly unknown[], room: number): readonly unknown[] {
  let bytes = 0;
  return values.filter((value) => {
    bytes += bytesOf(value) + 1;
    return bytes < room;
  });
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
