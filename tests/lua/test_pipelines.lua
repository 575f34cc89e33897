-- luacheck: std lua54
-- The other pipelines, and the files: rewrite_chapter, regenerate_artifacts, generate_series, the two small ones, EPUB.
local Host = require "fake_host.host"
local promise = require "fake_host.promise"

local function finished_book(input)
  local options = { input = { brief = "A bell founder goes deaf.", chapters = 4, words_per_chapter = 1200 } }
  for key, value in pairs(input or {}) do options.input[key] = value end
  local host = Host.new(options)
  return host, host:run("generate_book")
end

local function on(host, pipeline, input, options)
  options = options or {}
  options.input, options.library = input, host.library
  local next_host = Host.new(options)
  return next_host, next_host:run(pipeline)
end

promise.holds("rewrite_chapter leaves the old version beside the new one, and takes its facts down again", function()
  local host = finished_book()
  local old = host:artifact("chapters/02.md")
  local again, result = on(host, "rewrite_chapter", { chapter = 2, instruction = "Let the storm come a day early." })
  assert(again:artifact("chapters/02.md") ~= old)
  promise.equal(host.library.home["chapters/02.md"][1].content, old)
  promise.equal(result.version, 2)
  promise.equal(#host.library.home["facts/02.json"], 2)
  assert(type(result.impact) == "table" and again:artifact("impact/02.json"))
end)

promise.holds("a chapter that a person edited gets a proposal, and keeps the person's words", function()
  local host = finished_book()
  host:store("chapters/02.md", "# Mine\n\nA person's words stand here, all of them.\n", "person")
  local again, result = on(host, "rewrite_chapter", { chapter = 2, instruction = "Shorter." })
  promise.equal(result.proposal, true)
  assert(again:artifact("chapters/02.md"):find("A person's words", 1, true))
end)

promise.holds("a rewrite names the later chapters that hold what has changed, with the sentence", function()
  local host = finished_book()
  local name = host:artifact("blueprint.json").cast[1].name
  local sheet = host:artifact("facts/01.json")
  sheet.operations = require("fake_host.json").array { { op = "add", what = "holds", who = name, value = "the brass key", quote = "the brass key" } }
  host:store("facts/01.json", sheet, "run")
  host:store("chapters/03.md", host:artifact("chapters/03.md") .. "\nShe turned the brass key once more.\n", "run")
  local _, result = on(host, "rewrite_chapter", { chapter = 1, instruction = "No keys." })
  local found
  for _, entry in ipairs(result.impact) do
    if entry.value == "the brass key" then found = entry end
  end
  promise.equal(found.chapter, 3)
  promise.equal(found.why, "She turned the brass key once more.")
end)

promise.holds("a chapter or a book that is not there is a clear error", function()
  local host = finished_book()
  promise.raises("no chapter 9; it has 4", function() on(host, "rewrite_chapter", { chapter = 9, instruction = "x" }) end)
  promise.raises("holds no book yet", function() on(Host.new {}, "rewrite_chapter", { chapter = 1, instruction = "x" }) end)
  promise.raises("no finished book", function() on(Host.new {}, "regenerate_artifacts", {}) end)
end)

promise.holds("regenerate_artifacts calls no model and gives the same bytes for the same chapters", function()
  local host = finished_book()
  local epub = host:artifact("book.epub")
  local again, result = on(host, "regenerate_artifacts", {})
  promise.equal(#again.calls, 0)
  promise.equal(again:artifact("book.epub") == epub, true, "same EPUB")
  promise.equal(result.chapters, 4)
end)

promise.holds("generate_series writes its books in order; each is told what came before", function()
  local host = Host.new { input = { brief = "Three generations of one ferry.", books = 3, chapters = 2, words_per_chapter = 800 } }
  local result = host:run("generate_series")
  promise.equal(#result.books, 3)
  promise.equal(result.books[3].project, "home/book-3")
  assert(host.library["home/book-3"]["book.epub"])
  local title_logged = false
  for _, line in ipairs(host.logs) do title_logged = title_logged or line:find("Series \"" .. result.title, 1, true) ~= nil end
  assert(title_logged)
  local carry = host:artifact("carry/01.json").story:sub(1, 60)
  local told = 0
  for _, call in ipairs(host.calls) do
    for _, block in ipairs(call.ask.blocks) do
      if block.name == "series" and block.text:find(carry, 1, true) then told = told + 1 end
    end
  end
  assert(told > 0)
end)

promise.holds("translate_article puts a text into several languages at the same time", function()
  local host = Host.new { input = { text = ("A paragraph about rope. "):rep(40) .. "\n\n" .. ("Another one. "):rep(300),
    languages = { "German", "日本語", "हिन्दी" } } }
  local result = host:run("translate_article")
  promise.equal(#result.translations, 3)
  assert(host:artifact("translations/german.md") and host:artifact("translations/language-2.md") and host:artifact("translations/language-3.md"))
end)

promise.holds("glossary finds and defines terms", function()
  local host = Host.new { input = { text = "Splicing joins two ropes." } }
  local result = host:run("glossary")
  assert(result.terms > 0 and host:artifact("glossary.md"):find("^# Glossary"))
end)

local function epubcheck(bytes, what)
  local jar = "/usr/share/java/epubcheck.jar"
  local command = os.execute("command -v epubcheck >/dev/null 2>&1") and "epubcheck"
  if io.open("/usr/bin/epubcheck") then command = "java -jar /usr/bin/epubcheck" elseif io.open(jar) then command = "java -jar " .. jar end
  if not command then
    io.stderr:write("  epubcheck is not installed; skipped\n")
    return
  end
  local path = os.tmpname() .. ".epub"
  local file = assert(io.open(path, "wb"))
  file:write(bytes)
  file:close()
  local pipe = io.popen(command .. " " .. path .. " 2>&1")
  local report = pipe:read("a")
  pipe:close()
  os.remove(path)
  assert(report:find("0 fatals / 0 errors / 0 warnings", 1, true), what .. ":\n" .. report)
end

promise.holds("epubcheck finds nothing in English, Japanese, Arabic and in a book of a series with all its pages", function()
  local full = { author = "A & B <C>", title = "Salt \"and\" <Iron> & the 'Rest'", dedication = "For nobody.\n\nAnd all.", epigraph = "A line\nbroken",
    rights = "© somebody", date = "2026-05-31", genre = "Crime & mystery", chapters = 2, words_per_chapter = 400 }
  epubcheck(select(1, finished_book(full)):artifact("book.epub"), "full")
  for _, language in ipairs { "Japanese", "Arabic", "Klingon" } do
    epubcheck(select(1, finished_book { language = language, chapters = 1, words_per_chapter = 400 }):artifact("book.epub"), language)
  end
  local series = Host.new { input = { brief = "A ferry.", books = 1, chapters = 1, words_per_chapter = 400 } }
  series:run("generate_series")
  epubcheck(series.library["home/book-1"]["book.epub"][1].content, "series")
end)

promise.holds("a rehearsal says so on its title page and in its metadata; another model's book does not", function()
  local host = finished_book { chapters = 1 }
  local epub = host:artifact("book.epub")
  assert(epub:find("quire:rehearsal\">true", 1, true) and epub:find('class="rehearsal"', 1, true) and host:artifact("book.md"):find("A rehearsal", 1, true))
  local real = Host.new { model = "somebody/large", input = { brief = "x", chapters = 1 } }
  real:run("generate_book")
  assert(not real:artifact("book.epub"):find("quire:rehearsal\">", 1, true) and not real:artifact("book.epub"):find("A rehearsal", 1, true))
  assert(real:artifact("book.epub"):find("somebody/large", 1, true))
end)

promise.holds("no prompt holds a name or a story of anybody's book", function()
  local pipe = io.popen("cat pipelines/*.lua scripts/phases/*.lua scripts/lib/*.lua")
  local all = pipe:read("a")
  pipe:close()
  for _, name in ipairs { "Alice", "Elara", "Marcus", "Sarah", "Lighthouse", "Eldoria", "Odalys" } do
    assert(not all:find(name, 1, true), name)
  end
end)

promise.done()
