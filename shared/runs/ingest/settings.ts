import { InvalidInput } from '../../errors.ts';
import type { Json } from '../../platform/ports.ts';
import { assertDeliverable } from '../rules/assert-deliverable.ts';
import { fillParams, keyVariables } from '../rules/template.ts';
import { mayBeKey, sidecarOf } from '../run/control-files.ts';
import type { Rule, UpdateParams } from '../run/rule.ts';
import type { Delivering } from '../run/rule-schemas.ts';
import type { Upload } from '../run/run.ts';
import type { IngestDeps } from './deps.ts';
import { keepWaiting } from './keep-waiting.ts';
import { metadataSettings } from './metadata-settings.ts';
import { readSidecar } from './read-sidecar.ts';
import type { Settings } from './settings-schema.ts';
import { ignored, type Unadmitted, type Verdict } from './verdict.ts';

export interface Resolved {
  /** With everything that was asked for this object; its parameters are filled in. */
  readonly rule: Rule;
  readonly variables: { readonly [name: string]: Json };
}

type Metadata = Readonly<Record<string, string>>;

/** What is asked for this object: by its sidecar, else by its metadata, else by the rule. */
export async function settingsOf(
  deps: IngestDeps,
  run: Unadmitted,
  upload: Upload,
  metadata: Metadata,
): Promise<Resolved | Verdict | 'stays'> {
  const byMetadata = metadataSettings(metadata);
  if (byMetadata.skip === true) return ignored('its metadata tessera-skip says so.');
  const awaits = sidecarOf(upload.key);
  const mayBe = run.rule.sidecar !== 'ignored' && mayBeKey(awaits);
  const found = mayBe ? await readSidecar(deps.uploads, awaits) : undefined;
  if (!mayBe && run.rule.sidecar === 'required')
    throw new InvalidInput(
      `its sidecar, which rule "${run.rule.id}" requires, would have a longer key than S3 takes. Give the video a shorter one.`,
    );
  const sidecar = found === 'empty' ? undefined : found;
  if (sidecar === undefined && run.rule.sidecar === 'required')
    return keepWaiting(deps, run, {
      awaits,
      ...(run.status === 'gathering' ? { group: run.group } : {}),
      members: run.status === 'gathering' ? run.members : [objectOf(upload)],
      upload,
      missing: `its sidecar ${awaits}, which rule "${run.rule.id}" requires, ${found === 'empty' ? 'stayed empty (0 bytes)' : 'did not come'}.`,
    });
  if (found === 'empty')
    throw new InvalidInput(`its sidecar ${awaits} is empty (0 bytes). Put its text there, then retry the run.`);
  if (sidecar?.skip === true) return ignored(`its sidecar ${awaits} says so ("skip").`);
  return resolved(run, upload, metadata, [byMetadata, sidecar ?? {}], sidecar);
}

/** `asked`: the later ones go first. */
export function resolved(
  { rule, createdAt }: Pick<Unadmitted, 'rule' | 'createdAt'>,
  upload: Upload,
  metadata: Metadata,
  asked: readonly Settings[],
  sidecar?: Settings,
): Resolved {
  const data = Object.assign({}, rule.data, ...asked.map((settings) => settings.data)) as Rule['data'] & object;
  const variables = { metadata, sidecar: sidecar?.data ?? {}, data };
  // Only what the rule's author wrote is a template; an uploader's texts stand as they are.
  const known = { ...keyVariables(rule, upload, createdAt), ...variables };
  const own = fillParams(rule.updateParams ?? {}, known);
  const updateParams = asked.reduce((params, settings) => merged(params, settings.updateParams), own);
  const priority = asked.reduce((before, settings) => settings.priority ?? before, rule.priority);
  const deliver = asked.reduce(labelled, rule.deliver ?? {});
  assertDeliverable(deliver, known);
  return kept({
    rule: {
      ...rule,
      priority,
      ...(Object.keys(updateParams).length > 0 && { updateParams }),
      ...(Object.keys(deliver).length > 0 && { deliver }),
      ...(Object.keys(data).length > 0 && { data }),
    },
    variables,
  });
}

/** An uploader may add labels. Those of the rule, which others may sort or grant by, and the name are the rule's. */
const labelled = (before: Delivering, { deliver: { tags, metadata } = {} }: Settings): Delivering => ({
  ...before,
  ...(tags && { tags: { ...before.tags, ...tags, ...before.tags } }),
  ...(metadata && { metadata: { ...before.metadata, ...metadata, ...before.metadata } }),
});

/** A run lies in one item of at most 400 KB, beside all of its inputs. */
const maxBytes = 250_000;

/** What a template makes of a long text may be longer than any run can keep; it would stop there for ever. */
function kept(resolved: Resolved): Resolved {
  const bytes = Buffer.byteLength(JSON.stringify(resolved));
  if (bytes <= maxBytes) return resolved;
  throw new InvalidInput(
    `what is asked for it has ${Math.ceil(bytes / 1000)} KB with rule "${resolved.rule.id}" filled in; a run keeps at most ${maxBytes / 1000} KB. Make its sidecar or metadata shorter.`,
  );
}

/** Parameter by parameter: who sets one of a node leaves its others as they are. */
const merged = (before: UpdateParams, asked: UpdateParams = {}): UpdateParams => ({
  ...before,
  ...Object.fromEntries(Object.entries(asked).map(([node, params]) => [node, { ...before[node], ...params }])),
});

const objectOf = ({ key, versionId, etag, size }: Upload) => ({ key, versionId, etag, size });
