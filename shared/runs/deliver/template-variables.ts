import { keyVariables, slug, type Variables } from '../rules/template.ts';
import { isManifestKey } from '../run/control-files.ts';
import { sha256 } from '../run/ids.ts';
import type { ExpectedOutput, Run } from '../run/run.ts';

/** The template variables of one output. */
export function outputVariables(
  run: Run,
  output: ExpectedOutput,
  extension: string,
  expected: readonly ExpectedOutput[],
): Variables {
  const { rule, upload, createdAt, variables = {} } = run;
  return {
    ...{ metadata: {}, sidecar: {}, data: rule.data ?? {} },
    ...keyVariables(rule, { ...upload, key: namesakeOf(run) }, createdAt),
    ...variables,
    run: run.id,
    output: safeId(output.id),
    node: slug(output.nodeName ?? '') || slug(output.nodeId ?? '') || 'output',
    index: expected.findIndex(({ id }) => id === output.id) + 1,
    attempt: run.attempt,
    rule: rule.of ?? rule.id,
    agent: rule.agentId,
    extension,
  };
}

/** Ids come from outside. One that is not a plain name must not leave its folder or collide with another. */
export const safeId = (id: string): string => (/^[\w-]{1,100}$/.test(id) ? id : sha256(id).slice(0, 32));

/** The key that results are named after. For a group, that of its first member, in any order of arrival. */
export function namesakeOf({ rule, upload, input }: Run): string {
  const isOfGroup = typeof rule.start === 'object' && !isManifestKey(upload.key);
  return (isOfGroup && input?.kind === 'objects' && input.objects[0]?.key) || upload.key;
}
