import { createHash } from 'node:crypto';
import { crc32cOf, crc32cToBase64 } from '../../../shared/platform/crc32c.ts';
import type { Faults } from '../faults.ts';
import type { Random } from '../random.ts';
import { mebibyte } from '../small-parts.ts';

export const fileKinds = ['video', 'thumbnail', 'project'] as const;
export type FileKind = (typeof fileKinds)[number];

/** What a server says of a file at one time. */
export interface SourceVersion {
  readonly bytes: Uint8Array;
  /** As a header; empty where there is none. */
  readonly etag: string;
  /** As Google's storage tells it; empty where it does not. */
  readonly hash: string;
}

/** A file that an agent run made, on a server with habits of its own. */
export interface SourceFile {
  readonly kind: FileKind;
  readonly knowsRanges: boolean;
  /** A piece of it takes so long. */
  readonly pieceMs: number;
  /** Why it can never be delivered whole; undefined for a good one. */
  readonly fault?: 'not-media' | 'wrong-hash' | 'lost';
  /** Newest last. */
  readonly versions: SourceVersion[];
  /** Answers that were spoilt on the way so that only the checksum tells; two may look like a file that is bad. */
  spoilt: number;
  renew(): void;
}

/** Its server has lost it, or is so slow that no slice sees twice that its checksum is wrong. */
export const isTriedForLong = (file: SourceFile | undefined): boolean =>
  file?.fault === 'lost' || (file?.fault === 'wrong-hash' && file.pieceMs > 0);

export function sourceFile(kind: FileKind, random: Random, faults: Faults): SourceFile {
  const isLarge = faults.happens('output-large');
  const fault = faultOf(faults);
  const etag = random.pick(['strong', 'strong', 'strong', 'weak', 'none']);
  const tellsHash = fault === 'wrong-hash' || random.chance(0.5);
  const beginning = random.pick(beginnings[kind]);
  const sizeOf = () =>
    isLarge
      ? random.between(8, random.pick([20, 80, 80, 300])) * mebibyte - random.below(mebibyte)
      : random.between(200, 2_000);
  let size = sizeOf();
  const make = (): SourceVersion => {
    const bytes =
      fault === 'not-media'
        ? Buffer.from(random.text(size)).map((each) => each | 0x80)
        : bytesOf(beginning, size, random);
    const told = fault === 'wrong-hash' ? crc32cOf(bytes.subarray(1)) : crc32cOf(bytes);
    return { bytes, etag: etagOf(etag, bytes), hash: tellsHash ? `crc32c=${crc32cToBase64(told)}` : '' };
  };
  const versions = [make()];
  return {
    ...{ kind, fault, versions, spoilt: 0 },
    knowsRanges: !faults.happens('output-no-ranges'),
    // Silence of a minute is what the real client calls the end of a connection.
    pieceMs: faults.happens('output-slow') ? random.between(5_000, 59_000) : 0,
    // Where neither tells, nobody could see that it has changed.
    renew() {
      if (etag !== 'strong' && !tellsHash) return;
      if (random.chance(0.5)) size = sizeOf();
      versions.push(make());
    },
  };
}

function faultOf(faults: Faults): SourceFile['fault'] {
  if (faults.happens('output-not-media')) return 'not-media';
  if (faults.happens('output-wrong-hash')) return 'wrong-hash';
  return faults.happens('output-lost') ? 'lost' : undefined;
}

const beginnings: Readonly<Record<FileKind, readonly string[]>> = {
  video: ['\0\0\0\x14ftypisom\0\0\0\0isom', '\x1aE\xdf\xa3webm'],
  thumbnail: ['\xff\xd8\xff\xe0', '\x89PNG\r\n\x1a\n'],
  project: ['PK\x03\x04', '<?xml version="1.0"?><PremiereData Version="3">'],
};

/** Every file has bytes of its own, so that a mixed-up one shows. */
function bytesOf(beginning: string, size: number, random: Random): Buffer {
  const bytes = Buffer.alloc(size, random.text(16), 'latin1');
  bytes.write(beginning, 0, 'latin1');
  bytes.write(random.text(24), 64, 'latin1');
  return bytes;
}

function etagOf(kind: string, bytes: Uint8Array): string {
  if (kind === 'none') return '';
  const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
  return kind === 'weak' ? `W/${etag}` : etag;
}
