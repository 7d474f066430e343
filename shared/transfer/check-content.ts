import type { Format } from '../inspect/formats.ts';
import { sniff } from '../inspect/sniff.ts';
import { WrongBytes } from './errors.ts';

/** What is copied: the edited video, its picture, or the file that an editing program opens. */
export type TransferKind = 'video' | 'thumbnail' | 'project';

/** What a delivered file is named and labelled with. */
export type Container = Pick<Format, 'extension' | 'contentType'>;

/** The format of an output by its first bytes, if this kind of output may have it. Throws `WrongBytes` otherwise. */
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
  video: {
    name: 'media file',
    refusal: 'The output is of no media format that is known',
    find: (head) => ofMedium(['video', 'sound', 'image'], head) ?? zip(head),
  },
  thumbnail: {
    name: 'picture',
    refusal: 'The thumbnail is of no picture format that is known',
    find: (head) => ofMedium(['image'], head),
  },
  project: {
    name: 'project file',
    refusal: 'The project file is of no format that is known',
    find: (head) => zip(head) ?? packed(head) ?? xml(head),
  },
};

function ofMedium(media: readonly Format['medium'][], head: Uint8Array): Container | undefined {
  const format = sniff(head);
  return format && media.includes(format.medium) ? format : undefined;
}

const zip = (head: Uint8Array): Container | undefined => {
  const format = sniff(head);
  return format?.extension === 'zip' ? format : undefined;
};

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
