import { PermanentError } from '../../errors.ts';
import { fillTemplate, type Variables } from '../rules/template.ts';
import { videoOf, videosOf } from '../run/attachments.ts';
import type { ExpectedOutput, Run } from '../run/run.ts';
import { hopsMetadata, outputIdMetadata, rootRunIdMetadata, runIdMetadata } from '../run/upload.ts';
import { outputVariables } from './template-variables.ts';

type Texts = Readonly<Record<string, string>>;

/** S3 keeps 2048 bytes of names and values; a checksum is written beside these. */
const maxMetadataBytes = 2048 - 'crc32c'.length - 8;
const maxTags = 10;

/** Identifies an output, with the same marks on every try. */
export const identityOf = (run: Run, { id }: ExpectedOutput): Texts => ({
  [runIdMetadata]: run.id,
  [outputIdMetadata]: encodeURIComponent(id.replace(/\p{Surrogate}/gu, '')),
});

/** How many runs this video has been through. A rule that takes the output as an upload continues the count. */
const lineageMarks = ({ id, lineage }: Run): Texts => ({
  [hopsMetadata]: String(lineage?.hops ?? 0),
  [rootRunIdMetadata]: lineage?.rootRunId ?? id,
});

/** The metadata and tags of an output: those of its rule, as far as S3 accepts them, and our own marks. */
export function propertiesOf(
  run: Run,
  output: ExpectedOutput,
  extension: string,
  expected: readonly ExpectedOutput[] = [output],
): { readonly metadata: Texts; readonly tags?: Texts } {
  const { tags = {}, metadata = {} } = run.rule.deliver ?? {};
  // An attachment has the labels of its video.
  const variables = outputVariables(run, videoOf(expected, output), extension, videosOf(expected));
  const marks = { ...lineageMarks(run), ...identityOf(run, output) };
  const written = tagsOf(filled(tags, variables));
  return {
    metadata: { ...metadataWithin(maxMetadataBytes - bytesOf(marks), filled(metadata, variables)), ...marks },
    ...(Object.keys(written).length === 0 ? {} : { tags: written }),
  };
}

/** Leaves out a label that cannot be filled in: the edit is paid for, and a label is no reason to lose it. */
function filled(templates: Texts, variables: Variables): readonly (readonly [name: string, value: string])[] {
  return Object.entries(templates).flatMap(([name, template]) => {
    try {
      return [[name, fillTemplate(template, variables)] as const];
    } catch (error) {
      if (error instanceof PermanentError) return [];
      throw error;
    }
  });
}

function tagsOf(entries: readonly (readonly [string, string])[]): Texts {
  const usable = entries.filter(([name]) => /^(?!aws:)[\p{L}\p{N}\p{Zs}_.:/=+\-@]{1,128}$/iu.test(name));
  return Object.fromEntries(usable.slice(0, maxTags).map(([name, value]) => [name, tagValue(value)]));
}

const tagValue = (value: string): string =>
  whole(value.replace(/[^\p{L}\p{N}\p{Zs}_.:/=+\-@]/gu, '_').slice(0, 256)).trim();

/** Not the first half of a letter that was cut in two. */
const whole = (text: string): string => text.replace(/\p{Surrogate}/gu, '');

/** As much as there is room for, in the order of the rule; letters that headers cannot carry are encoded as in URLs. */
function metadataWithin(maxBytes: number, entries: readonly (readonly [string, string])[]): Texts {
  const kept: Record<string, string> = {};
  let room = maxBytes;
  for (const [name, value] of entries) {
    if (!/^(?!tessera-)(?!crc32c?$)[a-z0-9][a-z0-9._-]*$/.test(name) || name.length > room) continue;
    kept[name] = encoded(value, room - name.length);
    room -= name.length + kept[name].length;
  }
  return kept;
}

/** Spaces at its ends would be lost on the way. */
function encoded(value: string, maxBytes: number): string {
  let text = '';
  for (const character of whole(value).trim()) {
    const next = /[ -$&-~]/.test(character) ? character : encodeURIComponent(character);
    if (text.length + next.length > maxBytes) break;
    text += next;
  }
  return text.trim();
}

const bytesOf = (texts: Texts): number =>
  Object.entries(texts).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
