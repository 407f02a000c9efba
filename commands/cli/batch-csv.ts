/**
 * The items of a batch, read from a CSV file and written into one. It judges the file's shape alone, and names the line of an error; the API judges what
 * the items say.
 */
import { isUtf8 } from 'node:buffer';
import { CsvError, parse } from 'csv-parse/sync';
import type { BodyOf } from '../../client/client.ts';
import { CommandError } from './exit-code.ts';

/** A row's fields, named as the API names them. */
export type BatchItem = BodyOf<'createTransferBatch'>['items'][number];

export interface BatchRow {
  /** The line of the file on which it ends, counted from 1. */
  readonly line: number;
  readonly item: BatchItem;
}

const REQUIRED = ['sender_wallet_id', 'receiver_wallet_id', 'amount'] as const;
const OPTIONAL = ['currency', 'reference'] as const;
const COLUMNS: readonly string[] = [...REQUIRED, ...OPTIONAL];

/**
 * Returns the text of a file, which has to be UTF-8, as a payment would otherwise have another reference. Throws a CommandError.
 */
export function decodeCsv(bytes: Buffer, file: string): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let line = 1;
  for (let start = 0; start < bytes.length; line += 1) {
    const end = bytes.indexOf('\n', start);
    const stop = end === -1 ? bytes.length : end;
    if (!isUtf8(bytes.subarray(start, stop))) break;
    start = stop + 1;
  }
  throw new CommandError(`${file}, line ${line}: it is not UTF-8`);
}

/** Returns the rows of a file's text. Throws a CommandError if the file's shape is wrong. */
export function readBatchRows(text: string, file: string): BatchRow[] {
  const rows = parseRows(text, file);
  if (rows.length === 0) throw new CommandError(`${file} has no items below its header`);
  return rows.map(({ record, line }) => {
    const empty = REQUIRED.find((column) => record[column] === '');
    if (empty !== undefined) throw new CommandError(`${file}, line ${line}: ${empty} is empty`);
    // An optional cell that is empty means that the field is left out.
    return {
      line,
      item: Object.fromEntries(Object.entries(record).filter(([, cell]) => cell !== '')) as unknown as BatchItem,
    };
  });
}

/** Returns the text of a file of these items, which reads as the same items. */
export function renderBatchRows(items: readonly BatchItem[]): string {
  const columns = [...REQUIRED, ...OPTIONAL];
  const rows = items.map((item) => columns.map((column) => quoted(item[column] ?? '')).join(','));
  return [columns.join(','), ...rows, ''].join('\n');
}

/** Blanks at the edges are kept within quotes alone. */
function quoted(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function parseRows(text: string, file: string): { record: Record<string, string>; line: number }[] {
  const judgeHeader = (header: string[]): string[] => {
    const missing = REQUIRED.filter((column) => !header.includes(column));
    const unknown = header.filter((column) => !COLUMNS.includes(column));
    if (missing.length === 0 && unknown.length === 0 && new Set(header).size === header.length) return header;
    const wrong = [
      ...missing.map((column) => `${column} is missing`),
      ...unknown.map((column) => `there is no ${JSON.stringify(column)}`),
    ].join(', ');
    throw new CommandError(
      `${file}, line 1: the header must name ${REQUIRED.join(', ')} and may name ${OPTIONAL.join(', ')}: ${wrong || 'a column is there twice'}`,
    );
  };
  try {
    // The parser counts a line end within quotes twice if it is two characters.
    const parsed: unknown = parse(text.replaceAll('\r\n', '\n'), {
      bom: true,
      columns: judgeHeader,
      info: true,
      skip_empty_lines: true,
      trim: true,
    });
    return (parsed as { record: Record<string, string>; info: { lines: number } }[]).map(({ record, info }) => ({
      record,
      line: info.lines,
    }));
  } catch (error) {
    if (error instanceof CsvError) throw new CommandError(`${file}: ${error.message}`);
    throw error;
  }
}
