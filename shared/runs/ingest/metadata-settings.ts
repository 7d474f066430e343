import { InvalidInput } from '../../errors.ts';
import { paramsSchema, parseAsked, type Settings } from './settings-schema.ts';

const dataPrefix = 'tessera-data-';

/** What an object's own metadata asks for: `tessera-priority`, `-params` (JSON), `-skip` and `-data-<name>`. */
export function metadataSettings(metadata: Readonly<Record<string, string>>): Settings {
  const data = Object.fromEntries(
    Object.entries(metadata).flatMap(([name, value]) =>
      name.startsWith(dataPrefix) && name.length > dataPrefix.length ? [[name.slice(dataPrefix.length), value]] : [],
    ),
  );
  const { 'tessera-priority': priority, 'tessera-params': params, 'tessera-skip': skip } = metadata;
  return {
    ...(priority !== undefined && { priority: priorityOf(priority) }),
    ...(params !== undefined && {
      updateParams: parseAsked(
        paramsSchema,
        params,
        'Its metadata tessera-params',
        'Mend it and upload the video again.',
      ),
    }),
    ...(skip !== undefined && { skip: skipOf(skip) }),
    ...(Object.keys(data).length > 0 && { data }),
  };
}

function priorityOf(text: string): number {
  if (!/^[0-9]$/.test(text))
    throw new InvalidInput(`Its metadata tessera-priority is a digit from 0 to 9, not "${text}".`);
  return Number(text);
}

function skipOf(text: string): boolean {
  if (/^(true|yes|1)$/i.test(text)) return true;
  if (/^(false|no|0)$/i.test(text)) return false;
  throw new InvalidInput(`Its metadata tessera-skip is "true" or "false", not "${text}".`);
}
