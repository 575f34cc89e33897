-- expect: limit: the script computed too long in one go
return { run = function() string.gsub("abc", ".", function() while true do end end) end }
