// drafts.js - edits that are not saved yet, kept in this browser so that a closed tab loses nothing: { text, base }, where base is the version
// that was edited. Without storage the page asks before it is left, that is all.
const key = (what) => `quire-edit ${what}`;

export const drafts = {
  get(what) {
    try {
      return JSON.parse(localStorage.getItem(key(what)));
    } catch {
      return null;
    }
  },
  set(what, draft) {
    try {
      if (draft) localStorage.setItem(key(what), JSON.stringify(draft));
      else localStorage.removeItem(key(what));
    } catch {
      // Full or refused.
    }
  },
};
