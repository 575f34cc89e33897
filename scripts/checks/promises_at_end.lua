-- promises_at_end: what the book promised its reader and nobody saw paid.
return {
  title = "Promises that were never kept", scope = "book", several = true, reads = { "text", "structure", "facts" },
  run = function(it)
    local out = {}
    for _, promise in ipairs(it.structure.promises) do
      if not it.sheet.paid[promise.id] then
        out[#out + 1] = { chapter = promise.due, problem = string.format("The promise %s was opened in chapter %d, was due in chapter %d, and no chapter was "
          .. "seen to pay it: %s", promise.id, promise.opened, promise.due, promise.text) }
      end
    end
    return out
  end,
}
