-- The last phase makes the files and mends what only a whole book shows; what a person wrote it leaves alone.

local worn = "He counted the nails in the door once more."

local function book(t, answers, words)
  return t.status(t.run { pipeline = "generate_book", answers = answers,
    input = { brief = "A cook inherits a debt.", chapters = 3, words_per_chapter = words or 400, candidates = 1 } }, "completed")
end

--- A writer who cannot leave one phrase alone.
local function habit(request, rehearse)
  if request.phase == "Writing" and request.role == "writer" and string.find(request.task, "Write scene", 1, true) then
    return { text = rehearse().text .. "\n\n" .. worn .. " " .. worn }
  end
end

return {
  ["the files, the sheet for publishing and the book's own page are there"] = function(t)
    local run = book(t)
    t.equal(#run.result.files, 2)
    t.has(t.document("publishing.md"), "canned/model")
    t.equal(t.document("book.json").title, run.result.title)
    t.has(t.document("book.md"), "# " .. run.result.title)
  end,

  ["a worn phrase is repaired sentence by sentence, but not in a chapter that a person edited"] = function(t)
    local mine = "# Mine\n\n" .. worn .. " " .. worn .. "\n"
    local edited = false
    local run = book(t, function(request, rehearse)
      if not edited and request.phase == "Writing" and string.find(request.label, "^chapter 3") then
        edited = true
        t.edit("chapters/02.md", mine)
      end
      return habit(request, rehearse) or t.rehearse
    end, 1200)
    t.equal(t.document("chapters/02.md"), mine)
    t.ok(#t.requests(run, { phase = "Post-Processing", has = "counted the nails" }) > 0, "repairs are asked for")
  end,

  ["a model that fails at the last page costs no file"] = function(t)
    local run = book(t, function(request)
      if request.phase == "Post-Processing" then return { fail = "no credit" } end
      return t.rehearse
    end)
    t.equal(#run.result.files, 2)
  end,
}
