-- repeats_earlier: a chapter that is much the same, word by word, as one of the last chapters.
return {
  title = "An earlier chapter again", scope = "chapter", several = true, reads = { "text", "earlier" }, thresholds = { alike = 0.6 },
  run = function(it, limits)
    local out = {}
    for _, earlier in ipairs(it.earlier) do
      if text.similarity(it.reading.prose, earlier.prose) > limits.alike then
        out[#out + 1] = { problem = string.format("Much of the chapter repeats chapter %d, word by word.", earlier.number) }
      end
    end
    return out
  end,
}
