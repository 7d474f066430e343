import type { Command } from 'commander';
import { type WithoutWorld, worldOptionsOf } from '../options.ts';

const doctor = () => import('../doctor/doctor.ts');

/** The doctor opens no folder or stage, since that may be what is missing. */
export function registerDoctor(tessera: Command, withoutWorld: WithoutWorld): void {
  tessera
    .command('doctor')
    .description('what is missing here, each with its cure; ends with 1 where something must be fixed')
    .option('--show-secrets', 'print the secret that signs our webhooks (of a folder)')
    .action(
      withoutWorld(async (options) =>
        (await doctor()).doctor({ ...worldOptionsOf(options), showSecrets: options.showSecrets }),
      ),
    );
}
