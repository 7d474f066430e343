import { describe } from 'vitest';
import { sqsQueue } from '../../shared/platform/aws/index.ts';
import { queueContract } from '../contracts/queue.ts';
import { createQueue } from './resources.ts';

describe.skipIf(!process.env.AWS_ENDPOINT_URL_SQS)('On moto', () => {
  queueContract('SQS', async ({ maxReceives }) => {
    const { queueUrl, deadLettersUrl } = await createQueue({ maxReceives });
    return { queue: sqsQueue(queueUrl), deadLetters: sqsQueue(deadLettersUrl) };
  });
});
