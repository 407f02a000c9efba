/** The items of a CSV file, read a piece at a time, so that a large file neither freezes the page nor is in memory as text as a whole. */
import { createCsvReader } from '../format/csv.ts';
import { faultOfHeader, itemOf, ROWS_MAX, type BatchItem } from '../format/batch-rows.ts';

export interface ReadItems {
  readonly name: string;
  readonly items: BatchItem[];
  readonly header: readonly string[];
}

/** `onShare` is told from 0 to 1 how much was read. Throws an error for the person where the file is no such CSV. */
export async function readItems(file: File, onShare: (share: number) => void): Promise<ReadItems> {
  const reader = createCsvReader();
  const items: BatchItem[] = [];
  let header: string[] | undefined;
  let bytes = 0;
  const add = (rows: string[][]): void => {
    for (const row of rows) {
      if (items.length === ROWS_MAX) throw new Error('The file has more than 10,000 rows: a batch may have as many.');
      if (header !== undefined) items.push(itemOf(header, row, items.length + 1));
      else {
        const fault = faultOfHeader(row);
        if (fault !== undefined) throw new Error(fault);
        header = row;
      }
    }
  };
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (value: Uint8Array): string => {
    try {
      return decoder.decode(value, { stream: true });
    } catch {
      throw new Error('The file is not in UTF-8: save it as “CSV UTF-8”.');
    }
  };
  const pieces = file.stream().getReader();
  for (;;) {
    const { done, value } = await pieces.read();
    if (done) break;
    bytes += value.length;
    add(reader.take(decode(value)));
    onShare(bytes / file.size);
  }
  add(reader.take(decoder.decode()));
  add(reader.end());
  if (header === undefined || items.length === 0) throw new Error('The file has no rows.');
  return { name: file.name, items, header };
}
