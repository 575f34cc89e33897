#!/usr/bin/env bash
# Which of several dc:title elements do EPUB libraries for node take for the title of a book?
#
# EPUB 3 lets `meta refines` say of each dc:title what it is (title-type) and where it stands (display-seq); the order in the file then says nothing.
# Seen 2026-11-27 with a book whose subtitle stands first in the file and is refined as a subtitle with display-seq 2:
#   epub2 3.0.2                       "A Tale of Tides"   the subtitle; title-type "main" is reported beside it, from the other element
#   @lingo-reader/epub-parser 0.4.6   "A Tale of Tides"   the subtitle; its metadata has no main title at all
#   @likecoin/epub-ts 0.7.2           "A Tale of Tides"   the subtitle
#   foliate-js 1.0.1                  "The Lamp"          and the subtitle as a subtitle: right
# epub2 gives the illustrator, who stands first, as the creator with the role "aut", which is the other person's.
# So a file that is to be shown right everywhere has its main title and its author first, however well they are refined.
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
<manifest><item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="nav"/></spine></package>`);
zip.file("EPUB/nav.xhtml", `<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>Contents</title></head>
<body><nav epub:type="toc"><ol><li><a href="nav.xhtml">Contents</a></li></ol></nav></body></html>`);
fs.writeFileSync("book.epub", await zip.generateAsync({ type: "nodebuffer" }));
EOF

cat >read.mjs <<'EOF'
import fs from "fs";
import JSZip from "jszip";
import { JSDOM } from "jsdom";
import epub2 from "epub2";
import { initEpubFile } from "@lingo-reader/epub-parser";
import { Book } from "@likecoin/epub-ts/node";

const a = (await epub2.EPub.createAsync("book.epub")).metadata;
console.log(`epub2: ${a.title} | ${a["title-type"]} | ${a.creator} | ${a.role}`);
const b = (await initEpubFile("book.epub", "out")).getMetadata();
console.log(`epub-parser: ${b.title} | ${JSON.stringify(b).includes("The Lamp")}`);
const c = new Book(fs.readFileSync("book.epub").buffer.slice(0));
await c.ready;
console.log(`epub-ts: ${c.packaging.metadata.title}`);

// foliate-js is written for browsers that group by themselves.
Object.groupBy ??= (list, key) => [...list].reduce((all, x) => ((all[key(x)] ??= []).push(x), all), {});
Map.groupBy ??= (list, key) => [...list].reduce((all, x) => all.set(key(x), [...(all.get(key(x)) ?? []), x]), new Map());
globalThis.DOMParser = new JSDOM("").window.DOMParser;
const { EPUB } = await import("foliate-js/epub.js");
const zip = await JSZip.loadAsync(fs.readFileSync("book.epub"));
const d = await new EPUB({ loadText: (n) => zip.file(n)?.async("string") ?? null, loadBlob: () => null, getSize: () => 1, sha1: () => "" }).init();
console.log(`foliate-js: ${d.metadata.title} | ${d.metadata.subtitle}`);
EOF

node make.mjs
got=$(node read.mjs 2>err) || { cat err; exit 1; }
echo "$got"
[[ $got == "epub2: A Tale of Tides | main | Ida Illustrator | aut
epub-parser: A Tale of Tides | false
epub-ts: A Tale of Tides
foliate-js: The Lamp | A Tale of Tides" ]] || { echo "changed"; exit 1; }
echo "as described"
