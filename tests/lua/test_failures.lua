-- luacheck: std lua54
-- Prose is never lost because a helper failed, and never accepted because a model said it was done.
local Host = require "fake_host.host"
local json = require "fake_host.json"
local promise = require "fake_host.promise"

local function book(answer, input)
  local options = { answer = answer, input = { brief = "A cook inherits a debt.", chapters = 3, words_per_chapter = 1200 } }
  for key, value in pairs(input or {}) do options.input[key] = value end
  local host = Host.new(options)
  return host, host:run("generate_book")
end

local function task_of(ask) return ask.blocks[#ask.blocks].text end

promise.holds("an extractor that fails leaves the chapter with its facts pending", function()
  local host, result = book(function(ask, default)
    return ask.role == "extractor" and task_of(ask):find("take down what has become fact") and { fail = "overloaded" } or default
  end)
  promise.equal(result.chapters, 3)
  assert(result.issues >= 3)
  assert(host:artifact("facts/02.json").pending)
  assert(#host:artifact("chapters/02.md") > 1000)
  assert(#host:artifact("summaries/02.json").summary > 0)
end)

promise.holds("a judge that fails costs no prose: candidates, critique and audit go on without it", function()
  local _, result = book(function(ask, default) return ask.role == "judge" and { fail = "no credit" } or default end)
  promise.equal(result.chapters, 3)
  promise.equal(result.issues, 3)
  assert(result.findings[1].problem:find("audit pending", 1, true))
end)

promise.holds("a judge that answers nonsense is the same as one that fails", function()
  local _, result = book(function(ask, default) return ask.role == "judge" and ask.schema and { text = "I liked it a lot!" } or default end)
  promise.equal(result.chapters, 3)
end)

promise.holds("a truncated scene is finished by a second call and ends as a sentence", function()
  local cut = 0
  local host, result = book(function(ask, default)
    if ask.role == "writer" and not ask.schema and task_of(ask):find("Write scene 1 of") then
      cut = cut + 1
      return { text = default.text:sub(1, #default.text // 2):gsub("%s+%S*$", ""), stop = "length" }
    end
    return default
  end)
  promise.equal(result.chapters, 3)
  assert(cut >= 3)
  local finished = 0
  for _, call in ipairs(host.calls) do
    if task_of(call.ask):find("broke off before its end", 1, true) then finished = finished + 1 end
  end
  promise.equal(finished, cut)
  promise.equal(result.issues, 0)
end)

promise.holds("when a scene cannot be finished it is cut back to a whole sentence, and its shortness is an issue", function()
  local host, result = book(function(ask, default)
    local task = task_of(ask)
    if task:find("broke off before its end", 1, true) or task:find("Write scene %d+ again") then return { fail = "down" } end
    if task:find("Write scene 1 of") then return { text = default.text:sub(1, #default.text // 3), stop = "length" } end
    return default
  end)
  promise.equal(result.chapters, 3)
  assert(result.issues >= 3)
  local first = host:artifact("chapters/01.md"):match("^# .-\n\n(.-)\n\n%* %* %*")
  assert(first:find("[.\"]$"), "ends as a sentence: " .. first:sub(-40))
end)

promise.holds("an empty scene is asked for again, and twice empty is an error that says so", function()
  local _, result = book(function(ask, default)
    return task_of(ask):find("Write scene 1 of") and not ask.key and { text = " ", stop = "end" } or default
  end)
  promise.equal(result.chapters, 3)
  promise.raises("came back empty twice", function()
    book(function(ask, default) return task_of(ask):find("Write scene 1 of") and { text = "", stop = "filter" } or default end)
  end)
end)

promise.holds("headings, greetings and scene breaks that a model adds do not reach the book", function()
  local host = book(function(ask, default)
    if task_of(ask):find("You are the writer. Write scene", 1, true) then
      default.text = "Here is the scene:\n\n## Scene 2\n\n" .. default.text:gsub("\n\n", "\n\n***\n\n", 1) .. "\n\n---\n\nEnd of scene 2"
    end
    return default
  end)
  local chapter = host:artifact("chapters/01.md")
  assert(not chapter:find("Here is the scene", 1, true) and not chapter:find("Scene 2", 1, true) and not chapter:find("***", 1, true))
  local _, breaks = chapter:gsub("\n%* %* %*\n", "")
  promise.equal(breaks, #host:artifact("plans/01.json").scenes - 1)
end)

promise.holds("a revision is only taken if it is whole and of the right length", function()
  local host = book(function(ask, default)
    if task_of(ask):find("read this chapter with a cold eye") then
      local scene = ask.blocks[#ask.blocks - 1].text:match("as written\n\n(%S+ %S+ %S+)")
      default.text = json.encode { verdict = "revise", confirmed = json.array {},
        findings = json.array { { scene = 1, quote = scene, problem = "flat", fix = "" } } }
    elseif task_of(ask):find("Write scene %d+ again") then
      default.text = "Too short."
    end
    return default
  end)
  assert(#host:artifact("chapters/01.md") > 3000)
  assert(#host:artifact("issues/01.json").issues > 0)
end)

promise.holds("a fault that quotes words which are not in the chapter starts no revision", function()
  local host = book(function(ask, default)
    if task_of(ask):find("read this chapter with a cold eye") then
      default.text = json.encode { verdict = "revise", confirmed = json.array {},
        findings = json.array { { scene = 1, quote = "words that nobody wrote", problem = "bad", fix = "" } } }
    end
    return default
  end)
  for _, call in ipairs(host.calls) do assert(not task_of(call.ask):find("Write scene %d+ again")) end
end)

promise.holds("acts with gaps and causes that do not exist are sent back once with the exact list, then mended", function()
  local repairs = 0
  local host, result = book(function(ask, default)
    local task = task_of(ask)
    if task:find("These faults were found in the answer", 1, true) then repairs = repairs + 1 end
    if task:find("Put this course into the form", 1, true) then
      local value = json.decode(default.text)
      value.acts[1].first = 2
      default.text = json.encode(value)
    elseif task:find("Now the events of chapters", 1, true) then
      local value = json.decode(default.text)
      value.chapters[1].events[1].causes = json.array { "9.9" }
      default.text = json.encode(value)
    end
    return default
  end)
  promise.equal(result.chapters, 3)
  assert(repairs >= 2)
  local structure = host:artifact("structure.json")
  assert(#structure.mended >= 2)
  promise.equal(structure.acts[1].first, 1)
end)

promise.holds("what is not a provider's fault is not swallowed", function()
  promise.raises("budget", function()
    book(function(ask, default)
      if ask.role == "judge" then error(setmetatable({ kind = "budget", message = "budget reached" }, { __tostring = function() return "budget" end }), 0) end
      return default
    end)
  end)
end)

promise.done()
