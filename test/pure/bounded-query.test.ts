// What the API makes of a database that does not answer.

import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { boundedQuery } from '../../api/http/bounded-query.ts';
import { ProblemError } from '../../api/http/problem.ts';
import { openDatabase } from '../../db/database.ts';

test('a database that lets nobody in is unavailable, to a query and to a transaction, and no bug', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `postgres://nobody@127.0.0.1:${(silent.address() as AddressInfo).port}/nothing`;
  const database = openDatabase(url, { applicationName: 'test', connectionsMax: 2, queryTimeoutMs: 100 });
  try {
    for (const step of [() => database.execute('SELECT 1'), () => database.transaction(async () => {})])
      await assert.rejects(
        boundedQuery<unknown>(database, step),
        (error) => error instanceof ProblemError && error.code === 'database_unavailable',
      );
  } finally {
    for (const socket of sockets) socket.destroy();
    silent.close();
    await database.$client.end();
  }
});
