import type { LinkAnswer, LinkOptions } from '../../../shared/platform/links.ts';
import type { Faults } from '../faults.ts';
import type { Random } from '../random.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Worker, Workshop } from '../worker.ts';
import { type SimulatedApi, storageHost } from './mosaic.ts';
import type { SourceFile, SourceVersion } from './source-file.ts';

export interface LinkWorld {
  readonly api: SimulatedApi;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly random: Random;
  readonly shop: Workshop;
}

/** Opens the links of the simulated API's files: they expire, break off, change, and show pages instead of films. */
export const linkOpener =
  (world: LinkWorld, worker: Worker) =>
  (link: string, options: LinkOptions): Promise<LinkAnswer> =>
    world.shop.call(worker, `open ${link.slice(0, link.indexOf('?'))}`, { kind: 'read', slowMs: 20_000 }, () =>
      answer(world, worker, link, options),
    );

function answer(world: LinkWorld, worker: Worker, link: string, options: LinkOptions): LinkAnswer {
  const { api, scheduler, faults, random } = world;
  const url = new URL(link);
  const [, agentRunId = '', name = ''] = url.pathname.split('/');
  if (url.host !== storageHost) throw new Error(`Nobody serves ${url.host}.`);
  if (Number(url.searchParams.get('expires')) <= scheduler.now())
    return random.chance(0.5) ? text(403, 'Forbidden') : text(400, '<Error><Code>ExpiredToken</Code></Error>');
  const file = api.file(agentRunId, name);
  if (file.fault === 'lost' || faults.happens('output-gone')) return text(404, 'Not found');
  if (faults.happens('output-page')) return text(200, '<html>Try again</html>', 'text/html');
  if (faults.happens('output-changed'))
    scheduler.after(random.below(random.pick([300, 20_000])), () => renew(world, file, name));
  return slice(world, worker, file, options);
}

function renew({ scheduler, faults }: LinkWorld, file: SourceFile, name: string): void {
  // Made anew for ever, nothing of it could ever be delivered.
  if (faults.stopped()) return;
  scheduler.note(`${name} is made anew`);
  file.renew();
}

function slice(world: LinkWorld, worker: Worker, file: SourceFile, { range, ifMatch }: LinkOptions): LinkAnswer {
  const version = file.versions.at(-1) as SourceVersion;
  const { bytes, etag, hash } = version;
  if (ifMatch !== undefined && ifMatch !== etag) return text(412, '');
  const isPart = range !== undefined && file.knowsRanges && !world.faults.happens('output-range-ignored');
  const [first, last = bytes.byteLength - 1] = isPart ? range : [0];
  if (first >= bytes.byteLength) return text(416, '');
  const end = Math.min(last, bytes.byteLength - 1);
  const headers: Record<string, string> = {
    'content-type': 'video/mp4',
    'content-length': String(end + 1 - first),
    ...(etag !== '' && { etag }),
    ...(hash !== '' && { 'x-goog-hash': hash }),
    ...(isPart && { 'content-range': `bytes ${first}-${end}/${bytes.byteLength}` }),
  };
  const body = pieces(world, worker, file, spoil(world, file, version, bytes.subarray(first, end + 1)));
  return { status: isPart ? 206 : 200, headers, body, pour: (take) => pourInto(take, body), discard: () => {} };
}

async function pourInto(take: Parameters<NonNullable<LinkAnswer['pour']>>[0], body: AsyncIterable<Uint8Array>) {
  for await (const piece of body) await take(piece);
}

/** Only where a checksum is told can it be seen that a byte changed on its way. */
function spoil({ faults, random }: LinkWorld, file: SourceFile, { hash }: SourceVersion, bytes: Uint8Array) {
  if (hash === '' || file.fault !== undefined || !faults.happens('output-spoilt')) return bytes;
  file.spoilt += 1;
  const spoilt = Buffer.from(bytes);
  const at = random.below(spoilt.byteLength);
  spoilt[at] = (spoilt[at] ?? 0) ^ 1;
  return spoilt;
}

/** In one piece, or in several that each take their time; some connections break off, with or without a word. */
async function* pieces(
  { shop, faults, random }: LinkWorld,
  worker: Worker,
  { pieceMs }: SourceFile,
  bytes: Uint8Array,
) {
  const isCut = faults.happens('output-truncated');
  const end = isCut ? random.below(bytes.byteLength) : bytes.byteLength;
  const size = pieceMs === 0 && random.chance(0.7) ? bytes.byteLength : Math.max(300, bytes.byteLength >> 2);
  for (let at = 0; at < end; at += size) {
    if (at > 0 || pieceMs > 0) await shop.call(worker, 'bytes arrive', { kind: 'read', takesMs: pieceMs }, () => {});
    yield bytes.subarray(at, Math.min(at + size, end));
  }
  if (isCut && random.chance(0.5)) throw new Error('The connection to storage.example failed (ECONNRESET).');
}

const text = (status: number, words: string, type = 'text/plain'): LinkAnswer => ({
  status,
  headers: { 'content-type': type, 'content-length': String(words.length) },
  body: (async function* () {
    if (words !== '') yield Buffer.from(words);
  })(),
  discard: () => {},
});
