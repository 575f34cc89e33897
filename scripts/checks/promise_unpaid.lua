-- promise_unpaid: a promise that falls due in this chapter, and that nobody saw paid.
return {
  title = "A promise falls due", scope = "chapter", several = true, sees = "story", reads = { "text", "facts", "structure" },
  run = function(it)
    local out, paid = {}, {}
    if it.sheet.pending then return out end
    for _, id in ipairs(it.sheet.paid) do paid[id] = true end
    for _, promise in ipairs(it.structure.promises) do
      if promise.due == it.number and not paid[promise.id] and not (it.state and it.state.paid[promise.id]) then
        out[#out + 1] = { problem = string.format("The promise %s falls due here and seems unpaid: %s", promise.id, promise.text) }
      end
    end
    return out
  end,
}
