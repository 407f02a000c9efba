// An event log in memory, in the place of the events service's database.

import { PgDialect } from 'drizzle-orm/pg-core';
import type { SQL } from 'drizzle-orm';
import type { Database } from '../../db/database.ts';
import type { CloudEvent } from '../../domain/event.ts';
import { tenantOf } from '../../domain/tenant.ts';

export interface FakeLog {
  readonly database: Database;
  /** Appends so many events. */
  readonly append: (count: number, more?: Partial<CloudEvent>) => void;
  readonly head: () => number;
  /** Drops the events up to this position, as retention does; with a negative number, the newest ones, as a restore does. */
  readonly drop: (count: number) => void;
  /** The positions behind which pages were read, and `head` for each reading of the head alone. */
  readonly reads: (number | 'head')[];
  /** While it is set, every reading fails with it. */
  error: Error | undefined;
}

interface Row {
  readonly position: number;
  readonly payload: CloudEvent;
}

export function createFakeLog(): FakeLog {
  const dialect = new PgDialect();
  let rows: Row[] = [];
  let head = 0;
  let first = 1;
  const log: FakeLog = {
    database: { execute, $client: { options: { max: 10 } } } as never,
    append(count, more = {}) {
      for (let each = 0; each < count; each += 1) rows.push({ position: (head += 1), payload: eventOf(head, more) });
    },
    head: () => head,
    drop(count) {
      if (count < 0) head += count;
      else first = count + 1;
      rows = rows.filter(({ position }) => position >= first && position <= head);
    },
    reads: [],
    error: undefined,
  };
  return log;

  async function execute(statement: SQL): Promise<{ rows: object[] }> {
    await new Promise(setImmediate);
    const { sql, params } = dialect.sqlToQuery(statement);
    const told = { head_position: String(head), head_chain: '', first_position: String(first) };
    const isPage = sql.includes('LEFT JOIN');
    log.reads.push(isPage ? (params[0] as number) : 'head');
    if (log.error !== undefined) throw log.error;
    if (!isPage) return { rows: [told] };
    const [after, last, ...rest] = params as [number, number, ...unknown[]];
    const tenant = sql.includes('tenant =') ? rest.shift() : undefined;
    const types = sql.includes('type = ANY') ? (rest.shift() as string[]) : undefined;
    const subject = sql.includes('subject =') ? rest.shift() : undefined;
    const page = rows
      .slice(Math.max(0, after + 1 - first))
      .filter(({ position }) => position <= last)
      .filter(({ payload }) => tenant === undefined || tenantOf(payload) === tenant)
      .filter(({ payload }) => types?.includes(payload.type) ?? true)
      .filter(({ payload }) => subject === undefined || payload.subject === subject)
      .slice(0, rest[0] as number)
      .map(({ position, payload }) => ({ ...told, at: String(position), payload }));
    return { rows: page.length > 0 ? page : [{ ...told, at: null, payload: null }] };
  }
}

function eventOf(position: number, more: Partial<CloudEvent>): CloudEvent {
  return {
    specversion: '1.0',
    id: `test.happened/${position}`,
    source: 'urn:counterpoise:test',
    type: 'test.happened',
    subject: 'a',
    time: '2026-01-31T12:00:00.000Z',
    datacontenttype: 'application/json',
    dataschema: 'urn:counterpoise:event:test.happened:v1',
    data: {},
    ...more,
  };
}
