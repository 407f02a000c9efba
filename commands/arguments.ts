/** The flags of a command line, and the numbers in them. The error for a wrong one says what was expected. */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { UsageError } from '../dev/stack-error.ts';

/**
 * Returns the values of the flags; throws a UsageError that ends with the usage if a flag is not known. `--help` prints the usage
 * and ends the process, before anything is done.
 */
export function readFlags<Options extends ParseArgsOptionsConfig>(options: Options, usage: string) {
  if (['--help', '-h'].some((flag) => process.argv.slice(2).includes(flag))) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${usage}`);
  }
}

interface Bounds {
  readonly min?: number;
  readonly max: number;
  readonly usage: string;
}

export function wholeNumber(flag: string, text: string, { min = 0, max, usage }: Bounds): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
    throw new UsageError(`${flag} is ${JSON.stringify(text)}: expected a whole number from ${min} to ${max}\n${usage}`);
  }
  return value;
}

/** A number from 0 to 1. */
export function share(flag: string, text: string, usage: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new UsageError(`${flag} is ${JSON.stringify(text)}: expected a number from 0 to 1\n${usage}`);
  return value;
}
