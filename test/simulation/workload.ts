import { rulesFor } from '../../shared/runs/rules/match-rules.ts';
import { parseRules } from '../../shared/runs/rules/parse-rules.ts';
import type { Rule, RuleSet } from '../../shared/runs/rules/rule.ts';
import type { Faults } from './faults.ts';
import type { Random } from './random.ts';

/** What people do in one seed: the rules they set, the files they drop and when. */
export interface Workload {
  readonly rules: RuleSet;
  readonly slots: number;
  /** What the API really allows at once. */
  readonly apiLimit: number;
  readonly apiHonoursKey: boolean;
  readonly drops: readonly Drop[];
  /** When faults stop. */
  readonly faultsForMs: number;
  readonly reconcileMs: number;
  readonly rulesChange: boolean;
  takers(key: string): readonly Rule[];
}

export interface Drop {
  readonly atMs: number;
  readonly key: string;
  readonly bytes: Uint8Array;
}

const minute = 60_000;
const folders = ['a/', 'b/', 'c/'];
const names = ['talk.mov', 'a b+c%41.mp4', 'Grüße/世界 🎬.mp4', 'ＡＢ.MOV', "it's (1)!*.mp4", 'x'.repeat(80)];

export function workloadOf(random: Random, faults: Faults): Workload {
  const rules = parseRules({ match: random.pick(['first', 'all']), rules: rulesOf(random) });
  const drops = Array.from({ length: random.between(1, 6) }, () => dropOf(random, faults));
  // A name that comes again is another version of the same object.
  const again = drops.filter(() => faults.happens('upload-replaced'));
  const slots = random.between(1, 3);
  return {
    rules,
    slots,
    apiLimit: random.pick([slots + 3, slots, random.between(1, slots)]),
    apiHonoursKey: random.chance(0.3),
    drops: [...drops, ...again.map(({ key }) => ({ ...dropOf(random, faults), key }))],
    faultsForMs: random.between(30, 240) * minute,
    reconcileMs: random.pick([2, 5, 5, 15]) * minute,
    rulesChange: false,
    takers: (key) => rulesFor(rules, key),
  };
}

function rulesOf(random: Random): object[] {
  const agents = ['agent-1', 'agent-2'];
  return folders.slice(0, random.between(1, 3)).map((prefix) => ({
    prefix,
    agentId: random.pick(agents),
    priority: random.pick([0, 5, 5, 9]),
  }));
}

function dropOf(random: Random, faults: Faults): Drop {
  const isOther = faults.happens('upload-not-for-us');
  const folder = isOther ? 'elsewhere/' : random.pick(folders);
  const name = `${random.text(3)}-${random.pick(names)}`;
  const isVideo = !faults.happens('upload-not-a-video');
  return {
    atMs: random.chance(0.3) ? 0 : random.below(30 * minute),
    key: `${folder}${isVideo ? name : random.pick(['.DS_Store', '._x.mov', 'empty.mp4', 'page.mp4'])}`,
    bytes: isVideo ? videoBytes(random) : random.pick([new Uint8Array(), Buffer.from('<html>not a video</html>')]),
  };
}

function videoBytes(random: Random): Uint8Array {
  const bytes = Buffer.alloc(400, random.below(256));
  bytes.write('\0\0\0\x14ftypisom\0\0\0\0isom', 'latin1');
  return bytes;
}
