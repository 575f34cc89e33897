// sheet.js - the style of a screen that is not needed at first load: `await sheet(import.meta.url, "../screens/book/book.css")` at the top of the
// screen's module, so that the screen is never seen without it.

const asked = new Map();

export function sheet(module, relative) {
  const href = new URL(relative, module).href;
  if (!asked.has(href)) {
    asked.set(href, new Promise((resolve) => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = href;
      link.onload = link.onerror = resolve; // without it the screen is plain, but it is there
      document.head.append(link);
    }));
  }
  return asked.get(href);
}
