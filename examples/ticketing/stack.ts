/** Where the example finds the running stack, and its own database, which lies beside the stack's on its server. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { createClient, type Client } from '../../client/client.ts';
import { TABLES } from './tickets.ts';

const DATABASE = 'example_ticketing';
const FENCES = new URL('../../saga/participant.sql', import.meta.url);

export interface Stack {
  readonly api: string;
  /** The root key of the stack. Who runs this for real makes one of its own, with the scopes that it needs. */
  readonly apiKey: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly databases: { readonly events: string };
}

export function readStack(dataDir: string): Stack {
  try {
    const stack = JSON.parse(readFileSync(join(dataDir, 'stack.json'), 'utf8')) as Omit<Stack, 'apiKey'>;
    return { ...stack, apiKey: readFileSync(join(dataDir, 'api-key'), 'utf8').trim() };
  } catch (cause) {
    throw new Error(`No stack runs on ${dataDir}. Start one with npm start.`, { cause });
  }
}

/** Makes the database if it is missing. */
export async function makeDatabase(stack: Stack): Promise<void> {
  const administrator = new pg.Client({ connectionString: urlOf(stack, 'postgres'), connectionTimeoutMillis: 5_000 });
  await administrator.connect();
  const { rowCount } = await administrator.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
  if (rowCount === 0) await administrator.query(`CREATE DATABASE ${DATABASE}`);
  await administrator.end();
  const pool = openDatabase(stack);
  await pool.query(readFileSync(FENCES, 'utf8'));
  await pool.query(TABLES);
  await pool.end();
}

export function openDatabase(stack: Stack): pg.Pool {
  const pool = new pg.Pool({
    connectionString: urlOf(stack, DATABASE),
    max: 10,
    connectionTimeoutMillis: 5_000,
    query_timeout: 9_000,
  });
  pool.on('error', (error) => console.error(error.message));
  return pool;
}

export function openClient({ api, apiKey }: Stack): Client {
  return createClient({ baseUrl: api, apiKey, attemptsMax: 1, timeoutMs: 2_000 });
}

function urlOf({ databases }: Stack, name: string): string {
  const url = new URL(databases.events);
  url.pathname = `/${name}`;
  return url.href;
}
