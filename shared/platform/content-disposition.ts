/** RFC 6266: the name as ASCII for old readers, and in full for all others. */
export function attachment(fileName: string): string {
  const ascii = fileName.replace(/[^ -~]|["\\]/g, '_');
  const full = encodeURIComponent(fileName).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename="${ascii}"; filename*=UTF-8''${full}`;
}
