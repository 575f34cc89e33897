-- expect: must be JSON
return { run = function() return { f = function() end } end }
