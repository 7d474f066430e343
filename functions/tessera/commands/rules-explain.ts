import { type ExplainedRule, type Explanation, explainKey, type Would } from '../../../shared/runs/operate/explain.ts';
import { nextStatuses } from '../../../shared/runs/run/run.ts';
import { colors } from '../../colors.ts';
import { plainText } from '../../local/shown-path.ts';
import { wrapped } from '../../local/wrap-text.ts';
import { columnsHere, facts, inBytes, inLocalTimes, videoOf } from '../print/layout.ts';
import type { Outcome } from '../print/outcome.ts';
import type { World } from '../world/world.ts';

/** `rules explain`: what would happen to an upload of this key and why, rule by rule; nothing is done. */
export async function explainUpload(world: World, key: string): Promise<Outcome> {
  const { deliveriesPrefix } = world.places;
  const explanation = await explainKey({ ...world, deliveriesPrefix }, key);
  const { rules, heldBack } = explanation;
  const holds = heldBack.map((reason) => colors.yellow(inLocalTimes(`Held back: ${plainText(reason)}`)));
  return {
    lines: [
      ...headOf(explanation),
      ...(refusedAlike(rules) ?? rules).flatMap((rule, index) => [
        ...(rule.takes || rules[index - 1]?.takes !== false ? [''] : []),
        ...ruleLines(rule),
      ]),
      ...holds.flatMap(apart),
    ],
    json: explanation,
  };
}

/** Where all rules say no for the same reason, it is said once. */
function refusedAlike(rules: readonly ExplainedRule[]): readonly ExplainedRule[] | undefined {
  const [first, ...others] = rules;
  const isAlike = ({ takes, because }: ExplainedRule) => !takes && because === first?.because;
  return first !== undefined && others.length > 0 && rules.every(isAlike)
    ? [{ ...first, ruleId: 'all rules' }]
    : undefined;
}

const apart = (line: string): string[] => ['', line];

function headOf({ bucket, key, object, denied, rulesVersion, rules }: Explanation): string[] {
  const takers = rules.filter(({ takes }) => takes).length;
  const number = takers === 0 ? 'no rule takes it' : `taken by ${takers === 1 ? 'one rule' : `${takers} rules`}`;
  const size = object === undefined ? undefined : inBytes(object.size);
  const where = denied ?? (size === undefined ? `not in ${bucket} now` : `${size} in ${bucket}`);
  const archived = object?.storageClass === undefined ? '' : `, ${object.storageClass}`;
  return [
    `${colors.bold(plainText(key))}: ${number}`,
    colors.dim(plainText(`${where}${archived}; rules version ${rulesVersion}`)),
  ];
}

function ruleLines({ ruleId, agentId, takes, because, claimed, would, heldBack }: ExplainedRule): string[] {
  const name = plainText(ruleId);
  if (!takes) return wrapped(`✗ ${name}: ${plainText(because)}`, columnsHere() - 1).map((line) => colors.dim(line));
  return [
    `${colors.green('✓')} ${colors.bold(name)}: ${plainText(because)}`,
    ...facts([
      ['agent', agentId],
      ['run', claimed && runWords(claimed)],
      ...(would === undefined ? [] : factsOf(would)),
      ...heldBack.map((reason) => ['held back', reason] as const),
    ]),
  ];
}

const runWords = ({ runId, status }: NonNullable<ExplainedRule['claimed']>): string =>
  status === 'forgotten' || nextStatuses[status].length === 0
    ? `${runId} is ${status}: nothing more would happen`
    : `${runId} is ${status}`;

const factsOf = (would: Would): (readonly [string, string | undefined])[] => [
  ['would be', `${verbs[would.status] ?? would.status}${would.reason === undefined ? '' : `: ${would.reason}`}`],
  ['video', videoOf(undefined, would.media)],
  ['priority', String(would.priority)],
  ['parameters', would.updateParams && JSON.stringify(would.updateParams)],
  ['estimate', would.estimate && `${would.estimate.amount} ${would.estimate.currency}`],
  ['delivers to', would.deliversTo],
  ['goes on to', would.feeds.length > 0 ? would.feeds.join(', ') : undefined],
];

/** What a state means for an upload that is not there yet. */
const verbs: Partial<Record<Would['status'], string>> = {
  unknown: 'judged once it is there',
  waiting: 'edited as soon as a slot is free',
};
