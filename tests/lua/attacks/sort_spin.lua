-- expect: limit: the script computed too long in one go
return { run = function()
  table.sort({ 3, 2, 1 }, function() while true do end end)
end }
