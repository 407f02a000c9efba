// The projection as a process of its own: `node activity-process.ts <url of the events database>`. It ends with its owner.

import { pino } from 'pino';
import { openDatabase } from '../../db/database.ts';
import { startWalletActivity } from '../../workers/events/wallet-activity.ts';

const database = openDatabase(process.argv[2]!, {
  applicationName: 'counterpoise-test',
  connectionsMax: 5,
  queryTimeoutMs: 15_000,
});
process.stdin.on('end', () => process.exit(1)).resume();
startWalletActivity(database, pino({ level: 'silent' }));
console.log('started');
