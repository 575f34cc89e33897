#!/usr/bin/env bash
# What do EPUB libraries for node take for the title, the author and the contents of a valid EPUB 3?
#
# The book has a subtitle that stands first in the file and is refined as one (title-type, display-seq 2), an illustrator before its author, and one
# chapter in its navigation document. It has no NCX: that is optional since EPUB 3.0 and a legacy feature in EPUB 3.3. Seen 2026-11-27:
#   epub2 3.0.2                       the subtitle as the title, with "main", which is the other's type; the illustrator as the creator, with
#                                     "aut", which is the other's role; 0 entries of contents and no error, though it lists the navigation document
#   @lingo-reader/epub-parser 0.4.6   the subtitle, and no main title anywhere; 0 entries and no error
#   @likecoin/epub-ts 0.7.2           the subtitle; 1 entry
#   foliate-js 1.0.1                  the main title, the subtitle as such; 1 entry: all right
# So a book that is to be shown right everywhere has its main title and its author first, however well they are refined, and an NCX beside
# its navigation document.
set -eu -o pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund epub2@3.0.2 @lingo-reader/epub-parser@0.4.6 @likecoin/epub-ts@0.7.2 foliate-js@1.0.1 jszip@3.10.2 jsdom@29.1.1 linkedom@0.18.15 >/dev/null

cat >make.mjs <<'EOF'
import fs from "fs";
import JSZip from "jszip";
const zip = new JSZip();
zip.file("mimetype", "application/epub+zip", { compression: "STORE" });
zip.file("META-INF/container.xml", `<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`);
zip.file("EPUB/book.opf", `<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:6f1d2c9e-3a52-4c1d-9f0b-2f6f7a1f9a11</dc:identifier>
<dc:title id="sub">A Tale of Tides</dc:title>
<meta refines="#sub" property="title-type">subtitle</meta><meta refines="#sub" property="display-seq">2</meta>
<dc:title id="main">The Lamp</dc:title>
<meta refines="#main" property="title-type">main</meta><meta refines="#main" property="display-seq">1</meta>
<dc:creator id="ill">Ida Illustrator</dc:creator>
<meta refines="#ill" property="role" scheme="marc:relators">ill</meta><meta refines="#ill" property="display-seq">2</meta>
<dc:creator id="aut">Anna Author</dc:creator>
<meta refines="#aut" property="role" scheme="marc:relators">aut</meta><meta refines="#aut" property="display-seq">1</meta>
<dc:language>en</dc:language>
<meta property="dcterms:modified">2026-01-01T00:00:00Z</meta>
</metadata>
<manifest><item id="c1" href="c1.xhtml" media-type="application/xhtml+xml"/><item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="c1"/></spine></package>`);
zip.file("EPUB/nav.xhtml", `<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>Contents</title></head>
<body><nav epub:type="toc"><ol><li><a href="c1.xhtml">The Quay</a></li></ol></nav></body></html>`);
zip.file("EPUB/c1.xhtml", `<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>The Quay</title></head><body><h1>The Quay</h1><p>The boat came in.</p></body></html>`);
fs.writeFileSync("book.epub", await zip.generateAsync({ type: "nodebuffer" }));
EOF

cat >read.mjs <<'EOF'
import fs from "fs";
import JSZip from "jszip";
import { JSDOM } from "jsdom";
import epub2 from "epub2";
import { initEpubFile } from "@lingo-reader/epub-parser";
import { Book } from "@likecoin/epub-ts/node";

const a = await epub2.EPub.createAsync("book.epub");
const m = a.metadata, listed = Object.values(a.manifest).some((item) => item.properties === "nav");
console.log(`epub2: ${m.title} (${m["title-type"]}), ${m.creator} (${m.role}), ${a.toc.length} of ${a.flow.length}, ${listed}`);
const b = await initEpubFile("book.epub", "out"), all = JSON.stringify(b.getMetadata());
console.log(`epub-parser: ${b.getMetadata().title}, ${all.includes("The Lamp")}, ${b.getToc().length} of ${b.getSpine().length}`);
const c = new Book(fs.readFileSync("book.epub").buffer.slice(0));
await c.ready;
console.log(`epub-ts: ${c.packaging.metadata.title}, ${c.navigation.toc.length}`);

// foliate-js is written for browsers that group by themselves.
Object.groupBy ??= (list, key) => [...list].reduce((all, x) => ((all[key(x)] ??= []).push(x), all), {});
Map.groupBy ??= (list, key) => [...list].reduce((all, x) => all.set(key(x), [...(all.get(key(x)) ?? []), x]), new Map());
globalThis.DOMParser = new JSDOM("").window.DOMParser;
const { EPUB } = await import("foliate-js/epub.js");
const zip = await JSZip.loadAsync(fs.readFileSync("book.epub"));
const d = await new EPUB({ loadText: (n) => zip.file(n)?.async("string") ?? null, loadBlob: () => null, getSize: () => 1, sha1: () => "" }).init();
console.log(`foliate-js: ${d.metadata.title}, ${d.metadata.subtitle}, ${d.toc.length}`);
EOF

node make.mjs
got=$(node read.mjs 2>err) || { cat err; exit 1; }
echo "$got"
expected='epub2: A Tale of Tides (main), Ida Illustrator (aut), 0 of 1, true
epub-parser: A Tale of Tides, false, 0 of 1
epub-ts: A Tale of Tides, 1
foliate-js: The Lamp, A Tale of Tides, 1'
if [[ $got != "$expected" ]]; then
  diff <(echo "$expected") <(echo "$got") || true
  echo "it is no longer as described here"
  exit 1
fi
echo "as described"
