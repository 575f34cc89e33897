-- expect: __mode
return { run = function() setmetatable({}, { __mode = "k" }) end }
