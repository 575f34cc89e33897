-- Megabytes in a line of the display are cut, not carried about.
return {
  run = function()
    local words = string.rep("é", 2000000)
    for i = 1, 50 do
      run.summary(words)
      run.progress(i, 50, words)
    end
    log.info(words)
    return "done"
  end,
}
