// A consumer as a process of its own: `node consumer-process.ts <url> <how it ends> <at which event>`. It ends with its owner.

import pg from 'pg';
import { consume } from '../../client/consumer/consumer.ts';
import { tableSource, writeEffect } from './consuming.ts';

const [url, ends, eventId] = process.argv.slice(2);
const store = new pg.Pool({ connectionString: url!, max: 4 });
store.on('error', () => {});
process.stdin.on('end', () => process.exit(1)).resume();

await consume({
  name: 'effects',
  source: tableSource(store),
  store,
  signal: new AbortController().signal,
  leaseMs: 900,
  handlerLimitMs: 900,
  retryPausesMs: [10, 10, 10, 10],
  onError: (error) => console.log(`error ${(error as Error).name}`),
  async handle(events, connection) {
    for (const event of events) {
      await writeEffect(event, connection);
      if (event.id !== eventId || ends === 'never') continue;
      console.log('reached');
      // What is said has to leave the process first.
      await new Promise((resolve) => process.stdout.write('', resolve));
      process.kill(process.pid, ends === 'frozen' ? 'SIGSTOP' : 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    console.log('handled');
  },
});
