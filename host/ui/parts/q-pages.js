// q-pages - whole chapters only: the newest finished chapter of a run's book, and how far the next one is. For those whom moving text
// disturbs, for listeners, and for a run that is over.
import { path } from "../core/api.js";
import { chaptersOf } from "../core/chapters.js";
import { h } from "../core/dom.js";
import { Element, define } from "../core/element.js";
import { markup } from "../core/markup.js";
import { ended } from "../core/sentences.js";

class PagesElement extends Element {
  static props = ["run"];

  page(chapter) {
    const name = `projects/${path(this.run.project)}/artifacts/chapters/${String(chapter.number).padStart(chapter.total >= 100 ? 3 : 2, "0")}.md?html=1`;
    const { data, error } = this.use(name);
    if (data && !data.html) return h("article", { class: "prose sheet page" }, data.content.split(/\n\s*\n/).map((text) => h("p", null, text.replace(/^#+\s*/, ""))));
    if (data) return h("article", { class: "prose sheet page", lang: data.lang }, markup(data.html));
    return error ? h("p", { class: "quiet" }, `Chapter ${chapter.number} is in the book.`) : null;
  }

  render() {
    const { run } = this, chapters = chaptersOf(this.watch(`history/${run.run}`) ?? []), over = ended(run);
    const last = chapters.findLast((chapter) => chapter.ended_ms), now = chapters.at(-1);
    if (!last && over) return h("p", { class: "quiet" }, run.status === "completed" ? "Its texts are in the book." : "No chapter was finished.");
    return [
      !over && now && !now.ended_ms && h("p", { class: "quiet" }, `Chapter ${now.number} of ${now.total}, “${now.title}”, is being written. It appears here when it is finished.`),
      last && [h("p", { class: "quiet caption" }, over ? "The last chapter it wrote" : `Chapter ${last.number} is finished`), this.page(last)],
      !last && !over && h("p", { class: "quiet" }, run.status === "running" ? "The first chapter appears here when it is finished." : "Nothing is being written at the moment."),
    ];
  }
}
define("q-pages", PagesElement);
