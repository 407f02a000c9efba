/**
 * The parser of server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream: takes a
 * stream's text in pieces, wherever it is cut.
 */

export interface Message {
  /** Undefined if the message names none; the one before then still holds. */
  readonly id: string | undefined;
  /** Undefined for a message that says an id and nothing else. */
  readonly data: string | undefined;
}

/** More than any event has. */
const LINE_CHARACTERS_MAX = 16 * 1024 * 1024;

/** Returns the function that takes the next piece and returns the messages that it ends. Throws at a line without an end. */
export function createMessageParser(): (piece: string) => Message[] {
  let rest = '';
  let isAfterCr = false;
  let id: string | undefined;
  let data: string[] = [];

  return (piece) => {
    // CR LF is one end of a line, also where the pieces meet between the two.
    const text = isAfterCr && piece.startsWith('\n') ? piece.slice(1) : piece;
    if (piece !== '') isAfterCr = piece.endsWith('\r');
    const lines = (rest + text).split(/\r\n|\r|\n/);
    rest = lines.pop()!;
    if (rest.length > LINE_CHARACTERS_MAX) throw new Error('the stream has a line without an end');
    return lines.flatMap(takeLine);
  };

  function takeLine(line: string): Message[] {
    if (line === '') return endMessage();
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (field === 'data') data.push(value);
    if (field === 'id' && !value.includes('\0')) id = value;
    return [];
  }

  function endMessage(): Message[] {
    const message = { id, data: data.length === 0 ? undefined : data.join('\n') };
    [id, data] = [undefined, []];
    return message.id === undefined && message.data === undefined ? [] : [message];
  }
}
