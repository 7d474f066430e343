/** `tighten/talk` of `tighten/talk.mp4`. A name that only begins with a dot has no extension. */
export function withoutExtension(key: string): string {
  const name = key.slice(key.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? key.slice(0, dot - name.length) : key;
}

/** The beginning of a text that fits into this many bytes of UTF-8, without half a character. */
export function cutToBytes(text: string, maxBytes: number): string {
  let kept = '';
  let bytes = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept;
}
