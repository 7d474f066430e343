import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import {
  type Callback,
  type Received,
  receiveWebhook,
  type WebhookDeps,
} from '../shared/runs/settle/receive-webhook.ts';

export const webhookHandler =
  (deps: WebhookDeps) =>
  async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
    try {
      return replies[await receiveWebhook(deps, readCallback(event))];
    } catch (error) {
      // Only what could not be stored is an error to the sender: it comes again.
      deps.log.error('webhook.failed', { error });
      return reply(500, 'try again');
    }
  };

const reply = (statusCode: number, message: string): APIGatewayProxyStructuredResultV2 => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ message }),
});

/** A stored webhook is answered with 200: a repeat would add nothing, and a sender that sees errors may stop. */
const replies: Record<Received, APIGatewayProxyStructuredResultV2> = {
  accepted: reply(200, 'accepted'),
  'unknown-run': reply(200, 'accepted'),
  'unknown-event': reply(200, 'accepted'),
  'no-such-path': reply(404, 'not found'),
  'too-large': reply(413, 'too large'),
  unauthorised: reply(401, 'unauthorised'),
};

function readCallback(event: APIGatewayProxyEventV2): Callback {
  const headers = new Map(Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    runId: event.pathParameters?.runId ?? '',
    // The second is what servers of 2025 called it.
    signature: headers.get('x-mosaic-signature') ?? headers.get('x-webhook-secret'),
    body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
  };
}
