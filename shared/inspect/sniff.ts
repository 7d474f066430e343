import { type Format, formats } from './formats.ts';

/** The number of first bytes to read. An MXF file may have a run-in before its first key. */
export const sniffBytes = 4096;

type Bytes = Buffer;
type Test = (head: Bytes) => boolean;

/**
 * The format of a file by its first bytes, never by its name or headers. One answer for uploads, deliveries and the
 * engine. Undefined when no format we know begins like this.
 */
export function sniff(firstBytes: Uint8Array): Format | undefined {
  const { buffer, byteOffset, byteLength } = firstBytes;
  const head = Buffer.from(buffer, byteOffset, Math.min(byteLength, sniffBytes));
  return baseMedia(head) ?? signatures.find(([, matches]) => matches(head))?.[0] ?? textFormat(head);
}

const text = (head: Bytes, from: number, to: number): string => head.toString('latin1', from, to);
const startsWith =
  (...signature: readonly (string | number)[]): Test =>
  (head) => {
    const expected = Buffer.concat(
      signature.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : Buffer.from([piece]))),
    );
    return head.subarray(0, expected.length).equals(expected);
  };
const riff =
  (form: string): Test =>
  (head) =>
    text(head, 0, 4) === 'RIFF' && text(head, 8, 8 + form.length) === form;
const matroska = startsWith(0x1a, 'E', 0xdf, 0xa3);
const mxfPartitionKey = Buffer.from('060e2b34020501010d010201', 'hex');

/** Tried in this order. */
const signatures: readonly (readonly [Format, Test])[] = [
  [formats.webm, (head) => matroska(head) && text(head, 0, 128).includes('webm')],
  [formats.mkv, matroska],
  [formats.avi, riff('AVI')],
  [formats.wav, riff('WAVE')],
  [formats.webp, riff('WEBP')],
  [formats.flv, startsWith('FLV', 1)],
  [formats.wmv, startsWith('0&', 0xb2, 'u', 0x8e, 'f', 0xcf, 0x11)],
  // A pack header or a sequence header.
  [formats.mpg, (head) => startsWith(0, 0, 1, 0xba)(head) || startsWith(0, 0, 1, 0xb3)(head)],
  [formats.mxf, (head) => head.includes(mxfPartitionKey)],
  [formats.png, startsWith(0x89, 'PNG')],
  [formats.jpg, startsWith(0xff, 0xd8, 0xff)],
  [formats.gif, startsWith('GIF8')],
  [formats.mp3, (head) => startsWith('ID3')(head) || startsWith(0xff, 0xfb)(head) || startsWith(0xff, 0xf3)(head)],
  [formats.aac, (head) => startsWith(0xff, 0xf1)(head) || startsWith(0xff, 0xf9)(head)],
  [formats.flac, startsWith('fLaC')],
  [formats.ogg, startsWith('OggS')],
  [formats.zip, startsWith('PK')],
  [formats.gz, startsWith(0x1f, 0x8b)],
  [formats.rar, startsWith('Rar!')],
  [formats['7z'], startsWith('7z', 0xbc, 0xaf)],
  [formats.pdf, startsWith('%PDF-')],
  [formats.exe, (head) => startsWith(0x7f, 'ELF')(head) || startsWith('MZ')(head)],
  // Last, because one byte in 188 is a weak sign. In 192 where each packet follows a time of four bytes.
  [formats.ts, (head) => !isText(head) && (isPeriodic(head, 0, 188) || isPeriodic(head, 4, 192))],
];

/** The boxes a QuickTime file may begin with when it is older than `ftyp`, or has it later. */
const quickTimeBoxes: ReadonlySet<string> = new Set(['moov', 'mdat', 'wide', 'free', 'skip', 'pnot']);

const brands: Readonly<Record<string, Format>> = {
  'qt  ': formats.mov,
  'M4A ': formats.m4a,
  'M4B ': formats.m4a,
  'M4V ': formats.m4v,
  M4VH: formats.m4v,
  avif: formats.avif,
  avis: formats.avif,
  heic: formats.heic,
  heix: formats.heic,
  mif1: formats.heic,
  msf1: formats.heic,
};

/** MP4, QuickTime and the other formats made of boxes (ISO base media). */
function baseMedia(head: Bytes): Format | undefined {
  const box = text(head, 4, 8);
  if (box !== 'ftyp') return quickTimeBoxes.has(box) ? formats.mov : undefined;
  const brand = text(head, 8, 12);
  return brands[brand] ?? (brand.startsWith('3g') ? formats['3gp'] : formats.mp4);
}

function isPeriodic(head: Bytes, first: number, period: number): boolean {
  const places = Array.from({ length: 5 }, (_, index) => first + index * period).filter((at) => at < head.length);
  return places.length >= 3 && places.every((at) => head[at] === 0x47);
}

function textFormat(head: Bytes): Format | undefined {
  const start = head
    .toString('utf8', 0, 512)
    .replace(/^\ufeff/, '')
    .trimStart();
  if (/^(<!doctype html|<html)/i.test(start)) return formats.html;
  if (/^(#EXTM3U|ffconcat|<\?xml[^>]*>\s*<MPD)/i.test(start)) return formats.playlist;
  if (/^<\?xml/i.test(start)) return formats.xml;
  return isText(head) ? formats.text : undefined;
}

/** UTF-8 without control characters but those of texts, in the first bytes that there are. */
function isText(head: Bytes): boolean {
  const first = head.subarray(0, 512);
  const isPrintable = first.every((byte) => (byte >= 0x20 ? byte !== 0x7f : [9, 10, 12, 13].includes(byte)));
  // The last character may be cut.
  return first.length > 0 && isPrintable && !first.toString('utf8').slice(0, -1).includes('\ufffd');
}
