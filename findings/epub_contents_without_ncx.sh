#!/usr/bin/env bash
# Do EPUB libraries for node find the contents of an EPUB 3 that has no NCX?
#
# EPUB 3 has its table of contents in the navigation document; the NCX of EPUB 2 is optional and, since EPUB 3.3, only named as a legacy feature.
# Seen 2026-11-27 with a valid book of one chapter that has a navigation document and no NCX:
#   epub2 3.0.2                       0 entries, no error; the manifest is read, and the navigation document is even listed in it
#   @lingo-reader/epub-parser 0.4.6   0 entries, no error
#   @likecoin/epub-ts 0.7.2           1 entry
# So a writer that wants chapters in every reader puts an NCX beside the navigation document.
set -eu -o pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund epub2@3.0.2 @lingo-reader/epub-parser@0.4.6 @likecoin/epub-ts@0.7.2 jszip@3.10.2 linkedom@0.18.15 >/dev/null

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
<dc:title>The Lamp</dc:title>
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
import epub2 from "epub2";
import { initEpubFile } from "@lingo-reader/epub-parser";
import { Book } from "@likecoin/epub-ts/node";

const a = await epub2.EPub.createAsync("book.epub");
console.log(`epub2: ${a.toc.length} of ${a.flow.length}, ${Object.values(a.manifest).some((i) => i.properties === "nav")}`);
const b = await initEpubFile("book.epub", "out");
console.log(`epub-parser: ${b.getToc().length} of ${b.getSpine().length}`);
const c = new Book(fs.readFileSync("book.epub").buffer.slice(0));
await c.ready;
console.log(`epub-ts: ${c.navigation.toc.length}`);
EOF

node make.mjs
got=$(node read.mjs 2>err) || { cat err; exit 1; }
echo "$got"
[[ $got == "epub2: 0 of 1, true
epub-parser: 0 of 1
epub-ts: 1" ]] || { echo "changed"; exit 1; }
echo "as described"
