import { InvalidInput, messageOf } from '../../errors.ts';
import { allowedUrl } from '../../platform/links.ts';

const longestLink = 2048;

/** Throws when events could never be sent there. Where a name leads is known only at each sending, and checked there. */
export function checkCallback(link: string, trustedHosts: readonly string[]): void {
  if (link.length > longestLink) throw new InvalidInput(`callback_url: a URL has at most ${longestLink} characters.`);
  try {
    allowedUrl(link, trustedHosts);
  } catch (error) {
    throw new InvalidInput(`callback_url: ${messageOf(error)}`, {}, { cause: error });
  }
}
