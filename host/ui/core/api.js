// api.js - asks the host. Names are addresses under /api: get("runs/7"). What goes wrong is an ApiError that says what, where and what to
// do, in the host's own words when it answered; when it did not, the error's code is "offline".
//
//   const { data, etag } = await get("projects/lamp/artifacts/plans/03.json");
//   await put("projects/lamp/artifacts/plans/03.json", { content, kind }, etag);      // ApiError 412 with .current when it changed meanwhile

const BUSY_TRIES = 6;

export class ApiError extends Error {
  constructor(message, { status = 0, code = "failed", hint = "", current = null, details = null } = {}) {
    super(message);
    Object.assign(this, { status, code, hint, current, details });
  }
}

export const address = (name) => new URL(`api/${name}`, document.baseURI).href;

// "a b/c" -> "a%20b/c": names of artifacts and scripts have slashes that stay.
export const path = (name) => String(name).split("/").map(encodeURIComponent).join("/");

async function failure(response) {
  let told = null;
  try {
    told = (await response.json()).error;
  } catch {
    // Not from the host but from something between: the status has to do.
  }
  if (response.status === 401) document.dispatchEvent(new CustomEvent("quire:signed-out"));
  return new ApiError(told?.message ?? `The answer was ${response.status} ${response.statusText}.`, {
    status: response.status, code: told?.code, hint: told?.hint ?? "", current: told?.current ?? null, details: told,
  });
}

// Rejects as a fetch does when the signal ends it.
async function pause(ms, signal) {
  const ended = new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true }));
  await Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), ended]);
  signal?.throwIfAborted();
}

// The answer; an ApiError otherwise. A host that has no thread free ("busy") has done nothing yet, whatever it was asked: so it is asked again.
async function ask(method, name, body, etag, signal) {
  for (let tries = 1; ; tries++) {
    const response = await once(method, name, body, etag, signal);
    if (response.ok) return { data: response.status === 204 ? null : await response.json(), etag: response.headers.get("ETag") };
    const error = await failure(response);
    if (error.code !== "busy" || tries === BUSY_TRIES) throw error;
    await pause((Number(response.headers.get("Retry-After")) || 1) * 1000 * (0.5 + Math.random()), signal);
  }
}

async function once(method, name, body, etag, signal) {
  const headers = {};
  if (method !== "GET") headers["X-Quire-Csrf"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (etag) headers["If-Match"] = etag;
  try {
    return await fetch(address(name), { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (e) {
    if (e.name === "AbortError") throw e;
    throw new ApiError("Quire does not answer.", { code: "offline", hint: "It may just be starting again; nothing is lost. Reconnecting automatically." });
  }
}

export const get = (name, signal) => ask("GET", name, undefined, null, signal);
export const post = (name, body = {}, etag, signal) => ask("POST", name, body, etag, signal);
export const put = (name, body, etag) => ask("PUT", name, body, etag);
export const del = (name, etag) => ask("DELETE", name, undefined, etag);
