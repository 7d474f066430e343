import { InvalidInput } from '../../errors.ts';
import type { Item, Write } from '../../platform/ports.ts';
import type { RuleSet } from '../run/rule.ts';
import { currentRulesKey, rulesVersionKey } from '../run/run-items.ts';
import { overlapFaults, type Places } from './check-places.ts';
import { parseRules } from './parse-rules.ts';
import { changesBetween } from './rule-changes.ts';
import { type RulesDeps, textOf, versionItem, versionOf } from './rules-items.ts';

interface ApplyOptions {
  /** The person who applied it, for the history. */
  readonly by?: string;
  /** The version expected to be in force; otherwise the call is refused. */
  readonly basedOn?: number;
}

interface RollbackOptions extends Pick<ApplyOptions, 'by'> {
  /** The present buckets of uploads and deliveries. */
  readonly places?: Places;
}

/** An item holds at most 400 KB. */
const maxTextBytes = 350 * 1024;
/** Puts a document in force as a new version. Idempotent for the same text. */
export async function applyRules(
  deps: RulesDeps,
  text: string,
  options: ApplyOptions = {},
): Promise<{ version: number }> {
  const rules = parseText(text);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxTextBytes)
    throw new InvalidInput(
      `The rules have ${Math.ceil(bytes / 1024)} KB, and at most ${maxTextBytes / 1024} KB can be kept. ` +
        'Let patterns with {parts} do the work of many rules that are alike.',
    );
  const current = await deps.runs.get(currentRulesKey);
  const version = versionOf(current);
  if (options.basedOn !== undefined) assertIs(current, options.basedOn);
  const before = version === 0 ? undefined : await deps.runs.get(rulesVersionKey(version));
  if (before?.text === text) return { version };
  const summary = changesBetween(readable(before?.text), rules);
  return writeVersion(deps, current, { text, summary, by: options.by });
}

/** Throws if another version is in force. */
export const assertInForce = async ({ runs }: Pick<RulesDeps, 'runs'>, version: number): Promise<void> =>
  assertIs(await runs.get(currentRulesKey), version);

function assertIs(current: Item | undefined, version: number): void {
  const inForce = versionOf(current);
  if (inForce < version)
    throw new InvalidInput(
      `There is no version ${version} of the rules yet: version ${inForce} holds. Nothing was changed.`,
    );
  if (inForce !== version) throw overtaken(current);
}

/** Puts an earlier version's text in force again, as a new version unless it already is. 0 means the deployed rules. */
export async function rollbackRules(
  deps: RulesDeps,
  version: number,
  options: RollbackOptions = {},
): Promise<{ version: number }> {
  const current = await deps.runs.get(currentRulesKey);
  const inForce = versionOf(current);
  if (version === inForce || (await textOf(deps.runs, version)) === (await textOf(deps.runs, inForce)))
    return { version: inForce };
  const summary = `back to version ${version}`;
  if (version === 0) return writeVersion(deps, current, { summary, by: options.by });
  const { text } = await versionItem(deps.runs, version);
  // Checked again, because the program may have learned new checks and the buckets may have changed.
  if (text !== undefined) assertSound(version, String(text), options.places);
  return writeVersion(deps, current, { text: text as string | undefined, summary, by: options.by });
}

/** Agents are not checked: a rollback must work while the API does not. */
function assertSound(version: number, text: string, places: Places | undefined): void {
  parseText(text);
  const faults = places === undefined ? [] : overlapFaults(JSON.parse(text), places);
  if (faults.length > 0)
    throw new InvalidInput(
      `Version ${version} cannot hold any more: ${faults.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')}.`,
    );
}

interface NewVersion {
  readonly text?: string;
  readonly summary: string;
  readonly by?: string;
}

/** Writes both items or none: of two concurrent calls, one wins and the other fails with a reason. */
async function writeVersion(
  { runs, clock }: RulesDeps,
  current: Item | undefined,
  fields: NewVersion,
): Promise<{ version: number }> {
  const version = versionOf(current) + 1;
  const at = new Date(clock()).toISOString();
  const { text, ...told } = fields;
  const put: Item = { ...currentRulesKey, type: 'rules', version, at, ...told };
  const kept: Write = { put: { ...put, ...rulesVersionKey(version), text }, if: 'absent' };
  const pointer: Write = { put, if: current === undefined ? 'absent' : { version: versionOf(current) } };
  const written = await runs.write(kept, pointer);
  if (!written.done) throw overtaken(await runs.get(currentRulesKey));
  return { version };
}

const overtaken = (current: Item | undefined): Error =>
  new Error(
    `Meanwhile version ${versionOf(current)} was applied${current?.by === undefined ? '' : ` by ${current.by}`}` +
      `${current?.at === undefined ? '' : ` at ${current.at}`} (${current?.summary ?? 'as deployed'}). ` +
      'Nothing was changed: look at the history, then apply yours again.',
  );

/** Rules in force that this program cannot read must not prevent a repair. */
function readable(text: unknown): RuleSet | undefined {
  try {
    return typeof text === 'string' ? parseText(text) : undefined;
  } catch {
    return undefined;
  }
}

function parseText(text: string): RuleSet {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new InvalidInput('The rules are not JSON.', {}, { cause });
  }
  return parseRules(document);
}
