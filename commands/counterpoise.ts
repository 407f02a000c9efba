/**
 * `npx counterpoise`: the command line. Started by bin/counterpoise.js; what it can do is in cli/, what its exit codes mean in
 * cli/exit-code.ts.
 */
import { runProgram } from './cli/program.ts';

process.exitCode = await runProgram(process.argv.slice(2));
