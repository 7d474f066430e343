import type { Json } from '../../platform/ports.ts';
import type { Rule, UpdateParams } from '../rules/rule.ts';
import { fillParams, keyVariables } from '../rules/template.ts';
import type { Upload } from '../run.ts';
import { sidecarOf } from './companion-keys.ts';
import type { IngestDeps } from './judge.ts';
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
  const sidecar = run.rule.sidecar === 'ignored' ? undefined : await readSidecar(deps.uploads, awaits);
  if (sidecar === undefined && run.rule.sidecar === 'required')
    return keepWaiting(deps, run, {
      awaits,
      ...(run.status === 'gathering' ? { group: run.group } : {}),
      members: run.status === 'gathering' ? run.members : [objectOf(upload)],
      upload,
      missing: `its sidecar ${awaits}, which rule "${run.rule.id}" requires, did not come.`,
    });
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
  const own = fillParams(rule.updateParams ?? {}, { ...keyVariables(rule, upload, createdAt), ...variables });
  const updateParams = asked.reduce((params, settings) => merged(params, settings.updateParams), own);
  const priority = asked.reduce((before, settings) => settings.priority ?? before, rule.priority);
  const deliver = Object.assign({}, rule.deliver, ...asked.map((settings) => settings.deliver)) as Rule['deliver'] &
    object;
  return {
    rule: {
      ...rule,
      priority,
      ...(Object.keys(updateParams).length > 0 && { updateParams }),
      ...(Object.keys(deliver).length > 0 && { deliver }),
      ...(Object.keys(data).length > 0 && { data }),
    },
    variables,
  };
}

/** Parameter by parameter: who sets one of a node leaves its others as they are. */
const merged = (before: UpdateParams, asked: UpdateParams = {}): UpdateParams => ({
  ...before,
  ...Object.fromEntries(Object.entries(asked).map(([node, params]) => [node, { ...before[node], ...params }])),
});

export const objectOf = ({ key, versionId, etag, size }: Upload) => ({ key, versionId, etag, size });
