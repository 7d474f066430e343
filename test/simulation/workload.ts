import { rulesFor } from '../../shared/runs/rules/match-rules.ts';
import { parseRules } from '../../shared/runs/rules/parse-rules.ts';
import { isSidecarKey, sidecarOf } from '../../shared/runs/run/control-files.ts';
import type { Rule, RuleSet } from '../../shared/runs/run/rule.ts';
import type { Faults } from './faults.ts';
import type { Random } from './random.ts';

/** What people set up and do in one seed: their rules, the files they drop and when. */
export interface Workload {
  readonly rules: RuleSet;
  readonly document: object;
  readonly slots: number;
  /** What the API really allows at once. */
  readonly apiLimit: number;
  readonly apiHonoursKey: boolean;
  readonly drops: readonly Drop[];
  /** When faults stop. */
  readonly faultsForMs: number;
  readonly reconcileMs: number;
  /** How much people meddle: cancel, pause, try again, change rules. */
  readonly commands: number;
  readonly rulesChange: boolean;
  /** How long records stay after the end of a run; undefined for good. */
  readonly retentionDays?: number;
  takers(key: string): readonly Rule[];
}

export interface Drop {
  readonly atMs: number;
  readonly key: string;
  readonly bytes: Uint8Array | string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly archived?: boolean;
}

const minute = 60_000;
const folders = ['a/', 'b/', 'c/'];
// Results are named after their input, so these want names that meet.
const meeting = ['talk.mp4', 'talk-2.mp4', 'talk-clip-1.mp4'];
const names = [
  'talk.mov',
  ...meeting,
  'a b+c%41.mp4',
  'Grüße/世界 🎬.mp4',
  'ＡＢ.MOV',
  "it's (1)!*.mp4",
  'x'.repeat(80),
];
const agents = ['agent-1', 'agent-2'];

export function workloadOf(random: Random, faults: Faults): Workload {
  const document = documentOf(random);
  const rules = parseRules(document);
  const slots = random.between(1, 3);
  return {
    ...{ rules, document, slots },
    apiLimit: random.pick([slots + 3, slots, random.between(1, slots)]),
    apiHonoursKey: random.chance(0.3),
    drops: dropsOf(random, faults, rules),
    faultsForMs: random.between(30, 180) * minute,
    reconcileMs: random.pick([2, 5, 15, 15]) * minute,
    commands: random.pick([0, 0, 1, 2, 5]),
    rulesChange: random.chance(0.1),
    retentionDays: random.chance(0.4) ? random.pick([1, 7]) : undefined,
    takers: (key) => (isSidecarKey(key) ? [] : rulesFor(rules, key)),
  };
}

/** Half of the worlds are plain; the others have something of everything that rules can say. */
function documentOf(random: Random): object {
  const isPlain = random.chance(0.4);
  const some = (field: object, probability = 0.2) => (!isPlain && random.chance(probability) ? field : {});
  const rules = folders.slice(0, random.between(1, 3)).map((prefix, at) => ({
    ...{ id: `rule-${at}`, prefix, priority: random.pick([0, 5, 5, 9]) },
    ...(!isPlain && random.chance(0.2) ? { agentIds: agents } : { agentId: random.pick(agents) }),
    ...some({ slots: random.between(1, 2) }),
    ...some({ maxRunsPerHour: random.between(1, 3) }),
    ...some(
      { retry: { attempts: random.between(2, 3), on: ['agent-failed', 'refused', 'deadline', 'delivery'] } },
      0.4,
    ),
    ...some({ versions: 'newest' }),
    ...some({ sidecar: random.pick(['required', 'ignored']), gatherMinutes: 30 }),
    ...some({ start: groupOf(random), gatherMinutes: random.between(5, 120) }),
    ...some({ deadlineMinutes: random.between(30, 300) }),
    ...some({ rate: { perRun: random.pick([1, 2]) } }, 0.4),
    ...some({ restore: { days: 1, tier: 'Standard' } }, 0.4),
    ...some({ data: { customer: 'a customer' } }),
    ...some({ updateParams: { 'node-1': { title: '{stem}', by: '{metadata.by}' } } }, 0.1),
    ...some({ deliver: deliveryOf(random) }, 0.4),
    ...some({ notify: receiversOf(random) }, 0.5),
  }));
  const [first] = rules;
  const chained = { id: 'after-0', after: first?.id, agentId: random.pick(agents), priority: random.pick([0, 9]) };
  const isSingle = first !== undefined && 'agentId' in first;
  return {
    match: random.pick(['first', 'all']),
    ...some({ maxRunsPerHour: random.between(1, 4) }, 0.25),
    ...some({ budget: { perDay: random.between(2, 8), currency: 'EUR' } }),
    rules: [...rules, ...(isSingle && !isPlain && random.chance(0.3) ? [chained] : [])],
  };
}

const deliveryOf = (random: Random): object => ({
  key: random.pick(['out/{run}/{output}.{extension}', 'out/{stem}.{extension}', 'out/{stem}-{index}.{extension}']),
  ...(random.chance(0.5) && { ifExists: random.pick(['rename', 'replace', 'fail']) }),
  ...(random.chance(0.3) && { storageClass: 'STANDARD_IA' }),
  ...(random.chance(0.3) && { beside: random.pick([['thumbnail'], ['project', 'thumbnail']]) }),
});

const receiversOf = (random: Random): object[] =>
  Array.from({ length: random.between(1, 2) }, (_, at) => ({
    url: `https://receiver-${at}.example/hook`,
    ...(random.chance(0.3) && { events: ['Run Delivered', 'Run Failed'] }),
  }));

const groupOf = (random: Random): object => ({
  groupBy: '{folder}',
  ...(random.chance(0.5)
    ? { count: random.between(2, 3) }
    : {
        members: [
          { suffix: '.mov', nodeId: 'node-1' },
          { suffix: '.mp4', nodeId: 'node-2' },
        ],
      }),
  incomplete: random.pick(['reject', 'start']),
});

function dropsOf(random: Random, faults: Faults, { rules }: RuleSet): readonly Drop[] {
  const drops = Array.from({ length: random.between(1, 6) }, () => dropOf(random, faults));
  // A name that comes again is another version of the same object.
  const again = drops
    .filter(() => faults.happens('upload-replaced'))
    .map(({ key }): Drop => ({ ...dropOf(random, faults), key }));
  const wantsSidecars = rules.some(({ sidecar }) => sidecar === 'required') || random.chance(0.1);
  const sidecars = wantsSidecars
    ? drops.filter(() => random.chance(0.7)).map(({ key }) => sidecarFor(random, key))
    : [];
  const manifests = random.chance(0.1) ? [manifestOf(random, drops)] : [];
  return [...drops, ...again, ...sidecars, ...manifests];
}

const anyTime = (random: Random): number => (random.chance(0.3) ? 0 : random.below(30 * minute));

function dropOf(random: Random, faults: Faults): Drop {
  const isOther = faults.happens('upload-not-for-us');
  const folder = isOther ? 'elsewhere/' : random.pick(folders);
  const name = `${random.text(3)}-${random.pick(names)}`;
  const isVideo = !faults.happens('upload-not-a-video');
  return {
    atMs: anyTime(random),
    key: `${folder}${isVideo ? name : random.pick(['.DS_Store', '._x.mov', 'empty.mp4', 'page.mp4'])}`,
    bytes: isVideo ? videoBytes(random) : random.pick(['', '<html>not a video</html>']),
    archived: isVideo && faults.happens('upload-archived'),
    ...(random.chance(0.1) && { metadata: { 'tessera-priority': String(random.between(0, 9)) } }),
  };
}

const sidecarFor = (random: Random, key: string): Drop => ({
  atMs: anyTime(random) * 2,
  key: sidecarOf(key),
  bytes: random.pick(['{"priority":9}', '{"data":{"title":"One"}}', '{"skip":true}', 'not JSON', '{}']),
});

const manifestOf = (random: Random, drops: readonly Drop[]): Drop => ({
  atMs: anyTime(random) * 2,
  key: `${random.pick(folders)}${random.text(4)}.run.json`,
  bytes: JSON.stringify({ inputs: drops.slice(0, random.between(1, 2)).map(({ key }) => `/${key}`) }),
});

function videoBytes(random: Random): Uint8Array {
  const bytes = Buffer.alloc(400, random.below(256));
  bytes.write('\0\0\0\x14ftypisom\0\0\0\0isom', 'latin1');
  return bytes;
}
