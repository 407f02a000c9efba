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

/** Much more than a row has. Without it, a quote that is never closed would have all that follows read again and again. */
const FIELD_CHARACTERS_MAX = 100_000;

export function createCsvReader(): CsvReader {
  let rest = '';
  let separator: string | undefined;

  return {
    take(piece) {
      rest += piece;
      if (separator === undefined) {
        rest = rest.replace(/^\uFEFF/, '');
        if (!rest.includes('\n')) return [];
        separator = separatorOf(rest);
      }
      const end = lastLineEnd(rest, separator);
      const whole = rest.slice(0, end);
      rest = rest.slice(end);
      if (rest.length > FIELD_CHARACTERS_MAX + piece.length) throw new Error(NOT_CLOSED);
      return rowsOf(whole, separator);
    },
    end() {
      const last = `${rest.replace(/^\uFEFF/, '')}\n`;
      rest = '';
      const by = separator ?? separatorOf(last);
      if (lastLineEnd(last, by) !== last.length) throw new Error(NOT_CLOSED);
      return rowsOf(last, by);
    },
  };
}

const NOT_CLOSED = 'A quote is not closed.';

function separatorOf(text: string): string {
  return /^[^\n]*,/.test(text) ? ',' : ';';
}

/** Behind the last line end that is in no quoted field; 0 if there is none. */
function lastLineEnd(text: string, separator: string): number {
  let end = 0;
  for (let index = 0; index < text.length; index += 1) {
    index = fieldAt(text, index, separator)[1];
    if (text[index] === '\n') end = index + 1;
  }
  return end;
}

/** Rows with nothing in them are left out. */
function rowsOf(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (let index = 0; index < text.length; index += 1) {
    const [value, next] = fieldAt(text, index, separator);
    row.push(value);
    index = next;
    if (text[index] === separator) continue;
    rows.push(row);
    row = [];
  }
  return rows.filter((each) => each.some((field) => field.trim() !== ''));
}

/** The field that begins here, and the place of the separator or line feed that ends it. A quote within a plain field is a character. */
function fieldAt(text: string, from: number, separator: string): [value: string, next: number] {
  const [quoted, behind] = text[from] === '"' ? quotedAt(text, from) : ['', from];
  let end = behind;
  while (end < text.length && text[end] !== separator && text[end] !== '\n') end += 1;
  const plain =
    text[end] === '\n' && text[end - 1] === '\r' && end > behind
      ? text.slice(behind, end - 1)
      : text.slice(behind, end);
  return [quoted + plain, end];
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

/** A field that a spreadsheet would take for a formula gets an apostrophe before it. */
export function csvOf(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((row) => `${row.map((field) => csvField(String(field))).join(',')}\r\n`).join('');
}

function csvField(text: string): string {
  const safe = /^[=+@\t-]/.test(text) ? `'${text}` : text;
  return /[",;\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
