/**
 * The peer on Restate: a saga as in its guide (docs.restate.dev: Sagas, Durable Steps, HTTP). The handler of a service runs each
 * statement in ctx.run and keeps its undo. It is called through the server's own ingress, with the transfer's id as the idempotency
 * key, so it needs no HTTP endpoint of ours. Run by kinds.ts.
 */
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import * as restate from '@restatedev/restate-sdk';
import { LegRefused, type Movement, type Statements } from '../statements.ts';
import { runPeer } from './peer-process.ts';
import { startRestateServer } from './restate-server.ts';

const LOGGED: readonly string[] = ['warn', 'error'];

await runPeer(async ({ directory }, statements) => {
  const handler = restate.createEndpointHandler({
    services: [transfers(statements)],
    // The default logger writes two lines an invocation.
    logger: ({ level }, message) => {
      if (LOGGED.includes(level)) console.error(message);
    },
  });
  const endpoint = createServer(handler).listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
  const server = await startRestateServer(directory);
  await server.register(`http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`);
  return {
    url: `${server.ingressUrl}/restate/call/Transfers/move`,
    async close() {
      await server.stop();
      endpoint.close();
    },
  };
});

type Leg = Exclude<keyof Statements, 'accept' | 'close'>;

function transfers(statements: Statements) {
  return restate.service({
    name: 'Transfers',
    handlers: {
      async move(ctx: restate.Context, movement: Movement): Promise<{ status: string }> {
        const { terms } = movement;
        const run = (name: Leg) => ctx.run(name, () => statements[name](terms).catch(asTerminal));
        const undo: (() => Promise<void>)[] = [];
        try {
          undo.push(() => run('recordFailed'));
          await ctx.run('accept', () => statements.accept(movement));
          undo.push(() => run('giveBack'));
          await run('debit');
          await run('recordDebited');
          await run('credit');
          await run('recordCompleted');
          return { status: 'COMPLETED' };
        } catch (error) {
          if (error instanceof restate.TerminalError) for (const compensate of undo.toReversed()) await compensate();
          throw error;
        }
      },
    },
  });
}

/** Turns a refusal into Restate's TerminalError, because retries would not change it. */
function asTerminal(error: unknown): never {
  throw error instanceof LegRefused ? new restate.TerminalError(error.message) : error;
}
