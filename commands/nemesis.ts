/**
 * `npm run nemesis`: brings up a stack of its own, lets clients move money on it while faults drawn from a seed strike, and then
 * compares everything that clients were told with what is stored. It leaves nothing behind, unless there is a violation.
 * `--minutes`, `--seed`; `--kafka` also has it publish to a broker, which is hurt too; `--report FILE` writes a page about the run;
 * `--json`: one object on the last line. Exits 0 if nothing was
 * violated, 1 if something was, 2 if it was called wrongly, 3 if the run could not be carried out to its end.
 */
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { arch, cpus, release, totalmem, type as system } from 'node:os';
import { cacheDirectory } from '../dev/cache.ts';
import { findKafkaServer } from '../dev/kafka-server.ts';
import { showProgress } from '../dev/progress.ts';
import { FAULT_KINDS } from '../nemesis/faults.ts';
import { kafkaFault } from '../nemesis/kafka-fault.ts';
import { commandOf, describeReport, reportAsJson, reportAsPage } from '../nemesis/report.ts';
import { runNemesis } from '../nemesis/run.ts';
import { readSettings } from '../process/config.ts';
import { EXIT } from '../process/exit-code.ts';
import own from '../package.json' with { type: 'json' };
import { readFlags, wholeNumber } from './arguments.ts';
import { exitCodeFor, isExplained } from './exit.ts';
import { ownEnvironment } from './own-environment.ts';

const USAGE =
  'Usage: npm run nemesis -- [--minutes 5] [--seed N] [--kafka] [--report FILE] [--json]\n' +
  '--kafka: with a Kafka broker, for which Java 17 and Maven are needed';
const MINUTES = { default: '5', max: 24 * 60 };

/** One Ctrl-C arrives twice, from the terminal and forwarded by npm. */
const SAME_REQUEST_MS = 500;

const isJson = process.argv.includes('--json');
const interrupt = new AbortController();
let askedAtMs: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    askedAtMs ??= Date.now();
    // Asked a second time: exit hooks end at once what is left.
    if (Date.now() - askedAtMs > SAME_REQUEST_MS) process.exit(130);
    interrupt.abort();
  });

try {
  const { minutes, seed, hasKafka, report: page } = readArguments();
  const environment = ownEnvironment();
  // Its processes read the settings for themselves, later and elsewhere.
  readSettings(environment);
  const say = (line: string): void => console.error(line);
  say(`Seed ${seed}, ${minutes} minutes. Again: ${commandOf({ seed, seconds: minutes * 60, hasKafka })}`);
  const broker = hasKafka ? await startBroker(environment) : undefined;
  const report = await runNemesis({
    seed,
    seconds: minutes * 60,
    kinds: hasKafka ? [...FAULT_KINDS, kafkaFault] : FAULT_KINDS,
    broker,
    environment,
    say,
    signal: interrupt.signal,
  });
  await broker?.remove();
  if (page !== undefined) writeFileSync(page, reportAsPage(report, aboutThis()));
  console.log(isJson ? JSON.stringify(reportAsJson(report)) : describeReport(report));
  process.exit(report.violationsTotal > 0 ? EXIT.failed : report.ok ? EXIT.ok : EXIT.unreachable);
} catch (error) {
  console.error(isExplained(error) ? error.message : error);
  if (isJson) console.log(JSON.stringify({ ok: false, error: error instanceof Error ? error.message : String(error) }));
  process.exit(exitCodeFor(error, EXIT.unreachable));
}

function readArguments() {
  const values = readFlags(
    {
      minutes: { type: 'string' },
      seed: { type: 'string' },
      kafka: { type: 'boolean' },
      report: { type: 'string' },
      json: { type: 'boolean' },
    },
    USAGE,
  );
  return {
    minutes: wholeNumber('--minutes', values.minutes ?? MINUTES.default, { min: 1, max: MINUTES.max, usage: USAGE }),
    seed: wholeNumber('--seed', values.seed ?? `${randomInt(1_000_000)}`, { max: 2 ** 32, usage: USAGE }),
    hasKafka: values.kafka === true,
    report: values.report,
  };
}

/** Its client takes a third of a second to load. It ends with this process at the latest. */
async function startBroker(environment: NodeJS.ProcessEnv) {
  const { startKafkaBroker } = await import('../dev/kafka-broker.ts');
  const cacheDir = cacheDirectory(environment['XDG_CACHE_HOME']);
  const step = showProgress(process.stderr).begin('Kafka');
  const run = await findKafkaServer({ cacheDir, environment, step });
  const broker = await startKafkaBroker({ run, cacheDir });
  step.done(broker.address);
  return broker;
}

function aboutThis() {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    version: own.version,
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpu?.model ?? arch()}, ${memory} GB, ${system()} ${release()}, Node ${process.version}`,
  };
}
