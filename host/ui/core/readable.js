// readable.js - JSON that is still being written, so that a person can follow it: names and values on lines, without the punctuation.
// Not a parser: the text may end anywhere.
export function readable(text) {
  if (!/^\s*[[{]/.test(text)) return text;
  return text
    .replace(/\\n/g, "\n").replace(/\\"/g, "”").replace(/\\u([0-9a-f]{4})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
    .replace(/"([a-z_]+)"\s*:\s*/gi, (_, name) => `\n${name.replaceAll("_", " ")}: `)
    .replace(/[{}[\]]+,?/g, "\n").replace(/",?\s*(?=\n|$)/g, "").replace(/",\s*"/g, "\n").replace(/(^|[:\n]\s*)"/g, "$1").replace(/,\s*\n/g, "\n")
    .replace(/\n\s*\n\s*/g, "\n\n").trim();
}
