/** What is counted. Each has its own price. */
export const prices = {
  tableRead: { what: 'DynamoDB read request units', per: 1e6, dollars: 0.125 },
  tableWrite: { what: 'DynamoDB write request units', per: 1e6, dollars: 0.625 },
  bucketWrite: { what: 'S3 requests: PUT, POST, LIST', per: 1e3, dollars: 0.005 },
  bucketRead: { what: 'S3 requests: GET, HEAD', per: 1e3, dollars: 0.0004 },
  queue: { what: 'SQS requests', per: 1e6, dollars: 0.4 },
  invocation: { what: 'Lambda invocations', per: 1e6, dollars: 0.2 },
  gigabyteSecond: { what: 'Lambda GB-seconds (ARM)', per: 1, dollars: 0.0000133334 },
  httpRequest: { what: 'API Gateway HTTP API requests', per: 1e6, dollars: 1 },
  event: { what: "EventBridge events (ours, and S3's for objects)", per: 1e6, dollars: 1 },
  logGigabyte: { what: 'CloudWatch Logs, GB ingested', per: 1, dollars: 0.5 },
} as const satisfies Readonly<Record<string, { what: string; per: number; dollars: number }>>;

export type Counted = keyof typeof prices;

/** List prices of us-east-1 without any free tier, as of then: look before you rely on them. */
export const pricesOf = 'list prices of us-east-1, January 2026';

/** Milliseconds that a call takes in AWS, about; added to what a function takes here for itself. */
export const callMs = { table: 5, bucket: 25, queue: 8, bus: 15, mosaic: 200 } as const;

/** Bytes that one function copies in a second: what the network of a Lambda function gives for long. */
export const copyBytesPerSecond = 75e6;

/** As the stack gives them. */
export const memoryGb = { 'copy-output': 1.769, others: 0.5 } as const;

/** Lambda's own lines for each call, and what is added to each of ours. */
export const logBytes = { perInvocation: 350, perLine: 250 } as const;
