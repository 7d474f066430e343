import { PermanentError } from '../../errors.ts';
import { fillTemplate, slug } from '../rules/template.ts';
import { sha256 } from '../run/ids.ts';
import type { ExpectedOutput, Run } from '../run/run.ts';
import { cutToBytes, withoutExtension } from './key-parts.ts';
import { namesakeOf, outputVariables, safeId } from './template-variables.ts';

const maxKeyBytes = 1024;

/**
 * Where an output is delivered: where its rule says; else under the run's result name, `tighten/talk.mp4`, or
 * `tighten/talk-clip-1.mp4` where there are several; else `<folder>/<name>/<run id>/<node>-<output id>.<extension>`.
 */
export function deliveryKey(
  run: Run,
  output: ExpectedOutput,
  extension: string,
  { expected = [output], prefix = '', isTaken = false }: KeyOptions = {},
): string {
  const named = chosenKey(run, output, extension, expected);
  if (named === undefined) return keyIn(run, `${nameOf(output)}.${extension}`, prefix);
  return fitted(isTaken ? withSuffix(named, `-${sha256(run.id).slice(0, 8)}`) : named, prefix);
}

/** Undefined where neither a rule nor a result name says what an output is called. */
function chosenKey(
  run: Run,
  output: ExpectedOutput,
  extension: string,
  expected: readonly ExpectedOutput[],
): string | undefined {
  if (run.rule.deliver?.key !== undefined) return namedKey(run, output, extension, expected);
  if (run.resultName === undefined) return undefined;
  const clip = expected.length > 1 ? `-clip-${expected.findIndex(({ id }) => id === output.id) + 1}` : '';
  return `${run.resultName}${clip}.${extension}`;
}

interface KeyOptions {
  /** All videos of the run; no two of them share a key. */
  readonly expected?: readonly ExpectedOutput[];
  readonly prefix?: string;
  /** Another run's output has this key: add a mark of this run. */
  readonly isTaken?: boolean;
}

/** Named after its video: `talk.mp4` has `talk.thumbnail.jpg` and `talk.project.zip`. */
export function companionKey(
  run: Run,
  { id, kind }: ExpectedOutput,
  extension: string,
  video: { readonly key: string; readonly extension?: string; readonly isTaken: boolean },
): string {
  const ending = `.${video.extension ?? ''}`;
  const stem = video.key.endsWith(ending) ? video.key.slice(0, -ending.length) : video.key;
  const key = `${stem}.${kind}.${extension}`;
  // Two videos of one run may be called alike up to their endings, so the mark is of the file, not only of the run.
  return fitted(video.isTaken ? withSuffix(key, `-${sha256(`${run.id} ${id}`).slice(0, 8)}`) : key, '');
}

/** `talk.manifest.json` beside `talk.mp4`; `manifest.json` in the run's folder where it has no result name. */
export function manifestKey(run: Run, number: number, prefix = ''): string {
  const fileName = number === 1 ? 'manifest.json' : `manifest-${number}.json`;
  return run.resultName === undefined ? keyIn(run, fileName, prefix) : fitted(`${run.resultName}.${fileName}`, prefix);
}

function keyIn(run: Run, fileName: string, prefix: string): string {
  const end = `/${run.id}/${fileName}`;
  const start = cutToBytes(
    withoutExtension(namesakeOf(run)),
    maxKeyBytes - Buffer.byteLength(prefix) - Buffer.byteLength(end),
  );
  return `${prefix}${start}${end}`;
}

/** Undefined when the template leaves nothing that could be a name, or asks for what this object does not have. */
function namedKey(
  run: Run,
  output: ExpectedOutput,
  extension: string,
  expected: readonly ExpectedOutput[],
): string | undefined {
  const keys = expected.map((each) => filledKey(run, each, extension, expected));
  const own = keys[expected.findIndex(({ id }) => id === output.id)];
  if (own === undefined) return undefined;
  if (keys.filter((key) => key === own).length === 1) return own;
  // All of those that would meet are told apart, by what is theirs alone, so that it does not matter who comes first.
  return withSuffix(own, `-${sha256(output.id).slice(0, 8)}`);
}

function filledKey(
  run: Run,
  output: ExpectedOutput,
  extension: string,
  expected: readonly ExpectedOutput[],
): string | undefined {
  const variables = outputVariables(run, output, extension, expected);
  try {
    return safeKey(fillTemplate(run.rule.deliver?.key ?? '', variables, withinSegment)) || undefined;
  } catch (error) {
    // The edit is paid for: better under a name that nobody chose than not at all.
    if (error instanceof PermanentError) return undefined;
    throw error;
  }
}

/** An uploader's text is one path segment even if it has slashes; only the key's own folders may be several. */
const withinSegment = (value: string, name: string): string =>
  name === 'folder' || name === 'key' ? value : value.replaceAll('/', '-');

/** Removes empty, invisible and upward segments, so that a key stays in its folder. */
const safeKey = (key: string): string =>
  key
    .replace(/[\p{Cc}\p{Surrogate}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '')
    .split('/')
    .filter((part) => !/^[\s.]*$/.test(part))
    .join('/');

/** A key that is cut keeps its ending, and a hash tells it from other keys with the same beginning. */
function fitted(key: string, prefix: string): string {
  const room = maxKeyBytes - Buffer.byteLength(prefix);
  if (Buffer.byteLength(key) <= room) return prefix + key;
  const mark = `-${sha256(key).slice(0, 16)}`;
  const ending = /\.[A-Za-z0-9]{1,10}$/.exec(key)?.[0] ?? '';
  return prefix + withSuffix(cutToBytes(key, room - mark.length - ending.length).replace(/\/+$/, '') + ending, mark);
}

function withSuffix(key: string, suffix: string): string {
  const [ending = ''] = /(?<=[^/])\.[A-Za-z0-9]{1,10}$/.exec(key) ?? [];
  return `${key.slice(0, key.length - ending.length)}${suffix}${ending}`;
}

const nameOf = ({ id, nodeId, nodeName }: ExpectedOutput): string =>
  `${slug(nodeName ?? '') || slug(nodeId ?? '') || 'output'}-${safeId(id)}`;
