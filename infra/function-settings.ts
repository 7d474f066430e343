import { type Door, doorMetadata, doors } from './function-names.ts';

/** A text, or a CloudFormation intrinsic: `{ "Ref": … }`, `{ "Fn::GetAtt": … }`, `{ "Fn::Join": … }`. */
export type SettingValue = string | Readonly<Record<string, unknown>>;

interface TemplateFunction {
  readonly Type: string;
  readonly Metadata?: Readonly<Record<string, unknown>>;
  readonly Properties?: { readonly Environment?: { readonly Variables?: Readonly<Record<string, SettingValue>> } };
}

/** Reads the environment of each function from a synthesized template. Intrinsics are not resolved. */
export function functionSettings(template: {
  readonly Resources?: Readonly<Record<string, TemplateFunction>>;
}): Partial<Record<Door, Readonly<Record<string, SettingValue>>>> {
  const functions = Object.values(template.Resources ?? {}).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  const settings: Partial<Record<Door, Readonly<Record<string, SettingValue>>>> = {};
  for (const { Metadata, Properties } of functions) {
    const door = doors.find((name) => name === Metadata?.[doorMetadata]);
    if (door !== undefined) settings[door] = Properties?.Environment?.Variables ?? {};
  }
  return settings;
}
