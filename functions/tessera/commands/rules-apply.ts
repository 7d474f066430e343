import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { InvalidInput } from '../../../shared/errors.ts';
import { applyRules, assertInForce } from '../../../shared/runs/rules/apply-rules.ts';
import { checkRules, type Fault } from '../../../shared/runs/rules/check-rules.ts';
import { warnAboutRules } from '../../../shared/runs/rules/warn-about-rules.ts';
import { plainText, shownPath } from '../../local/shown-path.ts';
import { count } from '../print/layout.ts';
import type { Outcome } from '../print/outcome.ts';
import type { World } from '../world/world.ts';

/** `rules check`: every fault, each with its place as editors and terminals understand it. */
export async function checkRulesFile(world: World, path: string): Promise<Outcome> {
  const { faults, warnings } = await check(world, path);
  if (faults.length > 0) return refused(path, faults);
  return { lines: [`${shownPath(path)} can be applied.`], json: { faults: [], warnings }, note: noted(path, warnings) };
}

/** `rules apply`: checked first, so that what holds is never worse than a refusal. */
export async function applyRulesFile(
  world: World,
  path: string,
  { dryRun = false, basedOn }: { readonly dryRun?: boolean; readonly basedOn?: number },
): Promise<Outcome> {
  if (basedOn !== undefined) await assertInForce(world, basedOn);
  const before = basedOn ?? (await world.rules()).version;
  const { text, faults, warnings } = await check(world, path);
  if (faults.length > 0) return refused(path, faults);
  const note = noted(path, warnings);
  if (dryRun)
    return {
      lines: [`${shownPath(path)} can be applied; nothing was changed.`],
      json: { dryRun: true, faults: [], warnings, version: before },
      note,
    };
  const { version } = await applyRules(world, text, { by: whoIAm(), basedOn: before });
  const json = { version, changed: version !== before, warnings };
  if (version === before) return { lines: [`These rules hold already, as version ${version}.`], json, note };
  return {
    lines: [
      `Version ${version} holds now${world.isStage ? ', within 5 seconds everywhere' : ''}. For what lies there already: tessera backfill PREFIX.`,
    ],
    json,
    note,
  };
}

export const whoIAm = (): string | undefined => {
  try {
    return userInfo().username;
  } catch {
    // A user without a name on this machine: the history can do without.
    return undefined;
  }
};

async function check(world: World, path: string) {
  const read = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InvalidInput(`${shownPath(path)} cannot be read: ${reasons[error.code ?? ''] ?? error.message}.`);
  });
  // Some editors begin a file with a mark that is no JSON.
  const text = read.replace(/^\uFEFF/, '');
  const faults = await checkRules(text, { places: world.places, mosaic: await world.mosaic() });
  return { text, faults, warnings: warnAboutRules(text) };
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
};

function refused(path: string, faults: readonly Fault[]): Outcome {
  const lines = faults.map((fault) => placed(path, fault));
  return {
    lines: [],
    json: { faults },
    faults: [...lines, `${count(faults.length, 'fault')}; nothing was changed.`],
  };
}

const noted = (path: string, warnings: readonly Fault[]): string | undefined =>
  warnings.length === 0 ? undefined : warnings.map((warning) => `${placed(path, warning)} (a warning)`).join('\n');

/** As editors and terminals understand a place. */
const placed = (path: string, { line, column, message }: Fault): string =>
  `${shownPath(path)}:${line}:${column}  ${plainText(message)}`;
