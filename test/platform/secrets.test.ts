import { afterEach, expect, test, vi } from 'vitest';
import { InvalidInput, Missing } from '../../shared/errors.ts';
import { secretsManager } from '../../shared/platform/aws/index.ts';
import { type Asked, awsAnswers } from './aws-answers.ts';

const { asked, answers } = awsAnswers();
const json =
  (body: unknown, status = 200) =>
  () =>
    new Response(JSON.stringify(body), {
      status,
      // The SDK tries again when the two clocks differ; Node keeps the header of the time before a test moved it.
      headers: { 'content-type': 'application/x-amz-json-1.1', date: new Date().toUTCString() },
    });
const secret = (value: string) => json({ SecretString: value });
const failure = (status: number, type: string) => json({ __type: type, Message: type }, status);

afterEach(() => void vi.useRealTimers());

test('many first reads at once ask once', async () => {
  answers(secret('mk_1'));
  const secrets = secretsManager();
  expect(await Promise.all(Array.from({ length: 20 }, () => secrets('key')))).toEqual(Array(20).fill('mk_1'));
  expect(asked).toHaveLength(1);
});

test('each name is a secret of its own', async () => {
  answers(({ body }: Asked) => secret(`value of ${JSON.parse(body).SecretId}`)());
  const secrets = secretsManager();
  expect([await secrets('a'), await secrets('b')]).toEqual(['value of a', 'value of b']);
});

test('a rotated secret is there five minutes later, without a deploy', async () => {
  answers(secret('mk_1'), secret('mk_2'));
  vi.useFakeTimers({ toFake: ['Date'] });
  const secrets = secretsManager();
  expect(await secrets('key')).toBe('mk_1');
  vi.setSystemTime(Date.now() + 5 * 60_000 - 1);
  expect(await secrets('key')).toBe('mk_1');
  vi.setSystemTime(Date.now() + 1);
  expect(await secrets('key')).toBe('mk_2');
  expect(asked).toHaveLength(2);
});

test('a read that failed is not kept, neither for those who waited nor for the next', async () => {
  answers(failure(400, 'AccessDeniedException'), secret('mk_1'));
  const secrets = secretsManager();
  const first = await Promise.allSettled([secrets('key'), secrets('key')]);
  expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(asked).toHaveLength(1);
  expect(await secrets('key')).toBe('mk_1');
});

test('while Secrets Manager fails, what was read before goes on being used', async () => {
  answers(secret('mk_1'), failure(400, 'AccessDeniedException'), secret('mk_2'));
  vi.useFakeTimers({ toFake: ['Date'] });
  const secrets = secretsManager();
  await secrets('key');
  vi.setSystemTime(Date.now() + 5 * 60_000);
  expect(await Promise.all([secrets('key'), secrets('key')])).toEqual(['mk_1', 'mk_1']);
  expect(asked).toHaveLength(2);
  // Not at every call: who is throttled should ask less.
  expect(await secrets('key')).toBe('mk_1');
  expect(asked).toHaveLength(2);
  vi.setSystemTime(Date.now() + 30_000);
  expect(await secrets('key')).toBe('mk_2');
});

test('a secret that Secrets Manager has failed to give for an hour is used no longer, one that is deleted at once', async () => {
  answers(secret('mk_1'), failure(400, 'AccessDeniedException'));
  vi.useFakeTimers({ toFake: ['Date'] });
  const secrets = secretsManager();
  await secrets('key');
  vi.setSystemTime(Date.now() + 60 * 60_000 + 1);
  await expect(secrets('key')).rejects.toThrow('AccessDeniedException');
  answers(secret('mk_1'), failure(400, 'ResourceNotFoundException'));
  await secrets('key');
  vi.setSystemTime(Date.now() + 5 * 60_000);
  await expect(secrets('key')).rejects.toThrow(Missing);
});

test('what is missing or empty is named; the value of no secret is in an error', async () => {
  const secrets = secretsManager();
  answers(failure(400, 'ResourceNotFoundException'));
  await expect(secrets('tessera/key')).rejects.toThrow(Missing);
  await expect(secrets('tessera/key')).rejects.toThrow('tessera/key');
  answers(json({ SecretBinary: Buffer.from('mk_binary').toString('base64') }));
  const error = await secrets('tessera/key').catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidInput);
  expect(String(error)).toContain('tessera/key');
  expect(String(error)).not.toContain('mk_binary');
});
