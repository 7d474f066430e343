import { InvalidInput } from '../errors.ts';
import type { ObjectProperties } from './ports.ts';

const maxKeyBytes = 1024;
const maxMetadataBytes = 2048;
const printableAscii = /^(?:[!-~](?:[ -~]*[!-~])?)?$/;

/** Refuses, with the same words in both worlds, a key or metadata that S3 would refuse or change. */
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
}

export function checkPartNumber(partNumber: number): void {
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > 10_000)
    throw new InvalidInput(`A part number is from 1 to 10,000, not ${partNumber}.`);
}
