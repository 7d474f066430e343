import { Missing } from '../../../shared/errors.ts';
import { describeRun } from '../../../shared/runs/operate/describe-run.ts';
import { findRun, runHistory, runsOfKey } from '../../../shared/runs/operate/find-runs.ts';
import { endedOutputs } from '../../../shared/runs/run/output-items.ts';
import type { Rule } from '../../../shared/runs/run/rule.ts';
import type { Run } from '../../../shared/runs/run/run.ts';
import { colors } from '../../colors.ts';
import { plainText } from '../../local/shown-path.ts';
import { wrapped } from '../../local/wrap-text.ts';
import {
  colourOf,
  columnsHere,
  count,
  facts,
  inBytes,
  inLocalTimes,
  localTime,
  quoted,
  videoOf,
} from '../print/layout.ts';
import type { Outcome } from '../print/outcome.ts';
import { timeline } from '../print/run-history.ts';
import { readObstacles } from '../queries/blockers.ts';
import { operatorNextStep } from '../queries/operator-next-step.ts';
import type { World } from '../world/world.ts';

/** One run whole: where it is and what comes next, then what is known of it, then what happened. */
export async function showRun(world: World, idOrKey: string): Promise<Outcome> {
  const run = await findRun(world, idOrKey);
  if (run === undefined)
    throw new Missing(`There is no run ${idOrKey}, and none of a key that is called so. tessera runs lists them.`);
  const [history, outputs, obstacles, others] = await Promise.all([
    runHistory(world, run.id),
    endedOutputs(world.runs, run.id),
    readObstacles(world, run),
    othersOf(world, run, idOrKey),
  ]);
  const next = operatorNextStep(run, obstacles);
  const sentence = colourOf(run.status);
  return {
    lines: [
      ...wrapped(inLocalTimes(plainText(describeRun(run))), columnsHere() - 1).map((line) =>
        colors.bold(sentence(line)),
      ),
      ...(next === undefined ? [] : wrapped(inLocalTimes(plainText(next)), columnsHere() - 1)),
      '',
      ...facts([...factsOf(run), ...outputsOf(outputs), ['also', others]]),
      ...[
        '',
        colors.dim('What happened'),
        ...timeline(run.createdAt, history, 'reason' in run ? run.reason : undefined),
      ],
    ],
    json: {
      run: { ...run, rule: shownRule(run.rule) },
      next: next ?? null,
      outputs: Object.fromEntries(outputs),
      history,
    },
    note: next === undefined ? undefined : world.idleBecause(),
  };
}

/** A receiver's URL is often a key to it, so its host is all of it that is shown. */
function shownRule(rule: Rule): Rule {
  const { notify, next } = rule;
  return {
    ...rule,
    ...(notify && { notify: notify.map((each) => ({ ...each, url: `${new URL(each.url).origin}/…` })) }),
    ...(next && { next: next.map(shownRule) }),
  };
}

/** A key may lead to several runs: one for each rule and attempt, and those that take it as one input of many. */
async function othersOf(world: World, run: Run, asked: string): Promise<string | undefined> {
  if (asked === run.id) return undefined;
  // A run may have taken and delivered the same key, in two buckets.
  const ids = new Set((await runsOfKey(world, asked, 6)).map(({ id }) => id));
  ids.delete(run.id);
  const others = ids.size;
  if (others === 0) return undefined;
  const number = others > 4 ? 'more runs' : count(others, 'more run');
  return `${number} of this key: tessera runs --key ${quoted(asked, 'KEY')}`;
}

type Fact = readonly [name: string, value: string | undefined];

const factsOf = (run: Run): readonly Fact[] => [
  ['run', run.id],
  ['attempt', attemptOf(run)],
  ['rule', `${run.rule.id}, priority ${run.rule.priority}`],
  ['agent', run.rule.agentId],
  ['agent run', 'agentRunId' in run ? run.agentRunId : undefined],
  ['upload', `${run.upload.bucket}/${run.upload.key}`],
  ['version', run.upload.versionId],
  ['video', videoOf(run.upload.size, run.media)],
  ['inputs', inputsOf(run)],
  ['parameters', run.rule.updateParams && JSON.stringify(run.rule.updateParams)],
  ['estimate', run.estimate && `${run.estimate.amount} ${run.estimate.currency}`],
  ['delivers', 'redelivers' in run && run.redelivers ? `again what run ${run.redelivers} could not` : undefined],
  ['came from', run.lineage && `run ${run.lineage.parentRunId}, after ${count(run.lineage.hops, 'hop')}`],
  ['asked', run.cancelAsked && `to be cancelled at ${localTime(run.cancelAsked.at)}: ${run.cancelAsked.reason}`],
  ['slot', 'slot' in run ? String(run.slot) : undefined],
];

function attemptOf({ attempt, previousRunId, nextRunId }: Run): string {
  const before = previousRunId === undefined ? '' : `, after run ${previousRunId}`;
  return `${attempt}${before}${nextRunId === undefined ? '' : `, before run ${nextRunId}`}`;
}

function inputsOf({ input }: Run): string | undefined {
  if (input === undefined) return undefined;
  if (input.kind === 'renders') return `${count(input.renderIds.length, 'output')} of run ${input.ofRunId}`;
  return input.objects.map(({ key, nodeId }) => (nodeId === undefined ? key : `${key} → ${nodeId}`)).join(', ');
}

const outputsOf = (outputs: Awaited<ReturnType<typeof endedOutputs>>): readonly Fact[] =>
  [...outputs.values()].map((output) => [
    'output',
    output.status === 'copied' ? `${output.key} (${inBytes(output.size)})` : `not delivered: ${output.reason}`,
  ]);
