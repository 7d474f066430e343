import { expect, test } from 'vitest';
import { Denied } from '../../shared/errors.ts';
import { s3Bucket } from '../../shared/platform/aws/index.ts';
import { awsAnswers, xml, xmlError } from './aws-answers.ts';

const { asked, answers } = awsAnswers();
const linkRoleArn = 'arn:aws:iam::111122223333:role/links';

const credentials = (id: string, expiration: Date) =>
  xml(
    `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${id}</AccessKeyId>
     <SecretAccessKey>secret-of-${id}</SecretAccessKey><SessionToken>token-of-${id}</SessionToken>
     <Expiration>${expiration.toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  );

const inSeconds = (seconds: number) => new Date(Math.floor(Date.now() / 1000 + seconds) * 1000);

test('a link is signed with the credentials of the role, and ends with them', async () => {
  const end = inSeconds(3600);
  answers(credentials('ROLE', end));
  const { url, expiresAt } = await s3Bucket('uploads', { linkRoleArn }).link('a b.mp4', {
    ...{ versionId: 'v1', expiresInSeconds: 86_400 },
  });
  expect(expiresAt).toEqual(end);
  const query = new URL(url).searchParams;
  expect(query.get('X-Amz-Credential')).toMatch(/^ROLE\//);
  expect(query.get('X-Amz-Security-Token')).toBe('token-of-ROLE');
  expect(query.get('versionId')).toBe('v1');
  expect(url).not.toContain('secret-of-ROLE');
  const form = new URLSearchParams(asked[0]?.body);
  expect(Object.fromEntries(form)).toMatchObject({
    Action: 'AssumeRole',
    RoleArn: linkRoleArn,
    DurationSeconds: '3600',
  });
});

test('a link that was asked for a shorter time ends when it was asked to', async () => {
  answers(credentials('ROLE', inSeconds(3600)));
  const { expiresAt } = await s3Bucket('uploads', { linkRoleArn }).link('k', { expiresInSeconds: 60 });
  expect(expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + 60_000);
});

test('each hand-out has fresh credentials; those at the same moment share them', async () => {
  answers(credentials('FIRST', inSeconds(3600)), credentials('SECOND', inSeconds(3600)));
  const bucket = s3Bucket('uploads', { linkRoleArn });
  const link = async () =>
    new URL((await bucket.link('k', { expiresInSeconds: 3600 })).url).searchParams.get('X-Amz-Security-Token');
  expect(await Promise.all([link(), link(), link()])).toEqual(Array(3).fill('token-of-FIRST'));
  expect(asked).toHaveLength(1);
  expect(await link()).toBe('token-of-SECOND');
});

test('a role that may not be assumed is named, and asked for again the next time', async () => {
  answers(xmlError(403, 'AccessDenied'), credentials('LATER', inSeconds(3600)));
  const bucket = s3Bucket('uploads', { linkRoleArn });
  const error = await bucket.link('k', { expiresInSeconds: 60 }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Denied);
  expect(String(error)).toContain(linkRoleArn);
  expect((await bucket.link('k', { expiresInSeconds: 60 })).url).toContain('token-of-LATER');
});

test('without a role, a link is signed with our own credentials and nobody is asked', async () => {
  const { url } = await s3Bucket('uploads').link('k', { expiresInSeconds: 60 });
  expect(new URL(url).searchParams.get('X-Amz-Credential')).toMatch(/^own\//);
  expect(asked).toEqual([]);
});
