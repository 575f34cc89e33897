-- What lies before whoever writes a chapter: the same beginning for all, and what the last chapters made known.

local function heads(request)
  local out = {}
  for heading in string.gmatch("\n" .. request.prompt, "\n# ([^\n]+)") do out[#out + 1] = heading end
  return table.concat(out, "\n")
end

return {
  ["the plan comes before what its people know, and the scenes come last"] = function(t)
    local run = t.status(t.run { pipeline = "generate_book", input = { brief = "A ferry.", chapters = 2, words_per_chapter = 1200, candidates = 1 } },
      "completed")
    local scenes = t.requests(run, { role = "writer", label = "chapter 2,", task = "Write scene" })
    local told = heads(scenes[2])
    local order = { "Style sheet", "How the book sounds", "Events of this part", "The story so far", "This chapter", "Where its people stand",
      "Promises to the reader", "Used up", "Chapter 1, the one before", "Scene 1, as written" }
    local at = 1
    for _, heading in ipairs(order) do
      local found = string.find(told, heading, at, true)
      t.ok(found, heading .. " after what stands before it, in:\n" .. told)
      at = found
    end
  end,

  ["whom an earlier chapter showed is known again where a plan names him"] = function(t)
    local run = t.run { pipeline = "generate_book", stop_at = "Chapter Planning",
      input = { brief = "A ferry.", chapters = 2, words_per_chapter = 600, candidates = 1 } }
    local plan = t.document("plans/02.json")
    plan.scenes[1].place = "The Anchor, at night"
    t.edit("plans/02.json", plan)
    run = t.status(t.resume(run, { answers = { { task = "take down what has become fact", answer = function(request, rehearse)
      local said = json.decode(rehearse().text)
      local quote = string.match(request.blocks[#request.blocks - 1].text, "as written\n\n(%S+ %S+ %S+)")
      said.met = json.array { { name = "The Anchor", kind = "place", what = "a tavern with a green door", quote = quote },
        { name = "The Bell", kind = "place", what = "nobody saw it", quote = "words that nobody wrote" } }
      return { value = said }
    end }, { rehearse = true } } }), "completed")
    local prompt = t.requests(run, { role = "writer", label = "chapter 2," })[1].prompt
    t.has(prompt, "# Met before\n\n- The Anchor (place, chapter 1): a tavern with a green door")
    t.lacks(prompt, "nobody saw it")
  end,
}
