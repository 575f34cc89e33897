-- How the book sounds is heard, not described: a page, sentences that are wrong, lines that people say. A person has the last word on it.

local trial, compare, take_down, listen = "Write a trial page", "Two trial pages", "how the book is to sound", "You take down how the book sounds"

local function name_of(request, n)
  return request.schema.properties.speech.items.properties.who.enum[n or 1]
end

local function taken_down(request)
  return { value = { how = "Short sentences; the verb early.", unlike = json.array { { line = "It was a tapestry of grief.", instead = "She ate alone." } },
    speech = json.array { { who = name_of(request), lines = json.array { "Not on my boat." } },
      { who = name_of(request), lines = json.array { "Ask the river.", "I sold it.", "A fourth line." } } },
    passage = request.schema.properties.passage and "The ferry had" or nil } }
end

local function pages(request)
  local number = string.match(request.task, "early in it.-\n(%S+)")
  return "The door was shut, said page " .. tostring(request.key) .. tostring(number) .. ". " .. string.rep("Nobody crossed that night. ", 12)
end

local function rules(more)
  local out = more or {}
  out[#out + 1] = { task = trial, answer = pages }
  out[#out + 1] = { task = compare, answer = function(request)
    local first = string.find(request.task, "page voice%-2.-SECOND")
    return { value = { reason = "It is its own.", winner = first and "first" or "second" } }
  end }
  out[#out + 1] = { task = take_down, answer = taken_down }
  out[#out + 1] = { rehearse = true }
  return out
end

local function book(t, options)
  local input = { brief = "Two sisters inherit a ferry.", chapters = 3, words_per_chapter = 600 }
  for key, value in pairs(options.input or {}) do input[key] = value end
  options.pipeline, options.input = "generate_book", input
  return t.run(options)
end

local function chapter_of(request)
  return tonumber(string.match(request.label, "^chapter (%d+)"))
end

--- Each request of a chapter's shared beginning has the text in its stable part from chapter `first` to `last`, and no other has it.
local function told_in(t, run, words, first, last)
  local seen = 0
  for _, request in ipairs(t.requests(run, { phase = "Writing", has = "# This chapter" })) do
    local number, stable = chapter_of(request), {}
    for i = 1, #request.blocks - 1 do stable[i] = request.blocks[i].text end
    t.equal(string.find(table.concat(stable), words, 1, true) ~= nil, number >= first and number <= last, words .. ", in chapter " .. number)
    seen = seen + 1
  end
  t.ok(seen >= 2 * (last - first + 1))
end

local sample = "I went down to the water before anyone was up. The boat was where it always was and I did not look at it. You can owe a thing for so "
  .. "long that it owns you back, my father said, and then he laughed, and then he stopped.\n\nI have his coat. I have his debts. The coat fits."

return {
  ["the trial page that wins in both orders, wrong sentences and lines of speech are in each scene's beginning"] = function(t)
    local run = t.status(book(t, { answers = rules() }), "completed")
    t.equal(#t.requests(run, { task = trial, role = "writer" }), 2)
    t.equal(#t.requests(run, { task = compare, role = "judge" }), 2)
    local made = t.document("voice.md")
    for _, words in ipairs { "Short sentences; the verb early.", "said page voice-2", "It was a tapestry of grief.", "Not on my boat." } do
      t.has(made, words)
    end
    t.lacks(made, "said page voice-1")
    local _, times = string.gsub(made, "%*%*[^\n]+%*%*\n", "")
    t.equal(times, 1, "each person once")
    t.lacks(made, "A fourth line.")
    local scene = t.requests(run, { phase = "Writing", role = "writer", label = "chapter 1," })[1]
    t.has(scene.prompt, "# How the book sounds\n\n")
    t.has(scene.prompt, "said page voice-2")
    told_in(t, run, "said page voice-2", 1, 3)
  end,

  ["the author's sample is the page: no trial is asked for, and it is told once"] = function(t)
    local run = t.status(book(t, { input = { style = sample, chapters = 1 }, answers = rules() }), "completed")
    t.equal(#t.requests(run, { task = trial }), 0)
    t.equal(#t.requests(run, { task = take_down, has = "The coat fits." }), 1)
    t.has(t.document("voice.md"), "Not on my boat.")
    for _, request in ipairs(t.requests(run, { phase = "Writing", role = "writer" })) do
      t.has(request.prompt, "Not on my boat.")
      local _, times = string.gsub(request.prompt, "The coat fits%.", "")
      t.equal(times, 1)
    end
  end,

  ["a wish about the style is no sample; one candidate is one trial without a judge"] = function(t)
    local run = book(t, { input = { style = "Dry, and quick.", candidates = 1 }, answers = rules(), stop_at = "Blueprint" })
    t.equal({ #t.requests(run, { task = trial }), #t.requests(run, { task = compare }) }, { 1, 0 })
  end,

  ["an author's pages are heard whole; writers see them whole, or the passage that sounds most like him"] = function(t)
    local run = t.status(book(t, { given = { voice = sample }, answers = rules(), stop_at = "Blueprint" }), "waiting")
    t.has(t.document("voice.md"), sample)
    t.equal(#t.requests(run, { task = trial }), 0)
    local long = {}
    for i = 1, 200 do long[i] = "Page " .. i .. " tells of the river and of nothing else, as it always did." end
    long[120] = "The ferry had no name. " .. long[120]
    local manuscript = table.concat(long, "\n\n")
    run = t.status(book(t, { project = "manuscript", given = { voice = manuscript }, answers = rules(), stop_at = "Blueprint" }), "waiting")
    t.equal(#t.requests(run, { task = manuscript }), 1)
    local made = t.document("voice.md", { project = "manuscript" })
    t.has(made, "The ferry had no name. Page 120 tells")
    t.lacks(made, "Page 119 ")
    t.lacks(made, "Page 160 ")
  end,

  ["at an act's end the text is listened to: what stands in it is told from the next chapter on, what was invented never"] = function(t)
    local spoken, listened
    local run = t.status(book(t, { answers = rules { { task = listen, times = 1, answer = function(request)
      listened = request.label
      spoken = string.match(request.task, "<<<\n.-<<<\n%S+ %S+ (%S+ %S+ %S+ %S+ %S+)")
      return { value = { how = "Shorter now.", unlike = json.array { { line = "words that nobody wrote", instead = "x" } },
        speech = json.array { { who = name_of(request), lines = json.array { spoken, "A line from nowhere." } } } } }
    end }, { task = listen, fail = "overloaded" } } }), "completed")
    local first = t.document("structure.json").acts[1].last
    t.equal(tonumber(string.match(listened, "^chapter (%d+)")), first)
    local made = t.document(string.format("voice/%02d.md", first))
    for _, words in ipairs { "Shorter now.", spoken, "said page voice-2", "It was a tapestry of grief." } do t.has(made, words) end
    for _, words in ipairs { "words that nobody wrote", "A line from nowhere.", "Not on my boat." } do t.lacks(made, words) end
    told_in(t, run, "Shorter now.", first + 1, 3)
    told_in(t, run, "Short sentences; the verb early.", 1, first)
    t.equal(#t.documents("voice/"), 1, "a failed listening leaves what was there")
  end,

  ["what a person wrote about the voice is told as it stands, renewed by nobody, and never written over"] = function(t)
    local run = book(t, { answers = rules(), stop_at = "chapter:1" })
    t.edit("voice.md", "Every sentence is a debt.\n")
    run = t.status(t.resume(run, { answers = rules() }), "completed")
    told_in(t, run, "Every sentence is a debt.", 2, 3)
    told_in(t, run, "said page voice-2", 1, 1)
    t.equal(#t.requests(run, { task = listen }), 0)
    t.equal(t.document("voice.md"), "Every sentence is a debt.\n")
    t.equal(#t.versions("voice.md"), 2)
  end,

  ["a rewritten chapter is told the voice of its place in the book"] = function(t)
    t.status(book(t, { answers = rules() }), "completed")
    t.edit("voice.md", "Every sentence is a debt.\n")
    local run = t.status(t.run { pipeline = "rewrite_chapter", input = { chapter = 2, instruction = "Shorter." } }, "completed")
    t.has(t.requests(run, { role = "writer" })[1].prompt, "Every sentence is a debt.")
  end,
}
