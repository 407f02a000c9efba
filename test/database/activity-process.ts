// A projection as a process of its own: `node activity-process.ts <url of the events database> [flows]`. It ends with its owner.

import { pino } from 'pino';
import { openDatabase } from '../../db/database.ts';
import { startFlows } from '../../workers/events/flows.ts';
import { startWalletActivity } from '../../workers/events/wallet-activity.ts';

const [url, projection] = process.argv.slice(2);
const database = openDatabase(url!, {
  applicationName: 'counterpoise-test',
  connectionsMax: 5,
  queryTimeoutMs: 15_000,
});
process.stdin.on('end', () => process.exit(1)).resume();
const start = projection === 'flows' ? startFlows : startWalletActivity;
start({ database, logger: pino({ level: 'silent' }) });
console.log('started');
