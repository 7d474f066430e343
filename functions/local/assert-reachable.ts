import { InvalidInput } from '../../shared/errors.ts';

/** Refuses a Mosaic elsewhere that would have to reach this machine's loopback for our links or our webhook. */
export function assertReachable(apiUrl: string, callbackUrl: string, linkBase: string): void {
  if (isLoopback(apiUrl)) return;
  const unreachable = [
    ...(isLoopback(callbackUrl) ? [`the webhook (${new URL(callbackUrl).host})`] : []),
    ...(isLoopback(linkBase) ? [`the links to your videos (${new URL(linkBase).host})`] : []),
  ];
  if (unreachable.length === 0) return;
  throw new InvalidInput(
    `${new URL(apiUrl).host} cannot reach this machine: ${unreachable.join(' and ')} can be opened on this machine only. ` +
      'Use the built-in engine (leave the API URL unset), or deploy the pipeline to AWS (`npm run deploy`), where Mosaic can reach it.',
  );
}

function isLoopback(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return (
    host === 'localhost' || host.endsWith('.localhost') || /^127\./.test(host) || host === '::1' || host === '0.0.0.0'
  );
}
