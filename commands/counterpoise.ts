/**
 * `npx counterpoise`: the command line, started by bin/counterpoise.js. Its commands are in cli/, the meaning of its exit codes is
 * in cli/exit-code.ts.
 */
import { runProgram } from './cli/program.ts';

process.exitCode = await runProgram(process.argv.slice(2));
