local function asked(t)
  local run = t.status(t.run { pipeline = "generate_book", answers = { { rehearse = true } },
    input = { brief = "A cook inherits a debt.", chapters = 1, words_per_chapter = 400, candidates = 1 } }, "completed")
  return t.requests(run, { role = "judge", task = "closing sentences that say what it meant" })
end

return {
  ["the judge of the manner is asked once a chapter, and sees the prose without plan and story"] = function(t)
    local requests = asked(t)
    t.equal(#requests, 1)
    t.has(requests[1].prompt, "# Scene 1, as written")
    for _, hidden in ipairs { "# This chapter", "# The story so far", "## Cast" } do t.lacks(requests[1].prompt, hidden) end
  end,
}
