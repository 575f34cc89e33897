-- expect: limit: log.info: the run has more than 100000 lines in its history (limits.log_lines)
return { run = function()
  while true do log.info("again") end
end }
