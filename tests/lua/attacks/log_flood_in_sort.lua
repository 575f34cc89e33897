-- expect: limit: log.info: more than 4 MB of lines in one go
return { run = function()
  local line = ("x"):rep(60000)
  table.sort({ 3, 2, 1 }, function() while true do log.info(line) end end)
end }
