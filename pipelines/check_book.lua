-- check_book: looks at a book as it stands, edits included, with the checks that are code. Calls no model and changes no chapter: it renews
-- findings/NN.json and findings/book.json. What judges found stays while the chapter that they read is the same.
local Book = require "lib.book"
local bookfile = require "lib.bookfile"
local chapterfile = require "lib.chapterfile"
local checks = require "lib.checks"
local evidence = require "lib.evidence"
local examining = require "lib.examining"
local facts = require "lib.facts"
local findings = require "lib.findings"
local numbering = require "lib.numbering"
local plans = require "lib.plans"

-- What a judge found in this very text, and nobody has dismissed since.
local function judged_before(name, scenes, dismissed)
  local kept, out = artifact.get(name), {}
  for _, finding in ipairs(type(kept) == "table" and kept.findings or {}) do
    if finding.judged and finding.quote and facts.quoted(chapterfile.prose(scenes), finding.quote) then out[#out + 1] = finding end
  end
  return findings.open(out, dismissed)
end

local function check_chapter(book, chapter, dismissed)
  local number = chapter.number
  local sheet = artifact.get(book:name("facts", number, "json")) or facts.pending(book.memory.state.day)
  local plan = artifact.get(book:name("plans", number, "json"))
  plan = plan and plans.mend(plan, number, book)
  local found = examining.look(book, plan or { number = number, scenes = {} }, chapter.scenes, sheet)
  local name = book:name("findings", number, "json")
  for _, finding in ipairs(judged_before(name, chapter.scenes, dismissed)) do found[#found + 1] = finding end
  found = findings.without_doubles(found)
  findings.save(name, number, found, {})
  book.sheets[number] = sheet
  book.memory:absorb(number, sheet, "", chapterfile.prose(chapter.scenes))
  return #found
end

return {
  title = "Check a book",
  description = "Looks at a book as it stands, with all edits, and renews its findings. No model is called, and no chapter is changed.",
  on_book = true,
  input = {
    { name = "checks", type = "string", help = "Checks to change this time: adverbs=off, filter_words.per_1000=20" },
  },
  run = function(input)
    run.phase("Checking")
    local book, chapters = Book.reopen(), bookfile.chapters()
    if #chapters == 0 then error("this project holds no chapter yet; write the book with generate_book, or name another project with --project", 0) end
    book:read_checks()
    for name, setting in pairs(checks.parse(input.checks)) do book.checks[name] = setting end
    local dismissed, all = findings.read_dismissed(), 0
    for i, chapter in ipairs(chapters) do
      run.progress(i - 1, #chapters, "chapter " .. chapter.number)
      all = all + check_chapter(book, chapter, dismissed)
    end
    local of_book = findings.without_doubles(findings.open(checks.run("book", evidence.book(book, chapters, book.sheets), book.checks), dismissed))
    findings.save("findings/book.json", 0, of_book, {})
    log.info("%s in the chapters, %d in the book as a whole", numbering.count(all, "finding"), #of_book)
    return { title = book.blueprint.title, chapters = #chapters, findings = all + #of_book, issues = 0 }
  end,
}
