// status.js - tells the person something in the corner of the page, and to those who listen instead of look.
//
//   say("Saved.")                                             goes away by itself
//   say("Not saved.", { bad: true, hint: "...", action: "Try again", run })   stays until it is closed
//   tell("Chapter 3 is finished.")                            only spoken: for what is seen elsewhere on the page
//   failed(error, "The note was not sent")                    an ApiError in words
import { store } from "./store.js";

let number = 0;
store.set("notices", []);
store.set("spoken", "");

export function say(text, { bad = false, hint = "", action = "", run = null } = {}) {
  const notice = { id: ++number, text, bad, hint, action, run };
  store.set("notices", [...store.get("notices").slice(-2), notice]);
  if (!bad) setTimeout(() => dismiss(notice.id), 6000);
  return notice.id;
}

export function dismiss(id) {
  store.set("notices", store.get("notices").filter((notice) => notice.id !== id));
}

export function tell(text) {
  store.set("spoken", text);
}

export function failed(error, what) {
  say(`${what}: ${error.message}`, { bad: true, hint: error.hint });
}
