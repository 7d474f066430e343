import { createHash } from 'node:crypto';
import type { LinkAnswer, LinkOptions } from '../../../shared/platform/links.ts';
import type { Faults } from '../faults.ts';
import { inOnePiece } from '../ports/bucket.ts';
import type { Random } from '../random.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Worker, Workshop } from '../worker.ts';
import { type SimulatedApi, storageHost } from './mosaic.ts';

interface LinkWorld {
  readonly api: SimulatedApi;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly random: Random;
  readonly shop: Workshop;
}

/** Opens the links of the simulated API's outputs: they expire, break off, and show pages instead of films. */
export const linkOpener =
  ({ api, scheduler, faults, random, shop }: LinkWorld, worker: Worker) =>
  (link: string, options: LinkOptions): Promise<LinkAnswer> =>
    shop.call(worker, `open ${link.slice(0, link.indexOf('?'))}`, { kind: 'read', slowMs: 20_000 }, () => {
      const url = new URL(link);
      const [, agentRunId = '', outputId = ''] = url.pathname.split('/');
      if (url.host !== storageHost) throw new Error(`Nobody serves ${url.host}.`);
      if (Number(url.searchParams.get('expires')) <= scheduler.now())
        return random.chance(0.5) ? text(403, 'Forbidden') : text(400, '<Error><Code>ExpiredToken</Code></Error>');
      if (faults.happens('output-gone')) return text(404, 'Not found');
      if (faults.happens('output-page')) return text(200, '<html>Try again</html>', 'text/html');
      const { bytes } = api.output(agentRunId, outputId);
      return slice(bytes, options, faults.happens('output-truncated'));
    });

function slice(bytes: Uint8Array, { range, ifMatch }: LinkOptions, isCut: boolean): LinkAnswer {
  const etag = `"${createHash('md5').update(bytes.subarray(0, 64)).digest('hex')}"`;
  if (ifMatch !== undefined && ifMatch !== etag) return text(412, '');
  const [first, last = bytes.byteLength - 1] = range ?? [0];
  const end = Math.min(last, bytes.byteLength - 1);
  const wanted = bytes.subarray(first, end + 1);
  const sent = isCut ? wanted.subarray(0, wanted.byteLength >> 1) : wanted;
  const headers = {
    etag,
    'content-type': 'video/mp4',
    'content-length': String(wanted.byteLength),
    'content-range': `bytes ${first}-${end}/${bytes.byteLength}`,
  };
  return { status: range === undefined ? 200 : 206, headers, body: inOnePiece(sent), discard: () => {} };
}

const text = (status: number, words: string, type = 'text/plain'): LinkAnswer => ({
  status,
  headers: { 'content-type': type, 'content-length': String(words.length) },
  body: inOnePiece(Buffer.from(words)),
  discard: () => {},
});
