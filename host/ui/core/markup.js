// markup.js - the HTML that the host made of Markdown, as descriptions for core/dom.js. The host lets no raw HTML through; here it is taken
// apart once more and only the elements and attributes of prose are made anew, so a hole there would still not be one here.
import { h } from "./dom.js";

const ELEMENTS = new Set(["p", "h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li", "hr",
  "br", "a", "table", "thead", "tbody", "tr", "th", "td"]);
const LINK = /^(https?:|mailto:|[^:]*$)/i;

function props(node) {
  const href = node.localName === "a" ? node.getAttribute("href") : null;
  if (href && LINK.test(href)) return { href, rel: "noopener noreferrer" };
  if (node.localName === "ol" && node.hasAttribute("start")) return { start: node.getAttribute("start") };
  return node.hasAttribute("align") ? { class: `to-${node.getAttribute("align")}` } : null;
}

// Headings go one level down: the page has its own first one.
const tag = (name) => name.replace(/^h([1-5])$/, (_, level) => `h${Number(level) + 1}`);

function describe(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.nodeType !== Node.ELEMENT_NODE) return null;
  const children = [...node.childNodes].map(describe);
  return ELEMENTS.has(node.localName) ? h(tag(node.localName), props(node), children) : children;
}

// A list of blocks, in order: what stands at index 7 stands there again as long as the text is the same.
export function markup(html) {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  return [...body.children].map(describe);
}
