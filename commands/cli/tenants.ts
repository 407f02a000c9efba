/** `counterpoise tenants`: those that see nothing of each other. */
import type { Command } from 'commander';
import type { Tenant } from '../../client/client.ts';
import { describeMade } from './keys.ts';
import { fields, listedTable } from './output.ts';
import { openSession } from './session.ts';
import { LIMIT_HELP, listed, LISTED_DEFAULT } from './values.ts';

export function addTenantCommands(program: Command): void {
  const tenants = program.command('tenants').description('make tenants, which see nothing of each other');
  tenants
    .command('create <name>')
    .description('make a tenant, for good; the secret of its root key is shown this once')
    .action(async (name: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const made = await client.tenants.create(name);
      print(made, () => `${fields({ tenant: made.tenant })}\n${describeMade(made.root_key)}`);
    });

  tenants
    .command('list')
    .description('list the tenants by their names')
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async ({ limit }: { limit: number }, command: Command) => {
      const { client, print } = openSession(command);
      const { data, next_cursor } = await client.tenants.list({ limit });
      const row = ({ tenant, created_at }: Tenant) => [tenant, created_at];
      print(data, () => listedTable(next_cursor, ['TENANT', 'CREATED'], data.map(row)));
    });

  tenants
    .command('replace-root-key <name>')
    .description('give a tenant another root key, whose secret is shown this once; the former one is refused')
    .action(async (name: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const made = await client.tenants.replaceRootKey(name);
      print(made, () => describeMade(made));
    });
}
