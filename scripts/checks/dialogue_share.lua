-- dialogue_share: a chapter that is nothing but talk, as a script would be.
return {
  title = "Nothing but talk", scope = "chapter", thresholds = { most = 0.9, words = 400 },
  run = function(it, limits)
    local all, said = it.reading:count(), it.reading:speech():count()
    if all < limits.words or said <= all * limits.most then return {} end
    return { { problem = string.format("%d of 100 words of the chapter are speech; hardly anything is seen or done.", said * 100 // all) } }
  end,
}
