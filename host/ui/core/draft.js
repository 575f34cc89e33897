// draft.js - a form that was not sent yet, kept by the host, so it is there again after a crash and on another computer.
//   const draft = new Draft("new-generate_book");  await draft.read();  draft.keep(value);  draft.drop();
import { ApiError, del, get, path, put } from "./api.js";

const PAUSE_MS = 800;

export class Draft {
  #etag = null;
  #timer = 0;
  #busy = Promise.resolve();

  // `told` hears "Saving…", "Saved" and what went wrong.
  constructor(name, told) {
    this.name = `drafts/${path(name.replaceAll("_", "-"))}`;
    this.told = told;
  }

  async read() {
    try {
      const { data, etag } = await get(this.name);
      this.#etag = etag;
      return data?.value ?? data ?? null;
    } catch {
      return null; // there is none
    }
  }

  keep(value) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.#busy = this.#busy.then(() => this.#save(value)); }, PAUSE_MS);
  }

  async #save(value) {
    try {
      this.told("Saving the draft…");
      const { etag } = await put(this.name, { value }, this.#etag);
      this.#etag = etag;
      this.told("The draft is saved.");
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) this.told("This form was changed in another window; what you type here is not saved as a draft.");
      else this.told(`The draft is not saved: ${error.message}`);
    }
  }

  async drop() {
    clearTimeout(this.#timer);
    await this.#busy;
    await del(this.name, this.#etag).catch(() => {});
  }
}
