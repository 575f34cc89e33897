// fuzz.js - walks the API's own OpenAPI document and sends what no honest client would: node fuzz.js BASE TOKEN SEED. Prints one line for
// each answer that is none (no answer in time) or a 5xx without a reason to be one; the last line says how many requests were made.
//
// Only one host and a library that is thrown away: requests with good tokens change and delete things here.
'use strict';
const http = require('node:http');
const net = require('node:net');

const [base, token, seedText] = process.argv.slice(2);
const url = new URL(base);
const ANSWER_MS = 30000;

let seed = Number(seedText) || 1;
const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
const pick = (list) => list[random(list.length)];

let sent = 0, bad = 0;
const complain = (what) => { bad++; console.log(what); };

// 503 says "not now", 507 that the disk is full, 502 that a provider failed: honest words of a host that is well.
const fair = (status) => status < 500 || [502, 503, 507].includes(status);

function send(method, path, headers, body) {
  sent++;
  // Node gives no length to the body of a DELETE: its bytes would be read as the start of the connection's next request.
  if (body !== undefined) headers['Content-Length'] = Buffer.byteLength(body);
  return new Promise((resolve) => {
    const what = `${method} ${path.slice(0, 200)} ${String(body).slice(0, 200)}`;
    const request = http.request({ host: url.hostname, port: url.port, method, path, headers, timeout: ANSWER_MS }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece) => { if (text.length < 4e6) text += piece; });
      answer.on('end', () => {
        if (!fair(answer.statusCode)) complain(`${answer.statusCode} ${what}: ${text.slice(0, 200)}`);
        if (answer.statusCode >= 400 && method !== 'HEAD' && !/"error":\{"code"/.test(text) && !path.startsWith('/read') && !path.startsWith('/files'))
          complain(`${answer.statusCode} without an error ${what}: ${text.slice(0, 100)}`);
        resolve({ status: answer.statusCode, text, headers: answer.headers });
      });
      answer.on('error', () => resolve({ status: 0 }));
    });
    request.on('timeout', () => { complain(`no answer ${what}`); request.destroy(); });
    request.on('error', () => resolve({ status: 0 })); // refused and closed: fine for what is no HTTP
    request.end(body);
  });
}

// ---- values of the wrong kind

const strange = [null, true, 0, -1, 1e308, 9007199254740993, 0.5, '', 'x', '../..', '%00', '\u0000', 'ä'.repeat(3), '\u202e', '<script>',
  'x'.repeat(70000), [], [[]], {}, { a: { b: [] } }, [null], ['read'], { '': ['rehearsal/novelist'] }, '9'.repeat(30), 'a'.repeat(201)];
const good = { pipeline: 'generate_book', input: { brief: 'A lamp.', chapters: 2 }, hold: true, name: 'notes.md', kind: 'markdown',
  content: 'Text.', choice: 'approve', scopes: ['read'], text: 'a note', source: 'return {}', version: 1, key: 'k', older_ms: 1e12,
  password: null };
const segments = ['1', '0', '-1', '999999', '99999999999999999999', 'x', '%2e%2e', '..%2f..', 'a%00b', '%', '%zz', '%ff', 'fuzzed', 'chapters%2F01.md',
  'a'.repeat(5000), '%F0%9F%92%A1', 'CON', '.', '..', 'generate_book', 'phases/writing', 'rehearsal', 'with+plus', '1e3', '1%20'];

function valueFor(name, schema, honest) {
  if (honest && name in good) return good[name];
  if (random(3) === 0 || !schema.type) return pick(strange);
  return { string: () => pick(['x', 'generate_book', 'fuzzed', '1']), integer: () => random(5), number: () => random(9) / 3, boolean: () => !!random(2),
    object: () => ({ a: 1 }), array: () => [pick(strange)] }[schema.type]();
}

function bodyFor(operation) {
  const schema = operation.requestBody?.content['application/json'].schema;
  if (random(6) === 0) return pick(['', '{', '[]', 'null', '"', '{"a":1,"a":2}', '[' .repeat(3000), '{"a":' .repeat(200), '\ufeff{}', '{"\ud800":1}', '{}x', '1e999']);
  if (!schema) return pick(['', '{}', '[1]']);
  const honest = random(2) === 0, body = {};
  for (const [name, field] of Object.entries(schema.properties ?? { any: {} })) if (random(3)) body[name] = valueFor(name, field, honest);
  if (random(8) === 0) body['unknown' + random(9)] = pick(strange);
  return JSON.stringify(body);
}

function pathFor(path, operation) {
  let out = path.replace(/\{[^}]*\}/g, () => pick(segments));
  const query = operation.parameters.filter((p) => p.in === 'query' && p.name !== 'wait' && random(2)).map((p) => `${p.name}=${pick(segments)}`);
  if (random(10) === 0) query.push('&&=&x', 'a'.repeat(9000));
  if (path === '/api/events') query.push('poll=1', 'wait=0');
  return query.length ? `${out}?${query.sort(() => random(2) - 0.5).join('&')}` : out;
}

function headersFor() {
  const headers = { Authorization: `Bearer ${token}` };
  if (random(8) === 0) headers.Authorization = pick(['Bearer', 'Basic eDp5', 'Bearer ' + 'x'.repeat(300), '']);
  if (random(3) === 0) headers['If-Match'] = pick(['"v1"', '"v0"', '*', 'v1', '""', '"v99999999999999999999"', 'W/"v1"', '"' + 'a'.repeat(64) + '"']);
  if (random(6) === 0) headers['If-None-Match'] = '*';
  if (random(6) === 0) headers['Last-Event-ID'] = pick(['0', '-1', 'x', '99999999999999999999']);
  if (random(6) === 0) headers.Cookie = pick(['quire_session=', 'quire_session=' + 'a'.repeat(64), '=;;;', 'quire_session', ';'.repeat(500)]);
  headers['Content-Type'] = pick(['application/json', 'application/json; charset=utf-8', 'text/plain', '']);
  return headers;
}

// ---- what is hardly HTTP

const raw = [
  'GET / HTTP/1.1\r\nHost: H\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
  'POST /api/runs HTTP/1.1\r\nHost: H\r\nContent-Length: -1\r\n\r\n',
  'POST /api/runs HTTP/1.1\r\nHost: H\r\nContent-Length: 3x\r\n\r\nabc',
  'POST /api/runs HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n',
  'POST /api/runs HTTP/1.1\r\nHost: H\r\nContent-Length: 99999999999999999999\r\n\r\n',
  'POST /api/runs HTTP/1.1\r\nHost: H\r\nContent-Length: 40000000\r\n\r\n{}',
  'GET /api/runs HTTP/1.1\r\nHost: H\r\nHost: other\r\n\r\n',
  'GET /api/runs HTTP/1.1\r\n\r\n',
  'GET /api/runs\r\n\r\n',
  'GET  HTTP/1.1\r\nHost: H\r\n\r\n',
  'GET /../../etc/passwd HTTP/1.1\r\nHost: H\r\n\r\n',
  'GET /assets/x/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: H\r\n\r\n',
  'GET http://other.example/ HTTP/1.1\r\nHost: H\r\n\r\n',
  'GET /\u0001 HTTP/1.1\r\nHost: H\r\n\r\n',
  `GET /api/runs HTTP/1.1\r\nHost: H\r\nX-Long: ${'x'.repeat(40000)}\r\n\r\n`,
  `GET /api/runs HTTP/1.1\r\nHost: H\r\n${'X-Many: y\r\n'.repeat(300)}\r\n`,
  `GET /${'x'.repeat(30000)} HTTP/1.1\r\nHost: H\r\n\r\n`,
  'BREW /api/runs HTTP/1.1\r\nHost: H\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: H\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  '\r\n\r\n\r\n', '\0\0\0\0', 'GET /api/runs HTTP/9.9\r\nHost: H\r\n\r\n',
];

// Until the other side closes, or says nothing more for a moment. A 5xx is a complaint (505 and 501 are answers to what is no HTTP of ours).
function sendRaw(text) {
  sent++;
  return new Promise((resolve) => {
    let got = '';
    const socket = net.connect(url.port, url.hostname, () => socket.end(text.replaceAll('Host: H', `Host: ${url.host}`), 'latin1'));
    const end = () => {
      clearTimeout(timer);
      const status = Number((/^HTTP\/1\.1 (\d+)/.exec(got) ?? [])[1] ?? 0);
      if (status >= 500 && ![501, 503, 505].includes(status)) complain(`${status} ${JSON.stringify(text.slice(0, 100))}`);
      resolve();
    };
    const timer = setTimeout(() => { complain(`never closed ${JSON.stringify(text.slice(0, 100))}`); socket.destroy(); resolve(); }, ANSWER_MS);
    socket.on('data', (piece) => { got += piece; });
    socket.on('close', end);
    socket.on('error', () => {});
  });
}

// ---- the walk

// What would take long or change who may come in: walked with bad input by their own tests.
const skip = new Set(['post /api/scripts/dry-run', 'put /api/password', 'post /api/providers/{name}/test', 'post /api/providers/{provider}/test']);

async function main() {
  const headers = { Authorization: `Bearer ${token}` };
  const api = JSON.parse((await send('GET', '/api/openapi.json', headers)).text);
  const operations = [];
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, operation] of Object.entries(methods)) if (!skip.has(`${method} ${path}`)) operations.push({ path, method, operation });
  for (let round = 0; round < 12; round++) {
    const wave = [];
    for (const { path, method, operation } of operations) {
      const odd = random(12) === 0 ? pick(['PATCH', 'DELETE', 'PUT', 'HEAD', 'GET']) : method.toUpperCase();
      const verb = odd === 'DELETE' && method !== 'delete' ? 'PATCH' : odd;
      const where = path === '/api/events' && random(2) ? '/api/events?poll=1&wait=0' : pathFor(path, operation);
      if (path === '/api/events' && !/poll=1/.test(where)) continue;
      const body = verb === 'GET' || verb === 'HEAD' ? undefined : bodyFor(operation);
      wave.push(send(verb, where, headersFor(), body));
      if (random(4) === 0) wave.push(send(verb, where, headersFor(), body)); // submitted twice at once
    }
    await Promise.all(wave);
  }
  for (const text of raw) await sendRaw(text);
  const health = await send('GET', '/healthz', {});
  if (health.status !== 200) complain(`it does not answer any more: ${health.status} ${health.text}`);
  console.log(`${operations.length} operations, ${sent} requests, ${bad} complaints`);
}
main();
