/** The output of a command for people: aligned text, with colors on a terminal alone. */
import { stripVTControlCharacters, styleText } from 'node:util';

const GOOD = new Set(['COMPLETED', 'PROCESSED', 'ACTIVE', 'DELIVERED']);
const BAD = new Set(['FAILED', 'CANCELED', 'SUSPENDED', 'DISABLED', 'EXPIRED']);
const GAP = '  ';

/** A status in its color. styleText adds none if standard output is no terminal or NO_COLOR is set. */
export function status(text: string): string {
  if (GOOD.has(text)) return styleText('green', text);
  return BAD.has(text) ? styleText('red', text) : styleText('yellow', text);
}

/** Columns as wide as their widest cell; those whose title begins with a space are aligned to the right. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const heads = titles.map((title) => styleText('dim', title.trim()));
  const widths = titles.map((_, column) => Math.max(...[heads, ...rows].map((row) => widthOf(row[column]!))));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat(widths[column]! - widthOf(cell));
        return titles[column]!.startsWith(' ') ? padding + cell : cell + padding;
      })
      .join(GAP)
      .trimEnd();
  return [heads, ...rows].map(line).join('\n');
}

/** The table of a page of a list, and a line that says so if there are more. */
export function listedTable(
  nextCursor: string | null,
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const shown = table(titles, rows);
  return nextCursor === null ? shown : `${shown}\n\nThere are more: --limit shows up to 200.`;
}

/** One object, with a line for each field; fields without a value are left out. */
export function fields(values: Readonly<Record<string, string | null | undefined>>): string {
  const given = Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const width = Math.max(...given.map(([name]) => name.length));
  return given.map(([name, value]) => `${styleText('dim', name.padEnd(width))}${GAP}${value}`).join('\n');
}

/** Text that others wrote, of any length: the start of it, in one line that moves no cursor and sets no color. Null if it is empty. */
export function oneLine(text: string, charactersMax = 200): string | null {
  const line = stripVTControlCharacters(text)
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim();
  return line.length > charactersMax ? `${line.slice(0, charactersMax)}…` : line || null;
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
