import { Missing } from '../../../shared/errors.ts';
import { readHold } from '../../../shared/runs/capacity/account-hold.ts';
import { readPauses } from '../../../shared/runs/capacity/pause.ts';
import type { Rule } from '../../../shared/runs/run/rule.ts';
import { openPk, shards } from '../../../shared/runs/run/run-items.ts';
import { currentNames, namesSentences } from '../commands/names.ts';
import { count } from '../print/layout.ts';
import type { World } from '../world/world.ts';
import { bad, type Check, type Finding, good, note } from './finding.ts';

/** What can be seen of a pipeline in its own records, in either world. */
export const pipelineChecks = (world: World): readonly Check[] => [
  { name: 'rules', look: () => rules(world) },
  { name: 'names', look: async () => good('names', `results are ${namesSentences[await currentNames(world)]}`) },
  { name: 'queues', look: () => queues(world) },
  { name: 'overdue runs', look: () => overdue(world) },
  { name: 'held back', look: () => heldBack(world) },
];

/** A command, to be copied. */
const typed = ({ isStage, name }: World, words: string): string => `tessera ${words}${isStage ? ` --${name}` : ''}`;

/** A rule whose agent is gone fails all that it takes, and only then. */
async function rules(world: World): Promise<readonly Finding[]> {
  const { version, rules: inForce } = await world.rules();
  if (inForce.length === 0)
    return [
      bad('rules', `version ${version} has none, so every upload is ignored`, typed(world, 'rules apply rules.json')),
    ];
  // A rule with several agents is one in the document.
  const number = count(new Set(inForce.map(({ id, of }) => of ?? id)).size, 'rule');
  const mosaic = await world.mosaic();
  const agents = new Map(allRules(inForce).map((rule) => [rule.agentId, rule.of ?? rule.id]));
  const looks = [...agents].slice(0, mostAgents).map(async ([agentId, ruleId]) => {
    try {
      await mosaic.getAgent(agentId);
      return [];
    } catch (error) {
      if (!isNotFound(error))
        return [
          note('rules', `version ${version}, ${number}; whether their agents are there, the API does not say just now`),
        ];
      return [
        bad(
          'rules',
          `the rule ${ruleId} names the agent ${agentId}, which is not there`,
          `fix it and apply it: ${typed(world, 'rules apply FILE')}`,
        ),
      ];
    }
  });
  const found = (await Promise.all(looks)).flat();
  const missing = found.filter(({ state }) => state === 'bad');
  if (found.length > 0) return missing.length > 0 ? missing : found.slice(0, 1);
  return [good('rules', `version ${version}, ${number}; the agents that they name are there`)];
}

const mostAgents = 50;
const isNotFound = (error: unknown): boolean =>
  error instanceof Missing || (error as { kind?: unknown }).kind === 'not-found';

/** Those that take another's outputs are found in that one. */
const allRules = (found: readonly Rule[]): readonly Rule[] =>
  found.flatMap((rule) => [rule, ...allRules(rule.next ?? [])]);

async function queues(world: World): Promise<readonly Finding[]> {
  const counted = await Promise.all(
    world.hops().map(async ({ name, queue, deadLetters }) => ({
      name,
      waiting: await queue.count(),
      dead: await deadLetters.count(),
    })),
  );
  const waiting = counted.filter((each) => each.waiting > 0).map((each) => `${each.waiting} in ${each.name}`);
  const dead = counted.filter((each) => each.dead > 0);
  const lines = [
    good('queues', waiting.length === 0 ? 'nothing is waiting in them' : `messages wait: ${waiting.join(', ')}`),
  ];
  if (dead.length === 0) return [...lines, good('dead letters', 'none')];
  const total = dead.map((each) => `${each.dead} in ${each.name}`).join(', ');
  return [
    ...lines,
    bad(
      'dead letters',
      `what was tried too often: ${total}`,
      `see what it is: ${typed(world, 'redrive --dry-run')}; fix the cause; then: ${typed(world, 'redrive')}`,
    ),
  ];
}

/** Reconcile looks at what is due every few minutes; what has waited for longer is not looked at. */
const overdueMs = 20 * 60_000;

async function overdue(world: World): Promise<Finding> {
  const to = new Date(world.clock() - overdueMs).toISOString();
  const pages = await Promise.all(
    shards.map((shard) => world.runs.query({ pk: openPk(shard), index: true, to, limit: 100 })),
  );
  const late = pages.flatMap(({ items }) => items);
  if (late.length === 0) return good('overdue runs', 'none');
  const idle = world.idleBecause();
  const [first] = late;
  const says = `${late.length}${pages.some(({ next }) => next) ? ' or more' : ''} should have been looked at for 20 minutes or longer`;
  if (idle !== undefined) return note('overdue runs', says, idle);
  return bad(
    'overdue runs',
    says,
    `Is reconcile failing? Its log says. One of them: ${typed(world, `show ${first?.id}`)}`,
  );
}

async function heldBack(world: World): Promise<readonly Finding[]> {
  const [pauses, hold] = await Promise.all([readPauses(world), readHold(world)]);
  const findings: Finding[] = [];
  if (pauses.all !== undefined)
    findings.push(
      note(
        'paused',
        `nothing is started since ${pauses.all.at} (${pauses.all.reason})`,
        `to go on: ${typed(world, 'resume')}`,
      ),
    );
  for (const [id, { at, reason }] of pauses.rules)
    findings.push(
      note('paused', `the rule ${id}, since ${at} (${reason})`, `to go on: ${typed(world, `resume --rule ${id}`)}`),
    );
  if (hold !== undefined)
    findings.push(
      bad(
        'account',
        `starts are refused until ${hold.until}: ${hold.message}`,
        `fix that; to try at once: ${typed(world, 'resume')}`,
      ),
    );
  return findings;
}
