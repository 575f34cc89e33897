-- paragraph_lengths: a paragraph that goes on for more than a page.
return {
  title = "Very long paragraphs", scope = "chapter", thresholds = { words = 700, most = 2 },
  run = function(it, limits)
    local out = {}
    for _, paragraph in ipairs(it.reading:paragraphs()) do
      if #paragraph > limits.words * 2 and #out < limits.most then
        local words = text.words(paragraph)
        if words > limits.words then
          out[#out + 1] = { quote = it.reading.cut_quote(paragraph), problem = string.format("This paragraph has %d words.", words) }
        end
      end
    end
    return out
  end,
}
