/** How many first bytes are enough to tell. */
export const magicBytes = 4096;

/** What a file is by its first bytes. */
export type Kind = { readonly container: string } | { readonly notVideo: string };

const text = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.subarray(from, to)).toString('latin1');

const starts =
  (...head: readonly number[]) =>
  (bytes: Uint8Array): boolean =>
    head.every((byte, at) => bytes[at] === byte);

const notVideos: readonly [is: (bytes: Uint8Array) => boolean, what: string][] = [
  [starts(0x89, 0x50, 0x4e, 0x47), 'a PNG image'],
  [starts(0xff, 0xd8, 0xff), 'a JPEG image'],
  [(bytes) => text(bytes, 0, 4) === 'GIF8', 'a GIF image'],
  [(bytes) => text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 12) === 'WEBP', 'a WebP image'],
  [(bytes) => text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 12) === 'WAVE', 'a WAV sound file'],
  [(bytes) => text(bytes, 0, 3) === 'ID3', 'an MP3 sound file'],
  [(bytes) => text(bytes, 0, 4) === 'fLaC', 'a FLAC sound file'],
  [(bytes) => text(bytes, 0, 2) === 'PK', 'a ZIP archive (or an office document)'],
  [starts(0x1f, 0x8b), 'a gzip archive'],
  [(bytes) => text(bytes, 0, 4) === 'Rar!', 'a RAR archive'],
  [starts(0x37, 0x7a, 0xbc, 0xaf), 'a 7z archive'],
  [(bytes) => text(bytes, 0, 5) === '%PDF-', 'a PDF document'],
  [(bytes) => text(bytes, 0, 4) === '\x7fELF' || text(bytes, 0, 2) === 'MZ', 'a program'],
  [
    (bytes) => /^\s*(<!doctype html|<html)/i.test(text(bytes, 0, 512)),
    'an HTML page, perhaps an error page that was saved as a video',
  ],
  [(bytes) => /^\s*<\?xml/i.test(text(bytes, 0, 512)), 'an XML document'],
  [(bytes) => text(bytes, 0, 7) === '#EXTM3U', 'a playlist, which only names videos that lie elsewhere'],
  [isText, 'text'],
];

const matroska = starts(0x1a, 0x45, 0xdf, 0xa3);

const videos: readonly [container: string, is: (bytes: Uint8Array) => boolean][] = [
  ['webm', (bytes) => matroska(bytes) && text(bytes, 0, 128).includes('webm')],
  ['mkv', matroska],
  ['avi', (bytes) => text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 11) === 'AVI'],
  ['flv', (bytes) => text(bytes, 0, 4) === 'FLV\x01'],
  ['wmv', starts(0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11)],
  ['mpg', (bytes) => starts(0, 0, 1, 0xba)(bytes) || starts(0, 0, 1, 0xb3)(bytes)],
  ['mxf', (bytes) => Buffer.from(bytes).includes(Buffer.from('060e2b34020501010d010201', 'hex'))],
  // Packets of 188 bytes, or of 192 where each has a time of four bytes before it.
  ['ts', (bytes) => !isText(bytes) && (isPeriodic(bytes, 0, 188) || isPeriodic(bytes, 4, 192))],
];

/** Never by its name. Undefined: the bytes are of nothing that is known. */
export function kindOf(bytes: Uint8Array): Kind | undefined {
  const family = baseMedia(bytes);
  if (family !== undefined) return family;
  const video = videos.find(([, is]) => is(bytes));
  if (video !== undefined) return { container: video[0] };
  const other = notVideos.find(([is]) => is(bytes));
  return other && { notVideo: other[1] };
}

const images = new Set(['heic', 'heix', 'mif1', 'msf1', 'avif', 'avis']);
const sounds = new Set(['M4A ', 'M4B ']);
/** QuickTime's first boxes, of files that are older than `ftyp` or write it later. */
const quickTimeBoxes = new Set(['moov', 'mdat', 'wide', 'free', 'skip', 'pnot']);

function baseMedia(bytes: Uint8Array): Kind | undefined {
  const box = text(bytes, 4, 8);
  if (box !== 'ftyp') return quickTimeBoxes.has(box) ? { container: 'mov' } : undefined;
  const brand = text(bytes, 8, 12);
  if (images.has(brand)) return { notVideo: 'a HEIF or AVIF image' };
  if (sounds.has(brand)) return { notVideo: 'an MPEG-4 sound file' };
  if (brand === 'qt  ') return { container: 'mov' };
  if (brand === 'M4V ' || brand === 'M4VH') return { container: 'm4v' };
  return { container: brand.startsWith('3g') ? '3gp' : 'mp4' };
}

function isPeriodic(bytes: Uint8Array, first: number, period: number): boolean {
  const places = Array.from({ length: 5 }, (_, index) => first + index * period).filter((at) => at < bytes.length);
  return places.length >= 1 && bytes.length >= period && places.every((at) => bytes[at] === 0x47);
}

/** No control characters but those of texts, in the first bytes that there are. */
function isText(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, 512);
  return head.length > 0 && head.every((byte) => (byte >= 0x20 ? byte !== 0x7f : [9, 10, 12, 13].includes(byte)));
}
