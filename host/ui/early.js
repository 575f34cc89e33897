// early.js - runs before the page is painted, so that no theme flashes: the chosen theme and text size go onto <html>.
// A plain script, not a module (modules run later). What the keys mean: core/prefs.js.
(function () {
  try {
    const chosen = JSON.parse(localStorage.getItem("quire") || "{}");
    const root = document.documentElement;
    if (chosen.theme === "light" || chosen.theme === "dark") root.dataset.theme = chosen.theme;
    if (chosen.size) root.dataset.size = chosen.size;
  } catch {
    // Storage may be refused or hold something else: the system's theme is right then.
  }
})();
