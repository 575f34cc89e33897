local function asked(t)
  local run = t.status(t.run { pipeline = "generate_book", answers = { { rehearse = true } },
    input = { brief = "A cook inherits a debt.", chapters = 1, words_per_chapter = 400, candidates = 1 } }, "completed")
  return t.requests(run, { role = "judge", task = "who is where, holds what, knows what" })
end

return {
  ["the judge of continuity is asked once a chapter, and sees plan, people and the scenes"] = function(t)
    local requests = asked(t)
    t.equal(#requests, 1)
    for _, shown in ipairs { "# This chapter", "# Where its people stand", "# Scene 1, as written" } do t.has(requests[1].prompt, shown) end
  end,
}
