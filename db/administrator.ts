/**
 * An administrator's connection to a database, opened for one piece of work, such as a migration or a binding, and closed after
 * it.
 */
import pg from 'pg';

const CONNECT_LIMIT_MS = 10_000;

export async function asAdministrator<T>(adminUrl: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: adminUrl,
    application_name: 'counterpoise-migrate',
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
  });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
