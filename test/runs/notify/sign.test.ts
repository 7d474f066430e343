import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { parseSigningSecrets, signedHeaders } from '../../../shared/runs/notify/sign.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const older = 'C2FVsBQIhrscChlQIMV+b5sSYspob7oDAAAAAAAA';

describe('a signature', () => {
  test('is the one of the published example', () => {
    const signed = signedHeaders([secret], {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      at: new Date(1614265330 * 1000),
      body: '{"test": 2432232314}',
    });
    expect(signed).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  test('while the secret is replaced holds for who has the new one, and for who still has the old one', () => {
    const body = '{"type":"Run Started"}';
    const headers = signedHeaders([secret, older], { id: 'a-2', at: new Date(), body });
    for (const known of [secret, older])
      expect(new Webhook(known).verify(body, headers)).toEqual({ type: 'Run Started' });
    expect(() => new Webhook('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA').verify(body, headers)).toThrow('No matching');
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow('No matching');
  });
});

describe('the signing secret', () => {
  test.each([
    [secret, [secret]],
    [`${secret} ${older}\n`, [secret, older]],
    [`${secret},${older}`, [secret, older]],
  ])('%j is read as %j', (text, secrets) => expect(parseSigningSecrets(text)).toEqual(secrets));

  test.each([
    '',
    '  ',
    'whsec_',
    'short',
    `${secret} short`,
    'not base64 at all, sorry!',
    `whsec_${older.slice(0, -2)}`,
  ])('%j is refused, and not repeated', (text) => {
    expect(() => parseSigningSecrets(text)).toThrow('at least 24 bytes in Base64');
    if (text.length > 10) expect(() => parseSigningSecrets(text)).not.toThrow(text.trim());
  });
});
