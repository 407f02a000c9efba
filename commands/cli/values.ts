/** The parsers of options and arguments that are more than text. A wrong value is refused in commander's own way. */
import { InvalidArgumentError } from 'commander';

/** Whole seconds from `min` to `max`. */
export function seconds(min: number, max: number): (text: string) => number {
  return whole('whole seconds', min, max);
}

/** The most that the API returns in one page, and as many as it does unless it is told. */
const LISTED_MAX = 200;
export const LISTED_DEFAULT = 50;
export const LIMIT_HELP = `how many at most, up to ${LISTED_MAX}`;

/** How many a list is to show. */
export const listed = whole('a whole number', 1, LISTED_MAX);

/** How many events a list is to show. */
export const eventsListed = whole('a whole number', 1, 1_000);

/** The position of an event; 0 is before the first. */
export const position = whole('a position', 0, 10 ** 15 - 1);

export function whole(what: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`Expected ${what} from ${min} to ${max}.`);
    return value;
  };
}

/** Types of events, separated by commas. */
export function typeList(text: string): string[] {
  return text.split(',').map((type) => type.trim());
}

/** Parses `--metadata order=42 --metadata shop=7`, one pair a call. */
export function pair(text: string, pairs: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Expected name=value.');
  return { ...pairs, [text.slice(0, at)]: text.slice(at + 1) };
}

export function httpUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new InvalidArgumentError('Expected a URL such as http://127.0.0.1:3000.');
  return text;
}

/** Returns the options that were given, without those that were not: the API takes no empty fields. */
export function given<Values extends object>(
  values: Values,
): { [Name in keyof Values]?: Exclude<Values[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Values]?: Exclude<Values[Name], undefined>;
  };
}
