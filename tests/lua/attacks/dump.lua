-- expect: dump
return { run = function() return string.dump(function() end)() end }
