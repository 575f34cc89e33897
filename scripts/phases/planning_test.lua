-- The author's words on a chapter reach that chapter, and no other.

local function plans_of(t, outline, options)
  options = options or {}
  options.pipeline, options.given = "generate_book", { plan = outline }
  options.input = { brief = "A town votes on whether to keep its river.", chapters = 3, words_per_chapter = 600 }
  options.stop_at = options.stop_at or "Chapter Planning"
  return t.status(t.run(options), "waiting")
end

return {
  ["the author's words on a chapter reach that chapter's plan and its writer only"] = function(t)
    local text = "## Chapter 1\nBegin in the rain.\n\n## Chapter 2: The vote\nThe count is wrong by one.\n"
    local run = plans_of(t, text, { stop_at = "chapter:3" })
    t.has(t.document("plans/02.json").author, "The count is wrong by one.")
    t.lacks(t.document("plans/01.json").author, "wrong by one")
    t.equal(t.document("plans/03.json").author, nil)
    local told = 0
    for _, request in ipairs(t.requests(run, { phase = "Writing", role = "writer" })) do
      local is_second = string.find(request.label, "^chapter 2,") ~= nil
      local has = string.find(request.prompt, "wrong by one", 1, true) ~= nil
      t.equal(has, is_second, request.label)
      if has then told = told + 1 end
    end
    t.ok(told > 0)
  end,

  ["every chapter has a plan with scenes that share its words"] = function(t)
    plans_of(t, "## Chapter 1\nRain.")
    for number = 1, 3 do
      local plan = t.document(string.format("plans/%02d.json", number))
      local words = 0
      for _, scene in ipairs(plan.scenes) do words = words + scene.words end
      t.equal(plan.number, number)
      t.ok(words > 300 and words < 1000, "about 600 words, got " .. words)
    end
  end,

  ["a plan that an author spoilt while editing is told with its name, before a word is written"] = function(t)
    local run = plans_of(t, "## Chapter 1\nRain.")
    t.edit("plans/01.json", { number = 1, title = "Rain", scenes = "none" })
    run = t.status(t.resume(run, {}), "failed")
    t.has(run.error.message, "plans/01.json")
    t.equal(#t.requests(run, { phase = "Writing" }), 0)
  end,
}
