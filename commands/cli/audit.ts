/** `counterpoise audit`: the checks of `npm run audit`, with the command line's exit codes. */
import type { Command } from 'commander';
import { readSettings } from '../../process/config.ts';
import { EXIT } from '../../process/exit-code.ts';
import type { EndCommand } from './exit-code.ts';
import { openSession } from './session.ts';

export function addAuditCommand(program: Command, end: EndCommand): void {
  program
    .command('audit')
    .description('check the invariants in all databases of the stack on DATA_DIR, or of the one that the settings name')
    .action(async (_options: object, command: Command) => {
      const { print } = openSession(command);
      // Imported only here: it brings Temporal's client and the database driver, which no other command needs.
      const { auditStack, findAuditTarget } = await import('../audit-stack.ts');
      const { auditAsJson, describeAudit } = await import('../../audit/report.ts');
      const report = await auditStack(findAuditTarget(readSettings()));
      if (!report.ok) end(EXIT.failed);
      print(auditAsJson(report), () => describeAudit(report));
    });
}
