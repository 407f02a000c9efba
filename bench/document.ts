/** The document docs/proof/bench.md, as a run of the bench writes it, with its picture beside it. */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pictureOf } from './picture.ts';
import { sections, titleOf, type Report } from './report.ts';

/** Writes the document to `path`, which ends in .md, and the picture to the same path with .svg. */
export function writeDocument(path: string, report: Report): void {
  const picture = path.replace(/\.md$/, '.svg');
  writeFileSync(picture, pictureOf(report.results));
  writeFileSync(path, documentOf(report, basename(picture), process.argv.slice(2)));
}

/** The text of the document; `picture` is the path of its picture, `flags` are those with which the bench was run. */
export function documentOf(report: Report, picture: string, flags: readonly string[]): string {
  const { goals, single, costs, batches, reads, shapes, orders, machines } = sections(report);
  const machine = Object.entries(report.machine).map(([name, value]) => `${name}: ${value}`);
  const command = `npm run bench -- ${flags.filter((flag) => flag !== '--json').join(' ')}`;
  return `# How fast, against what

Written by \`${command}\`, which takes ${Math.round(report.tookSeconds / 60)} minutes and prints the same tables. Everything is
measured side by side in one run, in turns: each round opens, warms up, measures and closes each subject, every other round
backwards, while the others do not run. Figures are medians of the rounds, with the least and the greatest; a ratio is
the median of the rounds' ratios. Load comes from another process of the same machine, so absolute figures are this machine's;
the ratios are what to compare.

${machine.join(' · ')}

## Goals

${goals}

${report.isAudited ? 'Afterwards the audit held over everything that was moved and ordered (I1 to I8, O1 to O8).' : '**Afterwards the audit did not hold.**'}

${failuresOf(report)}

![Counterpoise and what it is compared with](${picture})

## Single transfers

Each moves 1.00 between two of a thousand wallets in two databases, and has ended when whoever asked for it is told. Counterpoise's
come over HTTP with \`Prefer: wait\`, to one process that holds API and workers, as \`npm start\` runs it. The floors come from
the process of the bench, without HTTP: the five statements of a transfer (accepted, debit, DEBITED, credit, COMPLETED) with
nobody in charge of them, and a workflow that does nothing, started eagerly and awaited on the same Temporal server.
[bench/peers](../../bench/peers) has what else there is, each a process of its own that is asked over HTTP as well, and says how it is written.
The peers run one durable execution for each request, as Counterpoise does by default; grouped, the transfers that arrive together share one.
With many at once a measurement is cut off 15 s after its time: where fewer have ended by then than twice as many as are at once, the times are those of the fastest.

${single}

${costsOf(costs)}## Batches

A batch counts from its request until it is answered that its last item has ended; one at a time, and \`a second\` are transfers. TPC-B
is what pgbench measures, at 20 at a time on the same PostgreSQL${report.tpcbBy === 'node' ? ', its statements sent by Node, for the embedded PostgreSQL has no pgbench' : ''}.

${batches}

## Reads

${reads}

## Growth and shape

Counterpoise against itself, in local dispatch. The transfers that are there came by batches; each size has databases of its own on
the same server, and all were vacuumed before. One shard or two makes no server more, here: both are databases of one.

${shapes}

## Orders

An order of one unit counts from its request until it is answered that it is CONFIRMED: its goods are reserved, its money held by a
transfer of its own, its delivery booked. It comes over HTTP with \`Prefer: wait\`, to one process that holds API and workers of all
services. Orders that are there are delivered and paid; they were stored by thousands at a time in databases of their own, without their transfers.

${orders}

## Memory, starts, history

Memory is what is resident; of PostgreSQL, each page that its processes share counts once. A cold start begins without a data directory; a warm one
is of the same directory again. Both end when \`GET /health/ready\` answers 200.

${machines}
`.replaceAll(/\n{3,}/g, '\n\n');
}

function failuresOf({ brokenOff, results }: Report): string {
  const failures = [
    ...results
      .filter(({ failed }) => failed > 0)
      .map(({ id, atOnce, failed }) => `Failed: ${failed} of ${titleOf(id)}, ${atOnce} at once.`),
    ...brokenOff.map((turn) => `Broke off and was taken once more: ${turn}.`),
  ];
  return failures.length === 0 ? 'Nothing failed.' : failures.map((each) => `**${each}**`).join('\n');
}

function costsOf(costs: string): string {
  return `## What is watched and guarded

Processes in local dispatch that differ in one setting from how they are by default. All of them run at once, each on databases of its own,
and are asked in turns of two seconds, for a few per cent are less than what a machine's speed changes by from one minute to the next.

${costs}

`;
}
