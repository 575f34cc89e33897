#!/usr/bin/env bash
# What does mammoth's plain text keep of a manuscript's line breaks?
#
# mammoth 1.13.0, seen 2026-11-27 on a document as Word writes it: two lines of verse in one paragraph (w:br), a w:cr, a page break inside a
# paragraph, hidden text (w:vanish).
#   extractRawText   "the tide goes outthe lamp stays lit": a line break becomes nothing, so two words become one; nothing is said of it
#   convertToHtml    <br /> for w:br, so the words stay apart. w:cr, which means the same, is dropped with a message, and its words become one;
#                    a page break is dropped without one, with the same effect
#   both             hidden text is there, unmarked
# So word counts and searches over raw text are wrong wherever an author pressed Shift+Enter; an import starts from the HTML, and looks for w:cr and
# page breaks before.
set -eu -o pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mammoth@1.13.0 jszip@3.10.2 >/dev/null

cat >run.mjs <<'EOF'
import JSZip from "jszip";
import mammoth from "mammoth";
const zip = new JSZip();
zip.file("[Content_Types].xml", `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`);
zip.file("_rels/.rels", `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`);
const run = (inside) => `<w:r>${inside}</w:r>`;
const text = (s) => `<w:t xml:space="preserve">${s}</w:t>`;
const paragraph = (...runs) => `<w:p>${runs.join("")}</w:p>`;
zip.file("word/document.xml", `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${[
  paragraph(run(`${text("the tide goes out")}<w:br/>${text("the lamp stays lit")}`)),
  paragraph(run(`${text("Anna")}<w:cr/>${text("Bert")}`)),
  paragraph(run(`${text("He went")}<w:br w:type="page"/>${text("home.")}`)),
  paragraph(run(`${text("one")}<w:tab/>${text("two")}`)),
  paragraph(run(text("seen")), `<w:r><w:rPr><w:vanish/></w:rPr>${text(" unseen")}</w:r>`),
].join("")}</w:body></w:document>`);
const buffer = await zip.generateAsync({ type: "nodebuffer" });
console.log(JSON.stringify((await mammoth.extractRawText({ buffer })).value));
const html = await mammoth.convertToHtml({ buffer });
console.log(html.value);
console.log(JSON.stringify(html.messages.map((m) => m.message)));
EOF
got=$(node run.mjs 2>err) || { cat err; exit 1; }
echo "$got"
expected='"the tide goes outthe lamp stays lit\n\nAnnaBert\n\nHe wenthome.\n\none\ttwo\n\nseen unseen\n\n"
<p>the tide goes out<br />the lamp stays lit</p><p>AnnaBert</p><p>He wenthome.</p><p>one	two</p><p>seen unseen</p>
["An unrecognised element was ignored: w:cr"]'
if [[ $got != "$expected" ]]; then
  diff <(echo "$expected") <(echo "$got") || true
  echo "it is no longer as described here"
  exit 1
fi
echo "as described"
