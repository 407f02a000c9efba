/**
 * The audit of the installation, a part of I5: the databases are of one installation, are where they were bound, and are bound to
 * the Temporal namespace that is audited. Workflows of another namespace would move money in other books.
 */
import { sql } from 'drizzle-orm';
import { BINDING, bindingOf, faultsOf, type BindingRow } from '../db/bind-installation.ts';
import type { Findings } from './findings.ts';
import { rowsOf, type Reader } from './reader.ts';

/** `databases` by their names, `transfer` first, which knows the names of all. */
export async function checkInstallation(
  databases: readonly (readonly [name: string, reader: Reader])[],
  namespaceId: string,
  findings: Findings,
): Promise<void> {
  const bindings = await Promise.all(
    databases.map(async ([name, reader]) =>
      bindingOf(name, { rows: await rowsOf<BindingRow>(reader, sql.raw(BINDING)) }),
    ),
  );
  for (const fault of faultsOf(bindings, namespaceId)) findings.report('I5', 'the installation', fault);
}
