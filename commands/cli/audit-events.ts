/** `counterpoise audit-events list`: what principals have changed. */
import { Option, type Command } from 'commander';
import type { AuditEvent } from '../../client/client.ts';
import { AUDIT_ACTION_NAMES, type AuditAction } from '../../domain/audit-actions.ts';
import { listedTable } from './output.ts';
import { openSession } from './session.ts';
import { given, LIMIT_HELP, listed, LISTED_DEFAULT } from './values.ts';

interface ListOptions {
  readonly principal?: string;
  readonly action?: AuditAction;
  readonly object?: string;
  readonly after?: string;
  readonly before?: string;
  readonly limit: number;
}

export function addAuditEventCommands(program: Command): void {
  program
    .command('audit-events')
    .description('the audit log')
    .command('list')
    .description('list what principals have changed, newest first')
    .option('--principal <principal-id>', 'only what this principal has done')
    .addOption(new Option('--action <action>', 'only what was done so').choices(AUDIT_ACTION_NAMES))
    .option('--object <id>', 'only what was done to the wallet, key, case … of this id')
    .option('--after <time>', 'only what was done at this time or later, such as 2026-01-31T12:00:00Z')
    .option('--before <time>', 'only what was done before this time')
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async ({ principal, action, object, after, before, limit }: ListOptions, command: Command) => {
      const { client, print } = openSession(command);
      const asked = { principal_id: principal, action, object, created_after: after, created_before: before };
      const { data, next_cursor } = await client.auditEvents.list({ ...given(asked), limit });
      print(data, () => listedTable(next_cursor, ['AT', 'PRINCIPAL', 'ACTION', 'OBJECT', 'DETAILS'], data.map(rowOf)));
    });
}

function rowOf({ at, principal, on_behalf_of: onBehalfOf, action, object, details }: AuditEvent): string[] {
  const who = onBehalfOf === null ? principal : `${principal} for ${onBehalfOf}`;
  const said = Object.entries(details).map(([name, value]) => `${name}=${value}`);
  return [at, who, action, object, said.join(' ')];
}
