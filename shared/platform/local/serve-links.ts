import { Readable } from 'node:stream';
import { chooseRange, isSameVersion, matchesAny } from './byte-range.ts';
import type { Links, LinkTarget } from './sign-links.ts';
import { findVersion, piecesOf, readPieces, type Storage } from './versions.ts';

/** Answers as S3 answers a signed link: GET and HEAD, one range, and conditions on the ETag. */
export function serveLinks(storage: Storage, links: Links, request: Request): Response {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(405, 'A link can only be read.', { Allow: 'GET, HEAD' });
  const target = links.open(new URL(request.url));
  if (!target) return refuse(403, 'This link is not valid or has expired. Ask for a new one.');
  return serve(storage, target, request) ?? refuse(404, `There is no object ${target.key} in ${target.bucket}.`);
}

function serve({ database, blobs }: Storage, target: LinkTarget, request: Request): Response | undefined {
  const version = findVersion(database, target.bucket, target.key, target.versionId);
  if (!version) return undefined;
  const { head } = version;
  const headers = headersOf(head);
  const ifMatch = request.headers.get('if-match');
  if (ifMatch !== null && !matchesAny(ifMatch, head.etag))
    return refuse(412, 'The object is not the one you began to read.');
  const ifNoneMatch = request.headers.get('if-none-match');
  if (ifNoneMatch !== null && matchesAny(ifNoneMatch, head.etag)) return new Response(null, { status: 304, headers });

  const asked = isSameVersion(request.headers.get('if-range'), head) ? request.headers.get('range') : null;
  const range = chooseRange(asked, head.size);
  if (range === 'unsatisfiable')
    return refuse(416, 'The object ends before this range.', { 'Content-Range': `bytes */${head.size}` });
  const [first, last] = range ?? [0, head.size - 1];
  headers.set('Content-Length', String(last - first + 1));
  if (range) headers.set('Content-Range', `bytes ${first}-${last}/${head.size}`);
  const body = request.method === 'HEAD' ? null : stream(readPieces(blobs, piecesOf(database, version), first, last));
  return new Response(body, { status: range ? 206 : 200, headers });
}

function headersOf(head: { etag: string; versionId: string; contentType?: string; lastModified: Date }): Headers {
  const headers = new Headers({
    ETag: `"${head.etag}"`,
    'Last-Modified': head.lastModified.toUTCString(),
    'Accept-Ranges': 'bytes',
    'Content-Type': head.contentType ?? 'application/octet-stream',
    'x-amz-version-id': head.versionId,
    'X-Content-Type-Options': 'nosniff',
  });
  return headers;
}

const stream = (body: Readable): ReadableStream<Uint8Array> => Readable.toWeb(body) as ReadableStream<Uint8Array>;

const refuse = (status: number, message: string, headers: Record<string, string> = {}): Response =>
  Response.json({ detail: message }, { status, headers });
