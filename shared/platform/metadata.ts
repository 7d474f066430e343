import { InvalidInput } from '../errors.ts';
import type { ObjectProperties } from './ports.ts';

const maxKeyBytes = 1024;
const maxMetadataBytes = 2048;
const printableAscii = /^(?:[!-~](?:[ -~]*[!-~])?)?$/;

const maxTags = 10;
const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Refuses, with the same words in both worlds, a key, metadata or tags that S3 would refuse or change. */
export function checkObject(key: string, properties: ObjectProperties = {}): void {
  const bytes = Buffer.byteLength(key);
  if (bytes === 0 || bytes > maxKeyBytes)
    throw new InvalidInput(`An object key has 1 to ${maxKeyBytes} bytes; this one has ${bytes}: ${key.slice(0, 100)}`);
  const entries = Object.entries(properties.metadata ?? {});
  for (const [name, value] of entries) {
    if (!/^[a-z0-9][a-z0-9._-]*$/.test(name))
      throw new InvalidInput(
        `The metadata name ${JSON.stringify(name)} of ${key} must be lower-case letters, digits and - only.`,
      );
    if (!printableAscii.test(value))
      throw new InvalidInput(
        `The metadata ${name} of ${key} must be printable ASCII without outer spaces: encode it first.`,
      );
  }
  const size = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (size > maxMetadataBytes)
    throw new InvalidInput(`The metadata of ${key} has ${size} bytes; S3 keeps ${maxMetadataBytes}.`);
  checkTags(key, Object.entries(properties.tags ?? {}));
}

function checkTags(key: string, tags: readonly (readonly [string, string])[]): void {
  if (tags.length > maxTags) throw new InvalidInput(`${key} has ${tags.length} tags; S3 keeps ${maxTags}.`);
  for (const [name, value] of tags) {
    const tag = `The tag ${JSON.stringify(name)} of ${key}`;
    if (name === '' || name.length > 128 || value.length > 256)
      throw new InvalidInput(`${tag} has a name of 1 to 128 characters and a value of at most 256.`);
    if (!tagText.test(name) || !tagText.test(value) || /^aws:/i.test(name))
      throw new InvalidInput(`${tag} takes letters, digits, spaces and + - = . _ : / @ only, and no name with aws:.`);
  }
}

export function checkPartNumber(partNumber: number): void {
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > 10_000)
    throw new InvalidInput(`A part number is from 1 to 10,000, not ${partNumber}.`);
}
