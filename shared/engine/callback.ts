import { InvalidInput } from '../errors.ts';

/** Throws when events could never be sent there. Where the name leads is checked again at each sending. */
export function checkCallback(link: string, trustedHosts: readonly string[]): void {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol) || link.length > 2048)
    throw new InvalidInput('callback_url: expected an https URL of at most 2048 characters.');
  const isTrusted = trustedHosts.includes(url.host) || trustedHosts.includes(url.hostname);
  if (url.protocol === 'http:' && !isTrusted)
    throw new InvalidInput(
      `callback_url: expected https; plain http is taken for trusted hosts only, and ${url.host} is not one.`,
    );
}
