/**
 * CSV as spreadsheets write it, read in pieces wherever they are cut, and written. Fields may be quoted, with doubled quotes and line
 * ends inside; lines end in LF or CR LF; the separator is a comma, or a semicolon where the first line has no comma.
 */
export interface CsvReader {
  /** Takes the next piece, and returns the rows that it ends. */
  readonly take: (piece: string) => string[][];
  /** Returns the last row, if the text does not end with a line. Throws if a quote was not closed. */
  readonly end: () => string[][];
}

export function createCsvReader(): CsvReader {
  let rest = '';
  let separator: string | undefined;

  return {
    take(piece) {
      rest += piece;
      const end = lastLineEnd(rest);
      const whole = rest.slice(0, end);
      rest = rest.slice(end);
      return parse(whole);
    },
    end() {
      if (isOpen(rest)) throw new Error('A quote is not closed.');
      const last = rest;
      rest = '';
      return parse(last);
    },
  };

  function parse(text: string): string[][] {
    const lines = text.replace(/^\uFEFF/, '');
    if (lines === '') return [];
    separator ??= /^[^\n]*,/.test(lines) ? ',' : ';';
    return rowsOf(lines, separator).filter((row) => row.some((field) => field.trim() !== ''));
  }
}

/** Behind the last line end that is in no quoted field; 0 if there is none. */
function lastLineEnd(text: string): number {
  let end = 0;
  let isQuoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === 34) isQuoted = !isQuoted;
    else if (character === 10 && !isQuoted) end = index + 1;
  }
  return end;
}

function isOpen(text: string): boolean {
  return (text.match(/"/g)?.length ?? 0) % 2 === 1;
}

function rowsOf(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let index = 0;
  while (index < text.length) {
    const [value, next] = text[index] === '"' ? quotedAt(text, index) : plainAt(text, index, separator);
    row.push(value);
    index = next;
    if (text[index] === separator) {
      index += 1;
      // A separator at the end of a line is followed by an empty field.
      if (index === text.length || text[index] === '\n' || text[index] === '\r') row.push('');
      else continue;
    }
    if (text[index] === '\r') index += 1;
    if (text[index] === '\n') index += 1;
    rows.push(row);
    row = [];
  }
  return rows;
}

function quotedAt(text: string, from: number): [value: string, next: number] {
  let end = from + 1;
  for (;;) {
    end = text.indexOf('"', end);
    if (end === -1) return [text.slice(from + 1), text.length];
    if (text[end + 1] !== '"') break;
    end += 2;
  }
  return [text.slice(from + 1, end).replaceAll('""', '"'), end + 1];
}

function plainAt(text: string, from: number, separator: string): [value: string, next: number] {
  let end = from;
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end += 1;
  return [text.slice(from, end), end];
}

/** A field that a spreadsheet would take for a formula gets an apostrophe before it. */
export function csvOf(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((row) => `${row.map((field) => csvField(String(field))).join(',')}\r\n`).join('');
}

function csvField(text: string): string {
  const safe = /^[=+@\t-]/.test(text) ? `'${text}` : text;
  return /[",;\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
