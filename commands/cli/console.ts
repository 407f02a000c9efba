/** `counterpoise console`: a link that signs in to the console once. */
import type { Command } from 'commander';
import { openSession } from './session.ts';

export function addConsoleCommand(program: Command): void {
  program
    .command('console')
    .description('print a link that signs in to the console, once, on the machine of the API')
    .action(async (_: unknown, command: Command) => {
      const { client, baseUrl, print } = openSession(command);
      const link = await client.consoleSessions.createLink();
      const url = new URL(link.path, baseUrl).href;
      print({ url, expires_in: link.expires_in }, () => url);
    });
}
