import { sha256 } from './ids.ts';
import type { ExpectedOutput, Run } from './run.ts';

const maxKeyBytes = 1024;

/** Where an output is delivered: `<folder>/<name>/<run id>/<node>-<output id>.<extension>`. */
export const deliveryKey = (run: Run, output: ExpectedOutput, extension: string): string =>
  keyIn(run, `${nameOf(output)}.${extension}`);

/** The first attempt's manifest is `manifest.json`; what is there already is never written over. */
export const manifestKey = (run: Run, number: number): string =>
  keyIn(run, number === 1 ? 'manifest.json' : `manifest-${number}.json`);

function keyIn({ id, upload }: Run, fileName: string): string {
  const end = `/${id}/${fileName}`;
  return `${cut(withoutExtension(upload.key), maxKeyBytes - Buffer.byteLength(end))}${end}`;
}

function withoutExtension(key: string): string {
  const name = key.slice(key.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? key.slice(0, dot - name.length) : key;
}

/** Nothing collides by being cut short: the run's id follows. */
function cut(text: string, maxBytes: number): string {
  let kept = '';
  let bytes = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept;
}

function nameOf({ id, nodeId, nodeName }: ExpectedOutput): string {
  const node = slug(nodeName ?? '') || slug(nodeId ?? '') || 'output';
  return `${node}-${safeId(id)}`;
}

const slug = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
    .replace(/-+$/, '');

/** Ids come from outside: one that is no plain name must neither leave its folder nor look like another. */
const safeId = (id: string): string => (/^[\w-]{1,100}$/.test(id) ? id : sha256(id).slice(0, 32));
