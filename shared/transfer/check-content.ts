import { type Container, containerOf } from '../runs/transfer-container.ts';
import { WrongBytes } from './errors.ts';

/** What is copied: the edited video, its picture, or the file that an editing program opens. */
export type TransferKind = 'video' | 'thumbnail' | 'project';

/** What the file is by its first bytes, if that is something that it may be. */
export function accepted(kind: TransferKind, head: Uint8Array): Container {
  const found = kinds[kind].find(head);
  if (found) return found;
  // Text is an error page, which may be gone on the next try; anything else stays what it is.
  const isText = /^[\t\n\r\x20-\x7e]*$/.test(Buffer.from(head.subarray(0, 64)).toString('latin1'));
  if (isText) throw new Error(`The link answered with text, not with a ${kinds[kind].name}.`);
  throw new WrongBytes(`${kinds[kind].refusal}.`);
}

interface Kind {
  readonly name: string;
  readonly refusal: string;
  readonly find: (head: Uint8Array) => Container | undefined;
}

const kinds: Readonly<Record<TransferKind, Kind>> = {
  video: { name: 'media file', refusal: 'The output is of no media format that is known', find: containerOf },
  thumbnail: {
    name: 'picture',
    refusal: 'The thumbnail is of no picture format that is known',
    find: (head) => onlyOf(['png', 'jpg', 'gif', 'webp', 'avif', 'heic'], containerOf(head)),
  },
  project: {
    name: 'project file',
    refusal: 'The project file is of no format that is known',
    find: (head) => onlyOf(['zip'], containerOf(head)) ?? packed(head) ?? xml(head),
  },
};

const onlyOf = (extensions: readonly string[], found: Container | undefined): Container | undefined =>
  found && extensions.includes(found.extension) ? found : undefined;

/** Premiere packs its projects so. */
const packed = (head: Uint8Array): Container | undefined =>
  head[0] === 0x1f && head[1] === 0x8b ? { extension: 'prproj', contentType: 'application/gzip' } : undefined;

/** A timeline as XML, not a page and not what a storage says in XML when it refuses. */
function xml(head: Uint8Array): Container | undefined {
  const text = Buffer.from(head.subarray(0, 512))
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  if (!text.startsWith('<?xml') || /<(!doctype\s+)?(html|error)\b/i.test(text)) return undefined;
  return { extension: 'xml', contentType: 'application/xml' };
}
