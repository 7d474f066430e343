import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { InvalidInput } from '../../errors.ts';
import type { Clock, SignedLink } from '../ports.ts';
import type { Database } from './database.ts';

export interface LinkTarget {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

export interface Links {
  setBase(url: string): void;
  create(target: LinkTarget, expiresInSeconds: number): SignedLink;
  /** What a link names, if it is ours, unchanged and not expired. */
  open(url: URL): LinkTarget | undefined;
}

export function openLinks(database: Database, clock: Clock): Links {
  const secret = signingKey(database);
  let base: string | undefined;
  const sign = (target: LinkTarget, expires: string) => {
    const { bucket, key, versionId = '' } = target;
    return createHmac('sha256', secret)
      .update(JSON.stringify([bucket, key, versionId, expires]))
      .digest();
  };
  return {
    setBase: (url) => {
      base = url.replace(/\/+$/, '');
    },
    create: (target, expiresInSeconds) => {
      if (base === undefined)
        throw new Error('Links have no address yet: the server that serves them must listen first.');
      const expiresAtSeconds = Math.floor(clock() / 1000) + expiresInSeconds;
      const expires = String(expiresAtSeconds);
      const query = new URLSearchParams();
      if (target.versionId !== undefined) query.set('versionId', target.versionId);
      query.set('expires', expires);
      query.set('signature', sign(target, expires).toString('base64url'));
      const url = `${base}/${encodeURIComponent(target.bucket)}/${encodedKey(target.key)}?${query}`;
      return { url, expiresAt: new Date(expiresAtSeconds * 1000) };
    },
    open: (url) => {
      const target = targetOf(url, base);
      const expires = url.searchParams.get('expires') ?? '';
      if (!target || !(Number(expires) * 1000 > clock())) return undefined;
      const given = Buffer.from(url.searchParams.get('signature') ?? '', 'base64url');
      const right = sign(target, expires);
      return given.length === right.length && timingSafeEqual(given, right) ? target : undefined;
    },
  };
}

/** Kept in the folder, so that a link given out before a restart still opens after it. */
function signingKey(database: Database): Buffer {
  const sql = `INSERT OR IGNORE INTO settings (name, value) VALUES ('link-key', ?)`;
  database.run(sql, randomBytes(32).toString('base64'));
  const row = database.get<{ value: string }>(`SELECT value FROM settings WHERE name = 'link-key'`);
  return Buffer.from(row?.value ?? '', 'base64');
}

/** URLs fold empty, `.` and `..` segments; a key that has one keeps its slashes encoded, so that nothing is folded. */
function encodedKey(key: string): string {
  if (key === '.' || key === '..')
    throw new InvalidInput(`No link can name the object "${key}": URLs give that name a meaning.`);
  const folds = key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..');
  const encoded = encodeURIComponent(key);
  return folds ? encoded : encoded.replaceAll('%2F', '/');
}

function targetOf(url: URL, base: string | undefined): LinkTarget | undefined {
  const prefix = base === undefined ? '/' : `${new URL(base).pathname.replace(/\/+$/, '')}/`;
  if (!url.pathname.startsWith(prefix)) return undefined;
  const [bucket, ...key] = url.pathname.slice(prefix.length).split('/');
  try {
    return {
      bucket: decodeURIComponent(bucket ?? ''),
      key: decodeURIComponent(key.join('/')),
      versionId: url.searchParams.get('versionId') ?? undefined,
    };
  } catch {
    return undefined;
  }
}
