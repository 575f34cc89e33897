-- More lines, changes of the progress and lists of tasks than the disk takes at once: slowed, in order, none lost.
return { run = function()
  for i = 1, 5000 do
    log.info("line %d", i)
    run.progress(i, 5000)
    if i % 50 == 0 then task.all { function() return i end, function() return i end } end
  end
  return "all said"
end }
