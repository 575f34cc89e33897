-- facts_disagree: what was taken down after this chapter does not fit what was true before it: a thing in two hands, days that run back, a
-- knowledge revised that nobody had.
return {
  title = "Facts that disagree", scope = "chapter", sees = "story", reads = { "text", "facts", "state", "plan" },
  run = function(it)
    local out = {}
    for _, doubt in ipairs(it.state:suspicions(it.sheet, it.plan)) do out[#out + 1] = { problem = doubt } end
    return out
  end,
}
