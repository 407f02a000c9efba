/**
 * The progress of work that takes long, on standard error, so that a command's own output stays clean. On a terminal one line is
 * redrawn; elsewhere a line is added every ten seconds.
 */
export interface Step {
  /** Shows in a few words what the step is doing. */
  readonly update: (detail: string) => void;
  readonly done: (outcome: string) => void;
  readonly fail: () => void;
}

export interface Progress {
  readonly begin: (title: string) => Step;
  /** One line that stays, between the moving ones. */
  readonly note: (text: string) => void;
}

const REDRAW_MS = 100;
const REPEAT_MS = 10_000;
/** A step that is over sooner is not worth a line before its outcome. */
const QUIET_MS = 2_000;

interface Running {
  readonly title: string;
  readonly startedAtMs: number;
  detail: string;
  saidAtMs: number;
}

export function showProgress(out: NodeJS.WriteStream): Progress {
  const running = new Set<Running>();
  let timer: NodeJS.Timeout | undefined;

  const clear = (): void => void (out.isTTY && out.write('\r\x1b[K'));
  const tick = (): void => {
    if (out.isTTY) {
      const line = [...running].map(describe).join(' · ');
      out.write(`\r\x1b[K${line.slice(0, (out.columns || 80) - 1)}`);
      return;
    }
    for (const step of running) {
      if (Date.now() - step.saidAtMs < REPEAT_MS) continue;
      step.saidAtMs = Date.now();
      out.write(`  … ${describe(step)}\n`);
    }
  };
  const end = (step: Running): void => {
    running.delete(step);
    clear();
    if (running.size === 0) clearInterval(timer);
  };

  return {
    note: (text) => {
      clear();
      out.write(`${text}\n`);
    },
    begin: (title) => {
      const step: Running = { title, startedAtMs: Date.now(), detail: '', saidAtMs: Date.now() - REPEAT_MS + QUIET_MS };
      if (running.size === 0) timer = setInterval(tick, REDRAW_MS).unref();
      running.add(step);
      return {
        update: (detail) => {
          step.detail = detail;
        },
        done: (outcome) => {
          end(step);
          out.write(`  ✓ ${step.title}: ${outcome} (${secondsSince(step)})\n`);
        },
        fail: () => end(step),
      };
    },
  };
}

/** For tests and commands that have nothing to show. */
export const silentProgress: Progress = {
  note: () => {},
  begin: () => ({ update: () => {}, done: () => {}, fail: () => {} }),
};

function describe(step: Running): string {
  return `${step.title}${step.detail ? `: ${step.detail}` : ''} (${secondsSince(step)})`;
}

function secondsSince(step: Running): string {
  const seconds = (Date.now() - step.startedAtMs) / 1000;
  return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
}
