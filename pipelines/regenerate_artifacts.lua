-- regenerate_artifacts: the files of a book once more, from its chapters as they stand now. Calls no model.
local bookfile = require "lib.bookfile"

return {
  title = "Make the files again",
  description = "Exports a book's files again, with all edits and rewritten chapters. No model is called.",
  on_book = true,
  input = {
    { name = "author", type = "string", help = "Another name for the title page" },
    { name = "rights", type = "string", help = "Another line for the copyright page" },
    { name = "formats", type = "string", help = "Which formats, separated by commas; all without it" },
    { name = "date", type = "string", help = "Another date of publication, as 2026-05-31" },
  },
  run = function(input)
    run.phase("Post-Processing")
    local formats = bookfile.chosen(input.formats)
    local meta = artifact.get("book.json")
    local chapters = bookfile.chapters()
    if not meta or #chapters == 0 then
      error("this project holds no finished book; write one with generate_book, or name another project with --project", 0)
    end
    for _, field in ipairs { "author", "rights", "date" } do meta[field] = input[field] or meta[field] end
    meta.words = bookfile.words(chapters)
    artifact.put("book.json", meta)
    local files = bookfile.export(meta, chapters, formats)
    return { title = meta.title, chapters = #chapters, words = meta.words, issues = 0, files = json.array(files) }
  end,
}
