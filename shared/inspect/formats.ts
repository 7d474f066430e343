/** A file format, as far as uploads, deliveries and the engine tell formats apart. */
export interface Format {
  /** Without the dot; what a file of this format is named with. */
  readonly extension: string;
  readonly contentType: string;
  readonly medium: 'video' | 'sound' | 'image' | 'archive' | 'document' | 'program' | 'text';
  /** With its article, to follow "it is". */
  readonly name: string;
}

const format = (extension: string, contentType: string, medium: Format['medium'], name: string): Format => ({
  extension,
  contentType,
  medium,
  name,
});

export const formats = {
  mp4: format('mp4', 'video/mp4', 'video', 'an MP4 video'),
  mov: format('mov', 'video/quicktime', 'video', 'a QuickTime video'),
  m4v: format('m4v', 'video/x-m4v', 'video', 'an M4V video'),
  '3gp': format('3gp', 'video/3gpp', 'video', 'a 3GP video'),
  webm: format('webm', 'video/webm', 'video', 'a WebM video'),
  mkv: format('mkv', 'video/x-matroska', 'video', 'a Matroska video'),
  avi: format('avi', 'video/x-msvideo', 'video', 'an AVI video'),
  ts: format('ts', 'video/mp2t', 'video', 'an MPEG transport stream'),
  flv: format('flv', 'video/x-flv', 'video', 'an FLV video'),
  mpg: format('mpg', 'video/mpeg', 'video', 'an MPEG video'),
  wmv: format('wmv', 'video/x-ms-wmv', 'video', 'a Windows Media video'),
  mxf: format('mxf', 'application/mxf', 'video', 'an MXF video'),
  m4a: format('m4a', 'audio/mp4', 'sound', 'an MPEG-4 sound file'),
  wav: format('wav', 'audio/wav', 'sound', 'a WAV sound file'),
  mp3: format('mp3', 'audio/mpeg', 'sound', 'an MP3 sound file'),
  aac: format('aac', 'audio/aac', 'sound', 'an AAC sound file'),
  ogg: format('ogg', 'audio/ogg', 'sound', 'an Ogg file'),
  flac: format('flac', 'audio/flac', 'sound', 'a FLAC sound file'),
  png: format('png', 'image/png', 'image', 'a PNG image'),
  jpg: format('jpg', 'image/jpeg', 'image', 'a JPEG image'),
  gif: format('gif', 'image/gif', 'image', 'a GIF image'),
  webp: format('webp', 'image/webp', 'image', 'a WebP image'),
  avif: format('avif', 'image/avif', 'image', 'an AVIF image'),
  heic: format('heic', 'image/heic', 'image', 'a HEIF image'),
  zip: format('zip', 'application/zip', 'archive', 'a ZIP archive (or an office document)'),
  gz: format('gz', 'application/gzip', 'archive', 'a gzip archive'),
  rar: format('rar', 'application/vnd.rar', 'archive', 'a RAR archive'),
  '7z': format('7z', 'application/x-7z-compressed', 'archive', 'a 7z archive'),
  pdf: format('pdf', 'application/pdf', 'document', 'a PDF document'),
  exe: format('exe', 'application/octet-stream', 'program', 'a program'),
  html: format('html', 'text/html', 'text', 'an HTML page, perhaps an error page that was saved as a video'),
  playlist: format('m3u8', 'application/vnd.apple.mpegurl', 'text', 'a playlist, which only names other files'),
  xml: format('xml', 'application/xml', 'text', 'an XML document'),
  text: format('txt', 'text/plain', 'text', 'text'),
} as const satisfies Readonly<Record<string, Format>>;
