import { readHead } from './files.ts';

/** Names a file that is clearly something other than a recording, from its first bytes. */
export async function whatItIs(path: string): Promise<string | undefined> {
  const head = Buffer.from(await readHead(path, 4096));
  const known = signatures.find(({ bytes, at = 0 }) => head.subarray(at, at + bytes.length).equals(bytes));
  if (known !== undefined) return known.kind;
  if (!isText(head)) return undefined;
  const text = head.toString('utf8').trimStart();
  return /^(#EXTM3U|ffconcat|<\?xml[^>]*>\s*<MPD)/i.test(text) ? 'a playlist, which only names other files' : 'text';
}

/** MP4, QuickTime and their kin begin with a box of a known name. */
export async function isMp4(path: string): Promise<boolean> {
  const box = Buffer.from(await readHead(path, 8)).toString('latin1', 4);
  return ['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip'].includes(box);
}

const signature = (kind: string, text: string, at?: number) => ({ kind, bytes: Buffer.from(text, 'latin1'), at });

const signatures = [
  signature('a picture', '\x89PNG'),
  signature('a picture', '\xff\xd8\xff'),
  signature('a picture', 'GIF8'),
  signature('a picture', 'WEBP', 8),
  signature('a picture', 'ftypavif', 4),
  signature('a picture', 'ftypheic', 4),
  signature('a PDF document', '%PDF'),
  signature('a ZIP archive', 'PK\x03\x04'),
];

/** UTF-8 without control characters, but for a letter that the end of the sample cuts. */
function isText(bytes: Buffer): boolean {
  const text = bytes.toString('utf8').slice(0, -1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells text from the rest
  return bytes.length > 0 && !/[\u0000-\u0008\u000e-\u001f\ufffd]/.test(text);
}
