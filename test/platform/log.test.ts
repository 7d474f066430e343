import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidInput } from '../../shared/errors.ts';
import { createLog, withoutLinkSecrets } from '../../shared/log.ts';

function lineOf(fields: Record<string, unknown>): string {
  const lines: string[] = [];
  createLog((line) => lines.push(JSON.stringify(line))).info('run.moved', fields);
  return lines[0] ?? '';
}

const secret = fc.stringMatching(/^SECRET[a-zA-Z0-9]{8,40}$/);
const signedBy = fc.constantFrom(
  ...['X-Amz-Signature', 'X-Amz-Credential', 'X-Amz-Security-Token', 'X-Goog-Signature', 'X-Goog-Credential'],
  ...['Signature', 'signature', 'sig', 'token', 'access_token', 'api_key'],
);
const path = fc.stringMatching(/^[a-zA-Z0-9/._~!$()*+,;:@%-]{0,30}$/);
const harmless = fc.stringMatching(/^[a-z]{1,8}=[a-zA-Z0-9%._-]{0,12}$/);

/** A link with one secret in its query, anywhere between others. */
const link = fc
  .tuple(
    fc.domain(),
    path,
    fc.array(harmless, { maxLength: 3 }),
    signedBy,
    secret,
    fc.array(harmless, { maxLength: 3 }),
  )
  .map(([host, at, before, name, value, after]) => ({
    value,
    text: `https://${host}/${at}?${[...before, `${name}=${value}`, ...after].join('&')}`,
  }));

/** How a link comes into a text: as it is, quoted, escaped, encoded once or twice, broken by a space. */
const written = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => text.toUpperCase().slice(0, 5) + text.slice(5),
  (text) => `"${text}"`,
  (text) => `<a href='${text}'>`,
  (text) => JSON.stringify(JSON.stringify({ url: text })),
  (text) => text.replaceAll('/', '\\/').replaceAll('&', '\\u0026').replaceAll('=', '\\u003d'),
  encodeURIComponent,
  (text) => encodeURIComponent(encodeURIComponent(text)),
  (text) => `${text.slice(0, 12)} ${text.slice(12)}`,
);

/** Where a text may be in what is logged. */
const placed = fc.constantFrom<(text: string) => Record<string, unknown>>(
  (text) => ({ text }),
  (text) => ({ [text]: 1 }),
  (text) => ({ deep: [{ in: { a: ['row', text] } }] }),
  (text) => ({ error: new Error(`GET ${text} failed`) }),
  (text) => ({ error: new Error('failed', { cause: new Error('below', { cause: text }) }) }),
  (text) => ({ error: new InvalidInput('failed', { given: { text } }) }),
  (text) => ({ map: new Map([['k', text]]), set: new Set([text]) }),
  (text) => ({ bare: Object.assign(Object.create(null), { text }) }),
  (text) => ({
    own: new (class Own {
      text = text;
    })(),
  }),
);

describe('No secret gets into the log', () => {
  test('whatever the link, however it is written, wherever it stands', () => {
    fc.assert(
      fc.property(link, written, placed, ({ text, value }, write, place) => {
        expect(lineOf(place(`before ${write(text)} after`))).not.toContain(value);
      }),
      { numRuns: 2000 },
    );
  });

  test('a URL as an object is shown without its query', () => {
    expect(lineOf({ url: new URL('https://host/a.mp4?X-Amz-Signature=SECRET') })).toContain('"https://host/a.mp4?…"');
  });

  test.each(['authorization', 'x-mosaic-signature', 'apiKey', 'api_key', 'secret', 'webhookSecret', 'sessionToken'])(
    'the value of a field that is named %s',
    (name) => {
      expect(lineOf({ headers: { [name]: 'SECRET' } })).not.toContain('SECRET');
    },
  );

  test.each([
    'Authorization: Bearer SECRET',
    'the key mk_SECRET is not known',
    'AWS4-HMAC-SHA256 Credential=SECRET/20261112, SignedHeaders=host, Signature=SECRET',
    '{"x-mosaic-signature":"SECRET"}',
    '{\\"token\\":\\"SECRET\\"}',
    'https://user:SECRET@host/a',
    'https://api.example/webhook/run-1?token=SECRET',
    'https://api.example/webhook/run-1#SECRET',
  ])('%s', (text) => {
    const safe = withoutLinkSecrets(text);
    expect(safe).not.toContain('SECRET');
    expect(withoutLinkSecrets(safe)).toBe(safe);
  });
});

describe('What is no secret is logged', () => {
  test('as it is', () => {
    for (const text of [
      'The secret tessera/key has no text in it. Set its value as text.',
      'GET https://storage.example/a/b.mp4 answered 403 (token expired)',
      'uploads/Grüße a+b=c 100%.mp4',
      'a signature that does not match: clocks differ',
    ])
      expect(withoutLinkSecrets(text)).toBe(text);
    const fields = { runId: 'r1', tokens: 3, secret: undefined, at: new Date(0), none: null };
    const { level: _, time: __, event: ___, ...said } = JSON.parse(lineOf(fields));
    expect(said).toEqual({ runId: 'r1', tokens: 3, at: '1970-01-01T00:00:00.000Z', none: null });
  });

  test('a text without a secret in it is not changed', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((text) => !/[=:%?\\]|mk_|bearer/i.test(text)),
        (text) => {
          expect(withoutLinkSecrets(text)).toBe(text);
        },
      ),
    );
  });

  test('an error with its facts and causes', () => {
    const error = new InvalidInput('no', { key: 'a.mp4' }, { cause: new Error('below') });
    expect(JSON.parse(lineOf({ error })).error).toMatchObject({
      ...{ name: 'InvalidInput', message: 'no', key: 'a.mp4', cause: { message: 'below' } },
    });
  });
});

describe('Logging never fails', () => {
  test('whatever the fields are', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
    });
    fc.assert(fc.property(fc.dictionary(fc.string(), anything), (fields) => void JSON.parse(lineOf(fields))));
  });

  test('however long a text is that someone made for it', () => {
    for (const piece of ['https://', 'a', '\\', '"', 'bearer ', 'token', 'x-amz-', '%25', 'https://a@', 'mk_ '])
      expect(withoutLinkSecrets(piece.repeat(1_000_000 / piece.length)).length).toBeGreaterThan(10);
  });

  test('with what holds itself', () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    const error = new Error('round');
    error.cause = error;
    expect(JSON.parse(lineOf({ loop, error })).event).toBe('run.moved');
  });
});
