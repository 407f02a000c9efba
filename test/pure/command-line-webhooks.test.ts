// What the command line shows of deliveries and replays, from a fake API.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runCounterpoise, startFakeApi, type Ran } from './run-counterpoise.ts';

const AT = '2026-01-31T12:00:00.000Z';
const ENDPOINT = '4e7a1b0c-8d2f-4c35-9a6e-1f2b3c4d5e6f';
const REPLAY = '0d9c2f7e-6a51-4b3c-8e1d-7f2a3b4c5d6e';

const delivery = {
  ...{
    position: 42,
    webhook_id: 'evt_42',
    type: 'transfer.completed',
    subject: 's',
    status: 'PENDING',
    attempt_count: 2,
  },
  ...{ first_attempt_at: AT, next_attempt_at: AT, last_status_code: 503, last_error_code: 'refused', updated_at: AT },
};
const attempts = [
  { at: AT, status_code: null, error_code: 'timeout', answer: null, duration_ms: 15_000 },
  {
    at: AT,
    status_code: 503,
    error_code: 'refused',
    answer: 'down\r\n\u001b[2Jfor \u202emaintenance',
    duration_ms: 12,
  },
];
const replay = (members: object) => ({
  ...{
    replay_id: REPLAY,
    webhook_endpoint_id: ENDPOINT,
    from_position: 3,
    to_position: 9,
    types: null,
    only_failed: false,
  },
  ...{
    status: 'RUNNING',
    read_to: 2,
    delivered_count: 0,
    failed_count: 0,
    created_at: AT,
    finished_at: null,
    ...members,
  },
});

async function run(answers: Readonly<Record<string, () => object>>, ...args: string[]): Promise<Ran> {
  const { server, env } = await startFakeApi(({ route }) => {
    const [method, path = ''] = route.split(' ');
    const answer = answers[`${method} ${path.replace(`/v1/webhook-endpoints/${ENDPOINT}`, '')}`];
    return answer === undefined ? [404, {}] : [method === 'POST' ? 201 : 200, answer()];
  });
  try {
    return await runCounterpoise(['webhooks', ...args], { env });
  } finally {
    server.close();
  }
}

describe('webhooks', () => {
  test('deliveries are listed with the last answer, and one is shown with the answer to each attempt, in one line', async () => {
    const page = () => ({ data: [delivery], next_cursor: null });
    const { stdout: listed } = await run({ 'GET /deliveries': page }, 'deliveries', ENDPOINT);
    assert.equal(
      listed,
      `POSITION  STATUS   ATTEMPTS  LAST ANSWER  NEXT ATTEMPT              TYPE                SUBJECT
      42  PENDING         2  503 refused  ${AT}  transfer.completed  s
`,
    );
    const { stdout: shown } = await run(
      { 'GET /deliveries/42': () => ({ ...delivery, attempts }) },
      'delivery',
      ENDPOINT,
      '42',
    );
    assert.equal(
      shown,
      `position      42
type          transfer.completed
subject       s
status        PENDING
last answer   503 refused
next attempt  ${AT}

ATTEMPT                   ANSWER           TOOK  TEXT
${AT}  timeout      15000 ms
${AT}  503 refused     12 ms  down for maintenance
`,
    );
  });

  test('a replay is told by its id, and followed until it has ended; what failed of it ends with 1', async () => {
    let looks = 0;
    const ends = { status: 'COMPLETED', read_to: 9, delivered_count: 6, failed_count: 1, finished_at: AT };
    const answers = {
      'POST /replays': () => replay({}),
      'GET ': () => ({ webhook_endpoint_id: ENDPOINT, status: 'ACTIVE' }),
      [`GET /replays/${REPLAY}`]: () => replay(++looks < 2 ? {} : ends),
    };
    const asked = ['replay', ENDPOINT, '--from', '3', '--to', '9'];
    const begun = await run(answers, ...asked);
    assert.equal(begun.code, 0);
    assert.match(begun.stdout, new RegExp(`^replay +${REPLAY}\nstatus +RUNNING\n`));
    const followed = await run(answers, ...asked, '--wait');
    assert.deepEqual([followed.code, looks], [1, 2]);
    assert.match(followed.stdout, /\nstatus +COMPLETED\npositions +3 to 9\nsent to +9\ndelivered +6\nfailed +1\n/);
    assert.equal((await run(answers, ...asked, '--wait', '--json')).json<{ failed_count: number }>().failed_count, 1);
  });

  test('a replay to an endpoint that is not active is not waited for', async () => {
    const answers = {
      'POST /replays': () => replay({}),
      'GET ': () => ({ webhook_endpoint_id: ENDPOINT, status: 'PAUSED' }),
      [`GET /replays/${REPLAY}`]: () => replay({}),
    };
    const { code, stderr } = await run(answers, 'replay', ENDPOINT, '--from', '3', '--to', '9', '--wait');
    assert.deepEqual([code, stderr], [1, `counterpoise: the replay ${REPLAY} waits: its endpoint is PAUSED\n`]);
  });

  test('replays are listed with how far they are', async () => {
    const page = () => ({ data: [replay({ read_to: 5, delivered_count: 3 })], next_cursor: null });
    const { stdout } = await run({ 'GET /replays': page }, 'replays', ENDPOINT);
    assert.match(stdout, new RegExp(`\n${REPLAY}  RUNNING     3   9        5          3       0  ${AT}\n`));
  });
});
