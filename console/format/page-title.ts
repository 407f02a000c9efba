/** The name of a page in the browser's tab and history: its heading, and what it shows. */
const NAME = 'Counterpoise';
/** Of an id: enough to tell two tabs apart. */
const ID_LENGTH = 8;

interface Shown {
  /** Undefined before the page is there. */
  readonly heading: string | undefined;
  /** The id of what the page is about. */
  readonly subject: string | undefined;
  readonly query: URLSearchParams;
}

export function pageTitle({ heading, subject, query }: Shown): string {
  if (heading === undefined) return NAME;
  const of =
    subject === undefined ? '' : ` ${subject.length > ID_LENGTH ? `${subject.slice(0, ID_LENGTH)}…` : subject}`;
  const asked = ['q', 'status'].flatMap((name) => query.get(name) ?? []);
  return `${[heading + of, ...asked].join(', ')} · ${NAME}`;
}
