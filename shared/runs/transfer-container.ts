export interface Container {
  readonly extension: string;
  readonly contentType: string;
}

/** What a file is by its first bytes (a few hundred are enough), whatever its name or headers say. */
export function containerOf(head: Uint8Array): Container | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, 512)).toString('latin1');
  return isoMedia(text) ?? matroska(text) ?? riff(text) ?? transportStream(text) ?? bySignature(text);
}

function isoMedia(text: string): Container | undefined {
  const box = text.slice(4, 8);
  // QuickTime from before there were brands begins with any of these.
  if (['moov', 'mdat', 'wide', 'pnot'].includes(box)) return known('mov');
  if (box !== 'ftyp') return undefined;
  const brand = text.slice(8, 12);
  return known(brands[brand] ?? (brand.startsWith('3g') ? '3gp' : 'mp4'));
}

const brands: Readonly<Record<string, string>> = {
  'qt  ': 'mov',
  'M4A ': 'm4a',
  'M4B ': 'm4a',
  'M4V ': 'm4v',
  avif: 'avif',
  heic: 'heic',
};

const matroska = (text: string): Container | undefined =>
  text.startsWith('\x1aE\xdf\xa3') ? known(text.slice(0, 128).includes('webm') ? 'webm' : 'mkv') : undefined;

function riff(text: string): Container | undefined {
  const forms: Readonly<Record<string, string>> = { 'AVI ': 'avi', WAVE: 'wav', WEBP: 'webp' };
  const extension = text.startsWith('RIFF') ? forms[text.slice(8, 12)] : undefined;
  return extension === undefined ? undefined : known(extension);
}

const transportStream = (text: string): Container | undefined =>
  text[0] === 'G' && text[188] === 'G' && text[376] === 'G' ? known('ts') : undefined;

const bySignature = (text: string): Container | undefined => {
  const found = signatures.find(([signature]) => text.startsWith(signature));
  return found && known(found[1]);
};

const signatures: readonly (readonly [signature: string, extension: string])[] = [
  ['\x89PNG\r\n\x1a\n', 'png'],
  ['\xff\xd8\xff', 'jpg'],
  ['GIF8', 'gif'],
  ['PK\x03\x04', 'zip'],
  ['OggS', 'ogg'],
  ['fLaC', 'flac'],
  ['ID3', 'mp3'],
  ['\xff\xfb', 'mp3'],
  ['\xff\xf3', 'mp3'],
  ['\xff\xf1', 'aac'],
  ['\xff\xf9', 'aac'],
  ['FLV\x01', 'flv'],
  ['\x06\x0e\x2b\x34', 'mxf'],
  ['\x00\x00\x01\xba', 'mpg'],
  ['0&\xb2u\x8ef\xcf\x11', 'wmv'],
];

const known = (extension: string): Container => ({
  extension,
  contentType: contentTypes[extension] ?? 'application/octet-stream',
});

const contentTypes: Readonly<Record<string, string>> = {
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  m4v: 'video/x-m4v',
  '3gp': 'video/3gpp',
  webm: 'video/webm',
  mkv: 'video/x-matroska',
  avi: 'video/x-msvideo',
  ts: 'video/mp2t',
  flv: 'video/x-flv',
  mpg: 'video/mpeg',
  wmv: 'video/x-ms-wmv',
  mxf: 'application/mxf',
  m4a: 'audio/mp4',
  wav: 'audio/wav',
  mp3: 'audio/mpeg',
  aac: 'audio/aac',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  png: 'image/png',
  jpg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  heic: 'image/heic',
  zip: 'application/zip',
};
