-- luacheck: std lua54
-- What people bring along or decide: outlines stay word for word, gates and edits are honoured, notes reach the writer.
local Host = require "fake_host.host"
local json = require "fake_host.json"
local promise = require "fake_host.promise"

local function book(options, input)
  options.input = { brief = "A town votes on whether to keep its river.", chapters = 3, words_per_chapter = 1200 }
  for key, value in pairs(input or {}) do options.input[key] = value end
  local host = Host.new(options)
  return host, host:run("generate_book")
end

local function prompt_of(call)
  local out = {}
  for i, block in ipairs(call.ask.blocks) do out[i] = block.text end
  return table.concat(out)
end

local outline = "Ida Okonkwo-Brandt drowns the ledger.\n\nNobody forgives her; the mill closes on a Tuesday."

--- Was the call made (or is the host) in the writing of this chapter?
local function is_chapter(call, number) return (call.label or ""):find("^chapter " .. number .. ",") ~= nil end

promise.holds("a given outline stands word for word in every writer's prompt and in blueprint.md", function()
  local host = book { given = { blueprint = outline } }
  assert(host:artifact("blueprint.md"):find(outline, 1, true))
  for _, call in ipairs(host.calls) do
    if call.phase == "Writing" and call.ask.blocks[3].name ~= "task" then assert(prompt_of(call):find(outline, 1, true)) end
  end
  assert(host:artifact("conflicts/blueprint.json").conflicts)
end)

promise.holds("fields of a given blueprint in JSON win over invented ones; missing ones are filled", function()
  local host = book { given = { blueprint = json.encode { title = "The River Vote", cast = json.array { { name = "Ida", want = "the mill" } } } } }
  local blueprint = host:artifact("blueprint.json")
  promise.equal(blueprint.title, "The River Vote")
  local ida
  for _, person in ipairs(blueprint.cast) do ida = person.name == "Ida" and person or ida end
  promise.equal(ida.want, "the mill")
  promise.equal(ida.voice, "")
end)

promise.holds("a given structure's events stay, and what it leaves out is filled", function()
  local events = json.array { { id = "2.1", chapter = 2, what = "The dam is voted down.", who = json.array {}, causes = json.array {}, day = 9 } }
  local host = book { given = { structure = json.encode { events = events } } }
  local found, covered = nil, {}
  for _, event in ipairs(host:artifact("structure.json").events) do
    covered[event.chapter] = true
    if event.id == "2.1" then found = event end
  end
  promise.equal(found.what, "The dam is voted down.")
  assert(covered[1] and covered[2] and covered[3])
end)

promise.holds("the author's words on a chapter reach that chapter's plan and its writer only", function()
  local text = "## Chapter 1\nBegin in the rain.\n\n## Chapter 2: The vote\nThe count is wrong by one.\n"
  local host = book { given = { plan = text } }
  assert(host:artifact("plans/02.json").author:find("The count is wrong by one.", 1, true))
  assert(not host:artifact("plans/01.json").author:find("wrong by one", 1, true))
  assert(host:artifact("plans/03.json").author == nil)
  for _, call in ipairs(host.calls) do
    if call.phase == "Writing" and call.ask.role == "writer" then
      promise.equal(prompt_of(call):find("wrong by one", 1, true) ~= nil, is_chapter(call, 2), call.label)
    end
  end
end)

promise.holds("headings of an outline are found in English, bare numbers and Japanese", function()
  for _, text in ipairs { "# 1\na\n# 2\nb", "1. First\na\n2. Second\nb", "第1章\na\n第2章\nb", "Kapitel 1: X\na\nKapitel 2: Y\nb" } do
    local host = book({ given = { plan = text } }, { chapters = 2 })
    assert(host:artifact("plans/02.json").author:find("b", 1, true), text)
  end
end)

promise.holds("an approved blueprint with edits is the blueprint", function()
  local host = book({ gate = function(question)
    question.show.premise = "Edited by a person."
    return { choice = "approve", edits = question.show, by = "a person" }
  end }, { review = true })
  promise.equal(host:artifact("blueprint.json").premise, "Edited by a person.")
end)

promise.holds("a rejected blueprint gives way to the next candidate; when all are rejected the run says what to do", function()
  local asked = 0
  local _, result = book({ gate = function()
    asked = asked + 1
    return { choice = asked == 1 and "reject" or "approve", by = "a person" }
  end }, { review = true })
  promise.equal(asked, 2)
  promise.equal(result.chapters, 3)
  promise.raises("every blueprint was turned down", function()
    book({ gate = function() return { choice = "reject", by = "a person" } end }, { review = true })
  end)
end)

promise.holds("a note from a person is in the writer's instruction from the next scene on, and outside the stable prefix", function()
  local told = false
  local host = book { notes = function(host)
    if is_chapter(host, 2) and not told then
      told = true
      return { "Make the aunt funnier." }
    end
    return {}
  end }
  local with, without = 0, 0
  for _, call in ipairs(host.calls) do
    if call.phase == "Writing" then
      local blocks = call.ask.blocks
      for i, block in ipairs(blocks) do assert(i == #blocks or not block.text:find("aunt funnier", 1, true)) end
      local has = blocks[#blocks].text:find("aunt funnier", 1, true)
      if has then with = with + 1 elseif is_chapter(call, 1) then without = without + 1 end
    end
  end
  assert(with >= 4 and without > 0)
end)

promise.holds("a chapter edited by a person stays, and the book goes on from it", function()
  local edit = "# Mine\n\nThe aunt sold the boat for eleven crowns.\n"
  local host, result = book { on_get = function(host, name)
    if name == "chapters/01.md" and not host.edited then
      host.edited = true
      host:store(name, edit, "person")
    end
  end }
  promise.equal(host:artifact("chapters/01.md"), edit)
  promise.equal(result.chapters, 3)
  local seen = false
  for _, call in ipairs(host.calls) do
    if is_chapter(call, 2) and call.phase == "Writing" then seen = seen or prompt_of(call):find("eleven crowns", 1, true) ~= nil end
  end
  assert(seen, "chapter 2 follows on the edited text")
  assert(host:artifact("book.md"):find("eleven crowns", 1, true))
end)

promise.done()
